/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-stream-request.h"

#include <string.h>

#include "sse-error.h"

static void
test_token (void)
{
  const struct
  {
    const char *authorization;
    const char *query;
    const char *token;
  } cases[] = {
    { NULL, NULL, NULL },
    { NULL, "", NULL },
    { NULL, "token=a.b-c_d", "a.b-c_d" },
    { NULL, "x=y&token=a&z", "a" },
    { NULL, "token=a&token=b", "a" },
    { NULL, "token=&token=b", "b" },
    { NULL, "token=", NULL },
    { NULL, "token", NULL },
    { NULL, "Token=a&tokens=b&xtoken=c&to=d", NULL },
    { NULL, "&&token=a", "a" },
    { NULL, "token=%61%2Eb", "a.b" },
    { NULL, "token=a+b", "a b" },
    { NULL, "token=a=b", "a=b" },
    { NULL, "token=%00", "%00" },
    { NULL, "token=%4", "%4" },
    { "", NULL, NULL },
    { "  ", "token=q", "q" },
    { "h", "token=q", "h" },
    { "  h\t", NULL, "h" },
    { "Bearer h", "token=q", "h" },
    { "bearer h", NULL, "h" },
    { "BEARER \t h ", NULL, "h" },
    { "Bearer h i", NULL, "h i" },
    { "Bearer", "token=q", "q" },
    { "Bearer ", NULL, NULL },
    { "Bearerh", "token=q", "Bearerh" },
    { "Basic h", "token=q", "q" },
    { "Basic h", NULL, NULL },
    { "Digest username=\"a\", realm=\"b\"", "token=q", "q" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token
          = sse_stream_request_dup_token (cases[i].authorization, cases[i].query);

      g_test_message ("%s, %s", cases[i].authorization, cases[i].query);
      g_assert_cmpstr (token, ==, cases[i].token);
    }
}

static void
test_cookie (void)
{
  const struct
  {
    const char *cookies;
    const char *value;
  } cases[] = {
    { "", NULL },
    { "t=a", "a" },
    { "x=y; t=a; z", "a" },
    { "\tt=a \t;x=y", "a" },
    { ";; ;t=a;", "a" },
    { "t=; t=a; t=b", "a" },
    { "t= \t; t=a", "a" },
    { "t=\t", NULL },
    { "t", NULL },
    { "t =a", NULL },
    { "T=a; tt=b; xt=c", NULL },
    { "t=a=b", "a=b" },
    { "x=t=a", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *value = sse_stream_request_dup_cookie (cases[i].cookies, "t");

      g_test_message ("%s", cases[i].cookies);
      g_assert_cmpstr (value, ==, cases[i].value);
    }
}

static void
test_last_event_id (void)
{
  const struct
  {
    const char *header;
    const char *query;
    const char *id;
  } cases[] = {
    { NULL, NULL, NULL },
    { "e-1", NULL, "e-1" },
    { "e-1", "lastEventId=e-2", "e-1" },
    { NULL, "lastEventId=e-2", "e-2" },
    { "", "lastEventId=e-2", "e-2" },
    { NULL, "token=x&lastEventId=e%2D2", "e-2" },
    { NULL, "lastEventId=", NULL },
    { NULL, "LastEventId=e-2&last-event-id=e-3", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = sse_stream_request_dup_last_event_id (cases[i].header, cases[i].query);

      g_assert_cmpstr (id, ==, cases[i].id);
    }
}

/* The audience, "" for one that the hub refuses, "everyone", or "refused". */
static char *
read_audience (const char *query)
{
  g_autoptr (GError) error = NULL;
  char *audience = NULL;

  if (!sse_stream_request_read_audience (query, &audience, &error))
    {
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
      return g_strdup ("refused");
    }
  g_assert_no_error (error);
  return audience != NULL ? audience : g_strdup ("everyone");
}

/* What is not clearly for everyone never is. */
static void
test_audience (void)
{
  const struct
  {
    const char *query;
    const char *audience;
  } cases[] = {
    { NULL, "everyone" },
    { "", "everyone" },
    { "&&", "everyone" },
    { "audience=42", "42" },
    { "&audience=42&", "42" },
    { "%61udience=4%32", "42" },
    { "audience=a+b%2Bc", "a b+c" },
    { "audience=a=b", "a=b" },
    { "audience=everyone%26", "everyone&" },
    { "audience=", "" },
    { "audience", "" },
    { "audience=a%00b", "" },
    { "audience=%4", "" },
    { "audience=42&audience=42", "refused" },
    { "audience=42&audience", "refused" },
    { "audience=&audience=42", "refused" },
    { "audience=42&other", "refused" },
    { "other=1&audience=42", "refused" },
    { "Audience=42", "refused" },
    { "audience%00=42", "refused" },
    { "audience[]=42", "refused" },
    { "+audience=42", "refused" },
    { "audience;x=42", "refused" },
    { "=42", "refused" },
    { "token=x", "refused" },
    { "audienc", "refused" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *audience = read_audience (cases[i].query);

      g_test_message ("%s", cases[i].query);
      g_assert_cmpstr (audience, ==, cases[i].audience);
    }
}

/* The names, with | behind each; "refused" where they are wrong. */
static char *
read_streams (const char *query)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) streams = sse_stream_request_read_streams (query, 3, &error);
  g_autofree char *joined = NULL;

  if (streams == NULL)
    {
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
      g_assert_nonnull (strstr (error->message, "option stream: names "));
      return g_strdup ("refused");
    }
  g_assert_no_error (error);
  joined = g_strjoinv ("|", streams);
  return g_strconcat (joined, "|", NULL);
}

static void
test_streams (void)
{
  const struct
  {
    const char *query;
    const char *streams;
  } cases[] = {
    { "stream=a", "a|" },
    { "stream=b&stream=a", "b|a|" },
    { "token=t&stream=a&lastEventId=e-1&stream=b&x", "a|b|" },
    { "&&stream=a&&", "a|" },
    { "str%65am=%61", "a|" },
    { "stream=a+b%2Bc%26", "a b+c&|" },
    { "stream=a=b", "a=b|" },
    { "stream=a&stream=b&stream=c", "a|b|c|" },
    { "stream=a&Stream=b&streams=c&xstream=d&stream;=e", "a|" },
    { NULL, "refused" },
    { "", "refused" },
    { "streams=a", "refused" },
    { "stream", "refused" },
    { "stream=", "refused" },
    { "stream=a&stream=", "refused" },
    { "stream=a&stream", "refused" },
    { "stream=a&stream=a", "refused" },
    { "stream=a&stream=b&stream=%61", "refused" },
    { "stream=a&stream=b&stream=c&stream=d", "refused" },
    { "stream=%00", "refused" },
    { "stream=%ff", "refused" },
    { "stream=%4", "refused" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *streams = read_streams (cases[i].query);

      g_test_message ("%s", cases[i].query);
      g_assert_cmpstr (streams, ==, cases[i].streams);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/stream-request/token", test_token);
  g_test_add_func ("/http/stream-request/cookie", test_cookie);
  g_test_add_func ("/http/stream-request/last-event-id", test_last_event_id);
  g_test_add_func ("/http/stream-request/audience", test_audience);
  g_test_add_func ("/http/stream-request/streams", test_streams);
  return g_test_run ();
}
