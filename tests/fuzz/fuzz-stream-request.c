/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields and the query of a request for a stream, a line each: Authorization, Last-Event-ID,
 * the query, Cookie; an empty line is a field that is not there. */

#include <string.h>

#include "fuzz.h"
#include "sse-stream-request.h"

static char *
take_field (FuzzText *input)
{
  FuzzText line = fuzz_text_take_line (input);

  return line.length > 0 ? fuzz_text_dup (line) : NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  g_autofree char *authorization = take_field (&input);
  g_autofree char *last_event_id = take_field (&input);
  g_autofree char *query = take_field (&input);
  g_autofree char *cookie = take_field (&input);
  g_autofree char *from_cookie
      = cookie != NULL ? sse_stream_request_dup_cookie (cookie, "token") : NULL;
  g_autofree char *token = sse_stream_request_dup_token (authorization, query);
  g_autofree char *id = sse_stream_request_dup_last_event_id (last_event_id, query);

  if (token != NULL)
    {
      g_assert_cmpstr (token, !=, "");
      g_assert_true (authorization != NULL || strstr (query, "token=") != NULL);
    }
  if (from_cookie != NULL)
    {
      g_assert_cmpstr (from_cookie, !=, "");
      g_assert_null (strchr (from_cookie, ';'));
      g_assert_nonnull (strstr (cookie, "token="));
    }
  if (last_event_id != NULL && *last_event_id != '\0')
    g_assert_cmpstr (id, ==, last_event_id);
  else if (id != NULL)
    g_assert_nonnull (strstr (query, "lastEventId="));
  return 0;
}
