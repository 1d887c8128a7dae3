/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-request-head.h"

#include <string.h>

#define MAX_METHOD 32

typedef enum
{
  STATE_METHOD,
  STATE_TARGET,
  STATE_PATH,
  STATE_QUERY,
  STATE_VERSION,
  STATE_LINE_END,
  STATE_FIELD,
  STATE_NAME,
  STATE_VALUE,
  STATE_FIELD_END,
  STATE_HEAD_END,
  STATE_COMPLETE,
  STATE_REFUSED,
} State;

typedef enum
{
  FIELD_HOST = 1 << 0,
  FIELD_CONTENT_LENGTH = 1 << 1,
  FIELD_TRANSFER_ENCODING = 1 << 2,
  FIELD_AUTHORIZATION = 1 << 3,
  FIELD_ORIGIN = 1 << 4,
  FIELD_LAST_EVENT_ID = 1 << 5,
  FIELD_EXPECT = 1 << 6,
  FIELD_RANGE = 1 << 7,
  FIELD_COOKIE = 1 << 8,
  FIELD_IF_NONE_MATCH = 1 << 9,
} Field;

/* Those that are looked at, and of which a second one would be taken by nobody knows whom. */
static const struct
{
  const char *name;
  Field field;
  gsize kept; /* where in SseRequestHead the value is, 0 where it is not */
} known_fields[] = {
  { "host", FIELD_HOST, 0 },
  { "content-length", FIELD_CONTENT_LENGTH, 0 },
  { "transfer-encoding", FIELD_TRANSFER_ENCODING, 0 },
  { "authorization", FIELD_AUTHORIZATION, G_STRUCT_OFFSET (SseRequestHead, authorization) },
  { "origin", FIELD_ORIGIN, G_STRUCT_OFFSET (SseRequestHead, origin) },
  { "last-event-id", FIELD_LAST_EVENT_ID, 0 },
  { "expect", FIELD_EXPECT, 0 },
  { "range", FIELD_RANGE, 0 },
  { "cookie", FIELD_COOKIE, 0 },
  { "if-none-match", FIELD_IF_NONE_MATCH, G_STRUCT_OFFSET (SseRequestHead, if_none_match) },
};

/* Always FALSE. */
static gboolean
refuse (SseRequestHead *self, guint status, const char *reason)
{
  self->state = STATE_REFUSED;
  self->status = status;
  self->reason = reason;
  return FALSE;
}

static void
enter (SseRequestHead *self, State state, guint mark)
{
  self->state = (guint8) state;
  self->mark = (guint16) mark;
}

static SseSpan
span_to (const SseRequestHead *self, guint end)
{
  return (SseSpan){ self->mark, (guint16) (end - self->mark) };
}

/* ---- characters (RFC 9110, section 5.6.2; RFC 3986, section 3) ---- */

static gboolean
is_one_of (char c, const char *others)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr (others, c) != NULL);
}

static gboolean
is_token_char (char c)
{
  return is_one_of (c, "!#$%&'*+-.^_`|~");
}

static gboolean
is_path_char (char c)
{
  return is_one_of (c, "-._~!$&'()*+,;=:@/%");
}

/* More than RFC 3986 has there: browsers leave these as they are (WHATWG URL, "query
 * percent-encode set"). */
static gboolean
is_query_char (char c)
{
  return is_path_char (c) || is_one_of (c, "?[]{}|\\^`");
}

static gboolean
is_host_char (char c)
{
  return is_one_of (c, "-._~!$&'()*+,;=");
}

static gboolean
is_literal_char (char c)
{
  return g_ascii_isxdigit (c) || c == ':' || c == '.';
}

static gboolean
is_value_char (char c)
{
  return c == '\t' || ((guchar) c >= ' ' && c != 0x7f);
}

/* ---- fields ---- */

/* @span in lower case is @text. */
static gboolean
is_text (const char *bytes, SseSpan span, const char *text)
{
  return strlen (text) == span.length
         && g_ascii_strncasecmp (bytes + span.start, text, span.length) == 0;
}

static gboolean
judge_content_length (SseRequestHead *self, const char *bytes, SseSpan value)
{
  gint64 length = 0;

  if (value.length == 0)
    return refuse (self, 400, "Content-Length is not a number");
  for (guint i = value.start; i < (guint) value.start + value.length; i++)
    {
      if (!g_ascii_isdigit (bytes[i]))
        return refuse (self, 400, "Content-Length is not a number");
      if (length > (G_MAXINT64 - 9) / 10)
        length = G_MAXINT64;
      else
        length = length * 10 + g_ascii_digit_value (bytes[i]);
    }
  self->content_length = length;
  return TRUE;
}

/* A name or an address, an IPv6 one in brackets, and a port or not (RFC 9110, section 7.2). No name
 * needs escapes. */
