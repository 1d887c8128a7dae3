/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-request-head.h"

#include <string.h>

#define LINE   "GET /quota/stream HTTP/1.1\r\n"
#define HOST   "Host: localhost\r\n"
#define POST   "POST /hook HTTP/1.1\r\n" HOST
#define END    "\r\n"
#define LENGTH "Content-Length: "

/* Copied, so that the address sanitizer sees a byte too many. */
static SseHeadVerdict
judge (SseRequestHead *head, const char *bytes, gsize length)
{
  g_autofree char *copy = g_memdup2 (bytes, length);

  return sse_request_head_judge (head, copy, length);
}

static void
assert_same (const SseRequestHead *one, const SseRequestHead *other)
{
  g_assert_cmpuint (one->status, ==, other->status);
  g_assert_cmpstr (one->reason, ==, other->reason);
  g_assert_cmpuint (one->length, ==, other->length);
  g_assert_cmpint (one->content_length, ==, other->content_length);
  g_assert_true (one->chunked == other->chunked);
  g_assert_cmpuint (one->path.start, ==, other->path.start);
  g_assert_cmpuint (one->path.length, ==, other->path.length);
}

/* Judges all at once, in two pieces at every byte, and byte by byte: always the same. */
static SseHeadVerdict
judge_every_way (SseRequestHead *head, const char *bytes, gsize length)
{
  SseRequestHead single;
  SseHeadVerdict verdict;
  SseHeadVerdict last = SSE_HEAD_INCOMPLETE;

  sse_request_head_init (head);
  verdict = judge (head, bytes, length);
  g_assert_cmpint (judge (head, bytes, length), ==, verdict);

  for (gsize split = 0; split <= length; split++)
    {
      SseRequestHead other;

      sse_request_head_init (&other);
      judge (&other, bytes, split);
      g_assert_cmpint (judge (&other, bytes, length), ==, verdict);
      assert_same (head, &other);
    }

  sse_request_head_init (&single);
  for (gsize n = 0; n <= length; n++)
    {
      SseHeadVerdict now = judge (&single, bytes, n);

      g_assert_true (last == SSE_HEAD_INCOMPLETE || now == last);
      last = now;
    }
  g_assert_cmpint (last, ==, verdict);
  assert_same (head, &single);
  return verdict;
}

