/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields and the query of a request for a stream, a line each: Authorization, Last-Event-ID,
 * the query, Cookie; an empty line is a field that is not there. */

#include <string.h>

#include "fuzz.h"
#include "sse-error.h"
#include "sse-stream-request.h"

static char *
take_field (FuzzText *input)
{
  FuzzText line = fuzz_text_take_line (input);

  return line.length > 0 ? fuzz_text_dup (line) : NULL;
}

/* Where an audience is named in any way, and the query is taken, the update is not for everyone. */
static void
check_audience (const char *query)
{
  g_autofree char *audience = NULL;
  g_autoptr (GError) error = NULL;

  if (!sse_stream_request_read_audience (query, &audience, &error))
    {
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
      g_assert_null (audience);
      g_assert_nonnull (query);
    }
  else if (audience == NULL)
    g_assert_true (query == NULL || strspn (query, "&") == strlen (query));
  else
    g_assert_true (strstr (query, "audience") != NULL || strchr (query, '%') != NULL);
}

/* What is taken are names, and not too many. */
static void
check_streams (const char *query)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) streams = sse_stream_request_read_streams (query, 3, &error);

  if (streams == NULL)
    {
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (streams), >, 0);
  g_assert_cmpuint (g_strv_length (streams), <=, 3);
  for (guint i = 0; streams[i] != NULL; i++)
    {
      g_assert_cmpstr (streams[i], !=, "");
      g_assert_true (g_utf8_validate (streams[i], -1, NULL));
      g_assert_false (g_strv_contains ((const char *const *) &streams[i + 1], streams[i]));
    }
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

  check_audience (query);
  check_streams (query);
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