static gboolean
judge_host (SseRequestHead *self, const char *bytes, SseSpan value)
{
  const char *at = bytes + value.start;
  const char *end = at + value.length;
  const char *start = at;
  gboolean in_brackets = at < end && *at == '[';
  gboolean ok;

  if (in_brackets)
    start = ++at;
  while (at < end && (in_brackets ? is_literal_char (*at) : is_host_char (*at)))
    at++;
  ok = at > start;
  if (in_brackets)
    ok = ok && at < end && *at++ == ']';
  if (ok && at < end)
    ok = *at++ == ':';
  while (ok && at < end)
    ok = g_ascii_isdigit (*at++);
  return ok || refuse (self, 400, "Host is not a host");
}

static gboolean
judge_value (SseRequestHead *self, const char *bytes, Field field, SseSpan value)
{
  switch (field)
    {
    case FIELD_HOST:
      return judge_host (self, bytes, value);
    case FIELD_CONTENT_LENGTH:
      return judge_content_length (self, bytes, value);
    case FIELD_TRANSFER_ENCODING:
      self->chunked = is_text (bytes, value, "chunked");
      return self->chunked || refuse (self, 501, "Transfer-Encoding can only be chunked");
    case FIELD_EXPECT:
      return is_text (bytes, value, "100-continue")
             || refuse (self, 417, "Expect can only be 100-continue");
    case FIELD_RANGE:
      return refuse (self, 400, "Range is not taken");
    default:
      return TRUE;
    }
}