static void
assert_span (const char *bytes, SseSpan span, const char *expected)
{
  g_autofree char *text = g_strndup (bytes + span.start, span.length);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_complete (void)
{
  const struct
  {
    const char *bytes;
    const char *method;
    const char *path;
    const char *origin;
    gint64 content_length;
    gboolean chunked;
    guint minor;
  } cases[] = {
    { LINE HOST END, "GET", "/quota/stream", "", -1, FALSE, 1 },
    { "GET / HTTP/1.0\r\n" END, "GET", "/", "", -1, FALSE, 0 },
    { "GET / HTTP/1.0\r\n" HOST END, "GET", "/", "", -1, FALSE, 0 },
    { "GET /a?token=x.y_z-&b={}[]|^`\\? HTTP/1.1\r\n" HOST END, "GET", "/a", "", -1, FALSE, 1 },
    { "GET /a%2f%20b;c=d,e:@!$&'()*+~ HTTP/1.1\r\n" HOST END, "GET", "/a%2f%20b;c=d,e:@!$&'()*+~",
      "", -1, FALSE, 1 },
    { "GET //x//? HTTP/1.1\r\n" HOST END, "GET", "//x//", "", -1, FALSE, 1 },
    { LINE "hOsT:\t localhost:3001 \t\r\n"
           "Origin: http://localhost:3000  \r\n" END,
      "GET", "/quota/stream", "http://localhost:3000", -1, FALSE, 1 },
    { LINE "Host: [::1]:3001\r\nX-Empty:\r\nX-Obs: \x80\xff\tx y\r\n!#$%&'*+-.^_`|~: z\r\n" END,
      "GET", "/quota/stream", "", -1, FALSE, 1 },
    { LINE "Host: a_b.example:\r\n" END, "GET", "/quota/stream", "", -1, FALSE, 1 },
    { LINE "Host: [::ffff:1.2.3.4]\r\n" END, "GET", "/quota/stream", "", -1, FALSE, 1 },
    { LINE HOST "Origin:\r\n" END, "GET", "/quota/stream", "", -1, FALSE, 1 },
    { LINE HOST LENGTH "0\r\n" END, "GET", "/quota/stream", "", 0, FALSE, 1 },
    { POST END, "POST", "/hook", "", -1, FALSE, 1 },
    { POST LENGTH "26214400\r\n" END "body", "POST", "/hook", "", 26214400, FALSE, 1 },
    { POST LENGTH "007\r\n" END, "POST", "/hook", "", 7, FALSE, 1 },
    { POST LENGTH "9223372036854775807\r\n" END, "POST", "/hook", "", G_MAXINT64, FALSE, 1 },
    { POST LENGTH "9223372036854775808\r\n" END, "POST", "/hook", "", G_MAXINT64, FALSE, 1 },
    { POST LENGTH "99999999999999999999999\r\n" END, "POST", "/hook", "", G_MAXINT64, FALSE, 1 },
    { POST "Transfer-Encoding: Chunked\r\n" END, "POST", "/hook", "", -1, TRUE, 1 },
    { POST "Expect: 100-Continue\r\n" LENGTH "1\r\n" END, "POST", "/hook", "", 1, FALSE, 1 },
    { "BREW-IT /x HTTP/1.1\r\n" HOST "Accept: a\r\nAccept: b\r\n" END, "BREW-IT", "/x", "", -1,
      FALSE, 1 },
    { LINE HOST END LINE, "GET", "/quota/stream", "", -1, FALSE, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *bytes = cases[i].bytes;
      g_autofree char *escaped = g_strescape (bytes, NULL);
      SseRequestHead head;

      g_test_message ("%s", escaped);
      g_assert_cmpint (judge_every_way (&head, bytes, strlen (bytes)), ==, SSE_HEAD_COMPLETE);
      assert_span (bytes, head.method, cases[i].method);
      assert_span (bytes, head.path, cases[i].path);
      assert_span (bytes, head.origin, cases[i].origin);
      g_assert_cmpint (head.content_length, ==, cases[i].content_length);
      g_assert_true (head.chunked == cases[i].chunked);
      g_assert_cmpuint (head.minor, ==, cases[i].minor);
      g_assert_cmpuint (head.length, ==, (gsize) (strstr (bytes, END END) - bytes) + 4);
    }
}

static void
test_who_and_whom (void)
{
  const struct
  {
    const char *bytes;
    const char *query;
    const char *authorization;
    const char *if_none_match;
  } cases[] = {
    { LINE HOST END, "", "", "" },
    { "GET /a? HTTP/1.1\r\nAuthorization:\r\n" HOST END, "", "", "" },
    { "GET /a?b=c%20d&e? HTTP/1.1\r\n" HOST END, "b=c%20d&e?", "", "" },
    { LINE "authorization: \t Bearer  a.b.c\t \r\n" HOST END, "", "Bearer  a.b.c", "" },
    { LINE HOST "X-Authorization: a\r\nAuthorization: b\r\n" END, "", "b", "" },
    { LINE HOST "if-none-match: \"a\", W/\"b\" \r\n" END, "", "", "\"a\", W/\"b\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *bytes = cases[i].bytes;
      SseRequestHead head;

      g_assert_cmpint (judge_every_way (&head, bytes, strlen (bytes)), ==, SSE_HEAD_COMPLETE);
      assert_span (bytes, head.query, cases[i].query);
      assert_span (bytes, head.authorization, cases[i].authorization);
      assert_span (bytes, head.if_none_match, cases[i].if_none_match);
    }
}

/* A client that speaks of it in HTTP/1.0 does not wait (RFC 9110, section 10.1.1). */
static void
test_continue (void)
{
  static const char *const requests[] = {
    POST LENGTH "1\r\n" END,
    POST "Expect: 100-continue\r\n" LENGTH "1\r\n" END,
    "POST / HTTP/1.0\r\nExpect: 100-continue\r\n" LENGTH "1\r\n" END,
  };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      SseRequestHead head;

      sse_request_head_init (&head);
      g_assert_cmpint (judge (&head, requests[i], strlen (requests[i])), ==, SSE_HEAD_COMPLETE);
      g_assert_true (head.expects_continue == (i == 1));
    }
}

/* Each is refused with its last byte at the latest, which nothing needs to follow. */
static const struct
{
  const char *bytes;
  guint status;
} refused[] = {
  { "\r", 400 },
  { "\n", 400 },
  { " ", 400 },
  { "\x16\x03\x01", 400 },
  { "GET  ", 400 },
  { "GET\t", 400 },
  { "GET\r", 400 },
  { "GET\n", 400 },
  { "G\x7f", 400 },
  { "G(", 400 },
  { "GET *", 400 },
  { "GET h", 400 },
  { "GET http://localhost/", 400 },
  { "CONNECT localhost:80", 400 },
  { "PRI * HTTP/2.0\r\n\r\n", 400 },
  { "GET /\n", 400 },
  { "GET /\r", 400 },
  { "GET /\t", 400 },
  { "GET /#", 400 },
  { "GET /\"", 400 },
  { "GET /\\", 400 },
  { "GET /<", 400 },
  { "GET /\xc3\xa9", 400 },
  { "GET /a?<", 400 },
  { "GET /a?b#", 400 },
  { "GET /a?\x01", 400 },
  { "GET /%g", 400 },
  { "GET /%1 ", 400 },
  { "GET /%1?", 400 },
  { "GET /a?%zz", 400 },
  { "GET /a?%4&", 400 },
  { "GET / \r", 400 },
  { "GET /  ", 400 },
  { "GET / http", 400 },
  { "GET / HTTP/1.1 ", 400 },
  { "GET / HTTP/1.1\n", 400 },
  { "GET / HTTP/1.10", 400 },
  { "GET / HTTP/1.x", 400 },
  { "GET / HTTP/11", 400 },
  { "GET / HTTP/1.1\rX", 400 },
  { "GET / HTTP/1.2\r", 505 },
  { "GET / HTTP/0.9\r", 505 },
  { "GET / HTTP/2.0\r", 505 },
  { "GET / HTTP/3.1\r", 505 },
  { LINE " ", 400 },
  { LINE "\t", 400 },
  { LINE "\n", 400 },
  { LINE ":", 400 },
  { LINE "\rX", 400 },
  { LINE "(", 400 },
  { LINE HOST "no colon", 400 },
  { LINE HOST "name\r", 400 },
  { LINE HOST "name\n", 400 },
  { LINE HOST "name ", 400 },
  { LINE HOST "name\t", 400 },
  { LINE HOST "n\xc3", 400 },
  { LINE HOST "X: a\n", 400 },
  { LINE HOST "X: a\rb", 400 },
  { LINE HOST "X: a\r\r", 400 },
  { LINE HOST "X: \x01", 400 },
  { LINE HOST "X: \x7f", 400 },
  { LINE HOST "X: \x1b", 400 },
  { LINE HOST "X: a\r\n ", 400 },
  { LINE HOST "X: a\r\n\t", 400 },
  { LINE HOST "\r\r", 400 },
  { LINE END, 400 },
  { LINE "X-Host: x\r\n" END, 400 },
  { LINE HOST HOST, 400 },
  { LINE HOST "HOST: other\r\n", 400 },
  { LINE "Host:\r\n", 400 },
  { LINE "Host: \t\r\n", 400 },
  { LINE "Host: a b\r\n", 400 },
  { LINE "Host: a/b\r\n", 400 },
  { LINE "Host: user@host\r\n", 400 },
  { LINE "Host: a:b\r\n", 400 },
  { LINE "Host: a:1:2\r\n", 400 },
  { LINE "Host: :80\r\n", 400 },
  { LINE "Host: a%2fb\r\n", 400 },
  { LINE "Host: ::1\r\n", 400 },
  { LINE "Host: [\r\n", 400 },
  { LINE "Host: []\r\n", 400 },
  { LINE "Host: [::1\r\n", 400 },
  { LINE "Host: [::1]1\r\n", 400 },
  { LINE "Host: [a.b.g]\r\n", 400 },
  { LINE "Host: a]\r\n", 400 },
  { LINE "Host: a, b\r\n", 400 },
  { LINE "Host: a?b\r\n", 400 },
  { LINE "Host: \xc3\xa9\r\n", 400 },
  { "GET / HTTP/1.0\r\nHost: a b\r\n", 400 },
  { "GET / HTTP/1.0\r\n" HOST HOST, 400 },
  { POST LENGTH "\r\n", 400 },
  { POST LENGTH "x\r\n", 400 },
  { POST LENGTH "-1\r\n", 400 },
  { POST LENGTH "+1\r\n", 400 },
  { POST LENGTH "1 2\r\n", 400 },
  { POST LENGTH "1, 1\r\n", 400 },
  { POST LENGTH "0x10\r\n", 400 },
  { POST LENGTH "1.0\r\n", 400 },
  { POST LENGTH "1\r\n" LENGTH "1\r\n", 400 },
  { POST LENGTH "1\r\ncontent-length: 2\r\n", 400 },
  { POST "Transfer-Encoding: gzip\r\n", 501 },
  { POST "Transfer-Encoding: gzip, chunked\r\n", 501 },
  { POST "Transfer-Encoding: chunked, chunked\r\n", 501 },
  { POST "Transfer-Encoding: identity\r\n", 501 },
  { POST "Transfer-Encoding:\r\n", 501 },
  { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400 },
  { POST "Transfer-Encoding: chunked\r\n" LENGTH "1\r\n" END, 400 },
  { POST LENGTH "1\r\nTransfer-Encoding: chunked\r\n" END, 400 },
  { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, 400 },
  { LINE HOST "Authorization: a\r\nAuthorization: b\r\n", 400 },
  { LINE HOST "Origin: a\r\nOrigin: a\r\n", 400 },
  { LINE HOST "If-None-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n", 400 },
  { LINE HOST "Cookie: a=b\r\nCookie: c=d\r\n", 400 },
  { LINE HOST "Last-Event-ID: a\r\nLast-Event-ID: b\r\n", 400 },
  { LINE HOST "Range: bytes=0-\r\n", 400 },
  { POST "Range: bytes=0-1,1-2\r\n", 400 },
  { POST "Expect: x\r\n", 417 },
  { POST "Expect:\r\n", 417 },
  { LINE HOST "Expect: 100-continue\r\n" END, 417 },
  { "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n" END, 417 },
  { LINE HOST LENGTH "1\r\n" END, 400 },
  { LINE HOST "Transfer-Encoding: chunked\r\n" END, 400 },
  { "HEAD / HTTP/1.1\r\n" HOST LENGTH "1\r\n" END, 400 },
  { "OPTIONS / HTTP/1.1\r\n" HOST LENGTH "1\r\n" END, 400 },
};

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *escaped = g_strescape (refused[i].bytes, NULL);
      g_autofree char *more = g_strconcat (refused[i].bytes, "\r\n" HOST END, NULL);
      SseRequestHead head;

      g_test_message ("%s", escaped);
      g_assert_cmpint (judge_every_way (&head, refused[i].bytes, strlen (refused[i].bytes)), ==,
                       SSE_HEAD_REFUSED);
      g_assert_cmpuint (head.status, ==, refused[i].status);
      g_assert_nonnull (head.reason);
      g_assert_cmpint (judge_every_way (&head, more, strlen (more)), ==, SSE_HEAD_REFUSED);
      g_assert_cmpuint (head.status, ==, refused[i].status);
    }
}

