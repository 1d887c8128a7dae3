/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A request's head: judged the same however it comes in pieces, and what is complete is what
 * libsoup then reads, too. */

#include <string.h>

#include <libsoup/soup.h>

#include "fuzz.h"
#include "sse-request-head.h"

static SseHeadVerdict
judge_whole (SseRequestHead *head, const char *bytes, gsize length)
{
  g_autofree char *copy = g_memdup2 (bytes, length);

  sse_request_head_init (head);
  return sse_request_head_judge (head, copy, length);
}

/* Once more with each byte that comes, as long as more are wanted. */
static SseHeadVerdict
judge_in_pieces (SseRequestHead *head, const char *bytes, gsize length)
{
  SseHeadVerdict verdict = SSE_HEAD_INCOMPLETE;

  sse_request_head_init (head);
  for (gsize n = 1; n <= length && verdict == SSE_HEAD_INCOMPLETE; n++)
    verdict = sse_request_head_judge (head, bytes, n);
  return verdict;
}

static void
assert_same_span (SseSpan span, SseSpan other)
{
  g_assert_cmpuint (span.start, ==, other.start);
  g_assert_cmpuint (span.length, ==, other.length);
}

static void
assert_same (const SseRequestHead *head, const SseRequestHead *other)
{
  g_assert_cmpuint (head->status, ==, other->status);
  g_assert_cmpstr (head->reason, ==, other->reason);
  g_assert_cmpuint (head->length, ==, other->length);
  assert_same_span (head->method, other->method);
  assert_same_span (head->path, other->path);
  assert_same_span (head->query, other->query);
  assert_same_span (head->origin, other->origin);
  assert_same_span (head->authorization, other->authorization);
  assert_same_span (head->if_none_match, other->if_none_match);
  g_assert_cmpint (head->content_length, ==, other->content_length);
  g_assert_cmpint (head->chunked, ==, other->chunked);
  g_assert_cmpuint (head->minor, ==, other->minor);
}

static void
check_line_ends (const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar) bytes[i];

      g_assert_cmpuint (c, !=, 0x7f);
      if (c == '\r')
        g_assert_cmpint (bytes[i + 1], ==, '\n');
      else if (c == '\n')
        g_assert_cmpint (bytes[i - 1], ==, '\r');
      else
        g_assert_true (c >= ' ' || c == '\t');
    }
  g_assert_true (g_strstr_len (bytes, (gssize) length, "\r\n\r\n") == bytes + length - 4);
}

/* What decides where a body ends, or who somebody is, is there once. */
static void
check_single (const SseRequestHead *head, SoupMessageHeaders *fields)
{
  static const char *const names[] = { "Host",          "Content-Length", "Transfer-Encoding",
                                       "Authorization", "Origin",         "Last-Event-ID",
                                       "Expect",        "Range" };
  guint counts[G_N_ELEMENTS (names)] = { 0 };
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (&iter, fields);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      if (g_ascii_strcasecmp (name, names[i]) == 0)
        g_assert_cmpuint (++counts[i], ==, 1);
  g_assert_true (counts[0] == 1 || head->minor == 0);
}

static void
check_body (const SseRequestHead *head, SoupMessageHeaders *fields)
{
  SoupEncoding encoding = soup_message_headers_get_encoding (fields);

  g_assert_false (head->chunked && head->content_length >= 0);
  if (head->chunked)
    g_assert_cmpint (encoding, ==, SOUP_ENCODING_CHUNKED);
  else if (head->content_length < 0)
    g_assert_cmpint (encoding, ==, SOUP_ENCODING_NONE);
  else if (head->content_length < G_MAXINT64)
    {
      g_assert_cmpint (encoding, ==, SOUP_ENCODING_CONTENT_LENGTH);
      g_assert_cmpint (soup_message_headers_get_content_length (fields), ==, head->content_length);
    }
}

static void
check_query (const SseRequestHead *head, const char *bytes, const char *target)
{
  const char *mark = strchr (target, '?');

  g_assert_cmpuint (mark != NULL ? strlen (mark + 1) : 0, ==, head->query.length);
  if (mark != NULL)
    g_assert_cmpint (memcmp (mark + 1, bytes + head->query.start, head->query.length), ==, 0);
}

/* Who is let in by it before the body comes is who libsoup would have said, which makes UTF-8 of
 * what is none. */
static void
check_authorization (const SseRequestHead *head, const char *bytes, SoupMessageHeaders *fields)
{
  const char *value = soup_message_headers_get_one (fields, "Authorization");
  g_autofree char *ours = g_strndup (bytes + head->authorization.start, head->authorization.length);
  g_autofree char *utf8 = g_utf8_make_valid (ours, -1);

  g_assert_cmpstr (value != NULL ? value : "", ==, utf8);
}

static void
check_with_libsoup (const SseRequestHead *head, const char *bytes)
{
  SoupMessageHeaders *fields = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autofree char *method = NULL;
  g_autofree char *target = NULL;
  SoupHTTPVersion version;

  /* libsoup wants what stands before the empty line. */
  g_assert_cmpuint (soup_headers_parse_request (bytes, (int) head->length - 2, fields, &method,
                                                &target, &version),
                    ==, SOUP_STATUS_OK);
  g_assert_cmpuint (strlen (method), ==, head->method.length);
  g_assert_cmpint (memcmp (method, bytes + head->method.start, head->method.length), ==, 0);
  g_assert_cmpuint (strcspn (target, "?"), ==, head->path.length);
  g_assert_cmpint (memcmp (target, bytes + head->path.start, head->path.length), ==, 0);
  g_assert_cmpint (target[0], ==, '/');
  g_assert_cmpint (version, ==, head->minor == 1 ? SOUP_HTTP_1_1 : SOUP_HTTP_1_0);
  check_query (head, bytes, target);
  check_authorization (head, bytes, fields);
  check_single (head, fields);
  check_body (head, fields);
  soup_message_headers_unref (fields);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText text = fuzz_text_new (data, size);
  SseRequestHead whole;
  SseRequestHead cut;
  SseHeadVerdict verdict = judge_whole (&whole, text.bytes, text.length);

  g_assert_cmpint (judge_in_pieces (&cut, text.bytes, text.length), ==, verdict);
  assert_same (&whole, &cut);
  if (verdict == SSE_HEAD_COMPLETE)
    {
      g_assert_cmpuint (whole.length, <=, text.length);
      check_line_ends (text.bytes, whole.length);
      check_with_libsoup (&whole, text.bytes);
    }
  else if (verdict == SSE_HEAD_REFUSED)
    {
      g_assert_cmpuint (whole.status, >=, 400);
      g_assert_nonnull (whole.reason);
    }
  else
    {
      g_assert_null (g_strstr_len (text.bytes, (gssize) text.length, "\r\n\r\n"));
    }
  return 0;
}