/* The field whose line ends before @end. */
static gboolean
judge_field (SseRequestHead *self, const char *bytes, guint end)
{
  guint start = self->mark;

  while (start < end && (bytes[start] == ' ' || bytes[start] == '\t'))
    start++;
  while (end > start && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
    end--;

  for (guint i = 0; i < G_N_ELEMENTS (known_fields); i++)
    if (is_text (bytes, self->name, known_fields[i].name))
      {
        SseSpan value = { (guint16) start, (guint16) (end - start) };

        if (self->seen & known_fields[i].field)
          return refuse (self, 400, "A header field that can be there once is there twice");
        self->seen |= (guint16) known_fields[i].field;
        if (known_fields[i].kept != 0)
          G_STRUCT_MEMBER (SseSpan, self, known_fields[i].kept) = value;
        return judge_value (self, bytes, known_fields[i].field, value);
      }
  return TRUE;
}

/* What no single line shows. */
static gboolean
judge_whole (SseRequestHead *self, const char *bytes)
{
  gboolean is_post = is_text (bytes, self->method, "POST");
  gboolean bodiless = is_text (bytes, self->method, "GET") || is_text (bytes, self->method, "HEAD")
                      || is_text (bytes, self->method, "OPTIONS");

  if (self->minor == 1 && !(self->seen & FIELD_HOST))
    return refuse (self, 400, "Host is missing");
  if (self->chunked && (self->seen & FIELD_CONTENT_LENGTH))
    return refuse (self, 400, "Content-Length and Transfer-Encoding exclude each other");
  if (self->chunked && self->minor == 0)
    return refuse (self, 400, "HTTP/1.0 has no Transfer-Encoding");
  if (bodiless && (self->chunked || self->content_length > 0))
    return refuse (self, 400, "No body is taken with this method");
  if ((self->seen & FIELD_EXPECT) && !is_post)
    return refuse (self, 417, "Nothing can be expected with this method");
  self->expects_continue = (self->seen & FIELD_EXPECT) && self->minor == 1;
  return TRUE;
}

/* ---- byte by byte ---- */

static gboolean
judge_version (SseRequestHead *self, const char *bytes, char c)
{
  static const char pattern[] = "HTTP/#.#";
  guint index = (guint) (self->at - self->mark);
  const char *version = bytes + self->mark;

  if (index < strlen (pattern))
    {
      if (pattern[index] == '#' ? g_ascii_isdigit (c) : c == pattern[index])
        return TRUE;
      return refuse (self, 400, "The request line does not end with an HTTP version");
    }
  if (c != '\r')
    return refuse (self, 400, "The request line does not end with CRLF");
  if (version[5] != '1' || version[7] > '1')
    return refuse (self, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken");
  self->minor = (guint) g_ascii_digit_value (version[7]);
  enter (self, STATE_LINE_END, 0);
  return TRUE;
}

/* A character of the target, or its end. */
static gboolean
judge_target (SseRequestHead *self, char c)
{
  gboolean in_path = self->state == STATE_PATH;

  if (self->n_hex > 0)
    {
      self->n_hex--;
      return g_ascii_isxdigit (c) || refuse (self, 400, "The target has a broken escape");
    }
  if (in_path && (c == ' ' || c == '?'))
    self->path = span_to (self, self->at);
  else if (c == ' ')
    self->query = span_to (self, self->at);
  if (c == ' ')
    {
      enter (self, STATE_VERSION, self->at + 1U);
      return TRUE;
    }
  if (in_path && c == '?')
    {
      enter (self, STATE_QUERY, self->at + 1U);
      return TRUE;
    }
  if (c == '%')
    self->n_hex = 2;
  return (in_path ? is_path_char (c) : is_query_char (c))
         || refuse (self, 400, "The target has a character that is none of a URL's");
}

static gboolean
judge_request_line (SseRequestHead *self, const char *bytes, char c)
{
  switch (self->state)
    {
    case STATE_METHOD:
      if (c == ' ' && self->at > 0)
        {
          self->method = span_to (self, self->at);
          enter (self, STATE_TARGET, self->at + 1U);
          return TRUE;
        }
      if (self->at == MAX_METHOD)
        return refuse (self, 501, "There is no such method");
      return is_token_char (c) || refuse (self, 400, "The request does not begin with a method");
    case STATE_TARGET:
      enter (self, STATE_PATH, self->at);
      return c == '/' || refuse (self, 400, "The target is not a path");
    case STATE_VERSION:
      return judge_version (self, bytes, c);
    case STATE_LINE_END:
      enter (self, STATE_FIELD, 0);
      return c == '\n' || refuse (self, 400, "The request line does not end with CRLF");
    default:
      return judge_target (self, c);
    }
}

static gboolean
begin_field (SseRequestHead *self, char c)
{
  if (c == '\r')
    {
      enter (self, STATE_HEAD_END, 0);
      return TRUE;
    }
  if (c == ' ' || c == '\t')
    return refuse (self, 400, "A header line is folded");
  if (!is_token_char (c))
    return refuse (self, 400, "A header line does not begin with a name");
  if (self->n_fields++ == SSE_REQUEST_HEAD_MAX_FIELDS)
    return refuse (self, 431, "There are too many header lines");
  enter (self, STATE_NAME, self->at);
  return TRUE;
}

static gboolean
judge_field_line (SseRequestHead *self, const char *bytes, char c)
{
  switch (self->state)
    {
    case STATE_FIELD:
      return begin_field (self, c);
    case STATE_NAME:
      if (c == ':')
        {
          self->name = span_to (self, self->at);
          enter (self, STATE_VALUE, self->at + 1U);
          return TRUE;
        }
      return is_token_char (c) || refuse (self, 400, "A header line is not a name and a value");
    case STATE_VALUE:
      if (c == '\r')
        {
          self->state = STATE_FIELD_END;
          return TRUE;
        }
      return is_value_char (c) || refuse (self, 400, "A header line has a control character");
    case STATE_FIELD_END:
      if (c != '\n')
        return refuse (self, 400, "A header line does not end with CRLF");
      if (!judge_field (self, bytes, self->at - 1U))
        return FALSE;
      enter (self, STATE_FIELD, 0);
      return TRUE;
    case STATE_HEAD_END:
    default:
      if (c != '\n')
        return refuse (self, 400, "The head does not end with an empty line");
      if (!judge_whole (self, bytes))
        return FALSE;
      self->length = (guint16) (self->at + 1);
      self->state = STATE_COMPLETE;
      return FALSE;
    }
}

/**
 * sse_request_head_init:
 *
 * Makes @self a head of which nothing has come yet.
 */
void
sse_request_head_init (SseRequestHead *self)
{
  *self = (SseRequestHead){ .content_length = -1 };
}

/**
 * sse_request_head_judge:
 * @bytes: all that has come, from the request's first byte on
 * @length: how many
 *
 * Judges a request's head by RFC 9112, without its leniencies: lines end with CRLF and are not
 * folded, the target is a path with or without a query, and what decides where the body ends is
 * there once. Empty lines before it, which clients of old sent behind a body, are refused: a
 * connection has one request. It goes on where the last call ended, and the verdict does not
 * depend on how the bytes came in pieces.
 *
 * Returns: the verdict; once it is not %SSE_HEAD_INCOMPLETE, it stays
 */
SseHeadVerdict
sse_request_head_judge (SseRequestHead *self, const char *bytes, gsize length)
{
  gboolean more = self->state < STATE_COMPLETE;

  while (more && self->at < MIN (length, SSE_REQUEST_HEAD_MAX_BYTES))
    {
      char c = bytes[self->at];

      if (self->state < STATE_FIELD)
        more = judge_request_line (self, bytes, c);
      else
        more = judge_field_line (self, bytes, c);
      self->at++;
    }

  if (more && self->at == SSE_REQUEST_HEAD_MAX_BYTES)
    {
      if (self->state < STATE_FIELD)
        refuse (self, 414, "The target is too long");
      else
        refuse (self, 431, "The head is too long");
    }
  if (self->state == STATE_COMPLETE)
    return SSE_HEAD_COMPLETE;
  return self->state == STATE_REFUSED ? SSE_HEAD_REFUSED : SSE_HEAD_INCOMPLETE;
}