static void
test_nul (void)
{
  static const char *const beginnings[]
      = { "", "GET", "GET /", "GET /?", "GET / HTTP/1.1", LINE, LINE "N", LINE "N: v" };

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      SseRequestHead head;

      g_assert_cmpint (judge_every_way (&head, beginnings[i], strlen (beginnings[i]) + 1), ==,
                       SSE_HEAD_REFUSED);
      g_assert_cmpuint (head.status, ==, 400);
    }
}

static void
test_incomplete (void)
{
  static const char whole[] = "POST /a%2Fb?c HTTP/1.1\r\nHost: h\r\nX: \tv \r\n\r\n";
  SseRequestHead head;

  for (gsize length = 0; length < strlen (whole); length++)
    {
      sse_request_head_init (&head);
      g_assert_cmpint (judge (&head, whole, length), ==, SSE_HEAD_INCOMPLETE);
    }
  sse_request_head_init (&head);
  g_assert_cmpint (judge (&head, whole, strlen (whole)), ==, SSE_HEAD_COMPLETE);
}

/* @bytes of a field's value behind @beginning, and @end. */
static GString *
pad (const char *beginning, gsize length, const char *end)
{
  GString *whole = g_string_new (beginning);

  while (whole->len < length - strlen (end))
    g_string_append_c (whole, 'x');
  return g_string_append (whole, end);
}

static SseHeadVerdict
judge_string (SseRequestHead *head, GString *string)
{
  g_autofree char *bytes = g_string_free (string, FALSE);

  sse_request_head_init (head);
  return judge (head, bytes, strlen (bytes));
}

static void
test_bytes (void)
{
  const gsize max = SSE_REQUEST_HEAD_MAX_BYTES;
  SseRequestHead head;

  g_assert_cmpint (judge_string (&head, pad (LINE HOST "X: ", max, "\r\n\r\n")), ==,
                   SSE_HEAD_COMPLETE);
  g_assert_cmpuint (head.length, ==, max);
  g_assert_cmpint (judge_string (&head, pad (LINE HOST "X: ", max + 1, "\r\n\r\n")), ==,
                   SSE_HEAD_REFUSED);
  g_assert_cmpuint (head.status, ==, 431);
  g_assert_cmpint (judge_string (&head, pad (LINE HOST "X: ", max - 1, "")), ==,
                   SSE_HEAD_INCOMPLETE);
  g_assert_cmpint (judge_string (&head, pad (LINE HOST "X: ", max, "")), ==, SSE_HEAD_REFUSED);
  g_assert_cmpuint (head.status, ==, 431);
  g_assert_cmpint (judge_string (&head, pad ("GET /", max, "")), ==, SSE_HEAD_REFUSED);
  g_assert_cmpuint (head.status, ==, 414);
  g_assert_cmpint (judge_string (&head, pad ("", 32, " /")), ==, SSE_HEAD_INCOMPLETE);
  g_assert_cmpint (judge_string (&head, pad ("", 33, "")), ==, SSE_HEAD_REFUSED);
  g_assert_cmpuint (head.status, ==, 501);
}

static void
test_fields (void)
{
  g_autoptr (GString) whole = g_string_new (LINE HOST);
  SseRequestHead head;

  for (guint i = 1; i < SSE_REQUEST_HEAD_MAX_FIELDS; i++)
    g_string_append (whole, "X: y\r\n");
  sse_request_head_init (&head);
  g_assert_cmpint (judge (&head, whole->str, whole->len), ==, SSE_HEAD_INCOMPLETE);
  g_string_append (whole, END);
  g_assert_cmpint (judge (&head, whole->str, whole->len), ==, SSE_HEAD_COMPLETE);

  g_string_truncate (whole, whole->len - strlen (END));
  g_string_append (whole, "X");
  sse_request_head_init (&head);
  g_assert_cmpint (judge (&head, whole->str, whole->len), ==, SSE_HEAD_REFUSED);
  g_assert_cmpuint (head.status, ==, 431);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/request-head/complete", test_complete);
  g_test_add_func ("/http/request-head/who-and-whom", test_who_and_whom);
  g_test_add_func ("/http/request-head/continue", test_continue);
  g_test_add_func ("/http/request-head/refused", test_refused);
  g_test_add_func ("/http/request-head/nul", test_nul);
  g_test_add_func ("/http/request-head/incomplete", test_incomplete);
  g_test_add_func ("/http/request-head/bytes", test_bytes);
  g_test_add_func ("/http/request-head/fields", test_fields);
  return g_test_run ();
}
