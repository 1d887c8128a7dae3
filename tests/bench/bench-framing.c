/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-framing.h"

#include <string.h>

#include "bench-error.h"

#define MAX_HEAD   (16 * 1024)
#define MAX_DIGITS 8

enum
{
  STAGE_HEAD,
  STAGE_TILL_CLOSE,
  STAGE_SIZE,
  STAGE_SIZE_LF,
  STAGE_DATA,
  STAGE_DATA_CR,
  STAGE_DATA_LF,
  STAGE_LAST_CR,
  STAGE_LAST_LF,
  STAGE_ENDED,
};

void
bench_framing_init (BenchFraming *self)
{
  memset (self, 0, sizeof *self);
  self->head = g_string_new (NULL);
}

void
bench_framing_clear (BenchFraming *self)
{
  if (self->head != NULL)
    g_string_free (g_steal_pointer (&self->head), TRUE);
}

/**
 * bench_framing_has_head:
 *
 * Returns: whether the whole head is there, which is in @head then
 */
gboolean
bench_framing_has_head (const BenchFraming *self)
{
  return self->stage != STAGE_HEAD;
}

static gboolean
refuse (GError **error, const char *what, const char *bytes, gsize length)
{
  g_autofree char *shown = g_strndup (bytes, MIN (length, 60));
  g_autofree char *escaped = g_strescape (shown, NULL);

  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "%s: \"%s\"", what, escaped);
  return FALSE;
}

static gboolean
check_field (const char *line, gboolean *chunked, gboolean *streams, GError **error)
{
  const char *colon = strchr (line, ':');

  if (colon == NULL || colon == line || colon[1] != ' '
      || strcspn (line, " \t()<>@,;\\\"/[]?={}") < (gsize) (colon - line))
    return refuse (error, "a bad header line", line, strlen (line));
  for (const char *byte = colon; *byte != '\0'; byte++)
    if ((guchar) *byte < ' ' || *byte == 0x7f)
      return refuse (error, "a control character in a header line", line, strlen (line));

  g_autofree char *name = g_strndup (line, (gsize) (colon - line));
  const char *value = colon + 2;
  if (g_ascii_strcasecmp (name, "Content-Type") == 0)
    {
      *streams = g_ascii_strncasecmp (value, "text/event-stream", 17) == 0
                 && (value[17] == '\0' || value[17] == ';');
      if (!*streams)
        return refuse (error, "not an event stream", value, strlen (value));
    }
  else if (g_ascii_strcasecmp (name, "Transfer-Encoding") == 0)
    {
      if (*chunked || strcmp (value, "chunked") != 0)
        return refuse (error, "a bad Transfer-Encoding", value, strlen (value));
      *chunked = TRUE;
    }
  else if (g_ascii_strcasecmp (name, "Content-Length") == 0)
    return refuse (error, "an event stream with a Content-Length", value, strlen (value));
  return TRUE;
}

/* What a person is to know of a refusal: the status line, and for 401 what to do. */
static gboolean
check_status (const char *line, GError **error)
{
  if (strncmp (line, "HTTP/1.1 ", 9) != 0 && strncmp (line, "HTTP/1.0 ", 9) != 0)
    return refuse (error, "not an HTTP status line", line, strlen (line));
  if (strncmp (line + 9, "401 ", 4) == 0)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                   "the server answered \"%s\": its streams want good tokens, see --token-file",
                   line + 9);
      return FALSE;
    }
  if (strncmp (line + 9, "200 ", 4) != 0)
    return refuse (error, "the server answered", line + 9, strlen (line + 9));
  return TRUE;
}

static gboolean
check_head (BenchFraming *self, GError **error)
{
  gboolean chunked = FALSE;
  gboolean streams = FALSE;

  if (strlen (self->head->str) != self->head->len)
    return refuse (error, "a NUL in the head", self->head->str, self->head->len);
  g_autofree char *text = g_strndup (self->head->str, self->head->len - 4);
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  if (!check_status (lines[0], error))
    return FALSE;
  for (gsize i = 1; lines[i] != NULL; i++)
    if (!check_field (lines[i], &chunked, &streams, error))
      return FALSE;
  if (!streams)
    return refuse (error, "no Content-Type in the head", lines[0], strlen (lines[0]));
  self->stage = chunked ? STAGE_SIZE : STAGE_TILL_CLOSE;
  return TRUE;
}

/* Takes what belongs to the head; returns how many bytes that is, -1 on an error. */
static gssize
feed_head (BenchFraming *self, const char *bytes, gsize length, GError **error)
{
  gsize before = self->head->len;
  gsize from = before > 3 ? before - 3 : 0;

  g_string_append_len (self->head, bytes, (gssize) length);
  const char *end = memmem (self->head->str + from, self->head->len - from, "\r\n\r\n", 4);
  if (end == NULL)
    {
      if (self->head->len <= MAX_HEAD)
        return (gssize) length;
      refuse (error, "a head without an end", self->head->str, self->head->len);
      return -1;
    }
  g_string_truncate (self->head, (gsize) (end + 4 - self->head->str));
  return check_head (self, error) ? (gssize) (self->head->len - before) : -1;
}

static gboolean
feed_size (BenchFraming *self, char byte, GError **error)
{
  if (byte == '\r' && self->digits > 0)
    {
      self->stage = STAGE_SIZE_LF;
      return TRUE;
    }
  /* No extensions, no leading zeros: nobody here sends them, so they are damage. */
  if (!g_ascii_isxdigit (byte) || self->digits == MAX_DIGITS
      || (self->digits > 0 && self->left == 0))
    return refuse (error, "a bad byte in a chunk header", &byte, 1);
  self->left = self->left * 16 + (guint) g_ascii_xdigit_value (byte);
  self->digits++;
  return TRUE;
}

/* One byte that is not of a chunk's data: what must stand there, and what comes next. */
static gboolean
feed_byte (BenchFraming *self, char byte, GError **error)
{
  static const struct
  {
    char byte;
    guint next;
  } rules[] = {
    [STAGE_SIZE_LF] = { '\n', STAGE_DATA },  [STAGE_DATA_CR] = { '\r', STAGE_DATA_LF },
    [STAGE_DATA_LF] = { '\n', STAGE_SIZE },  [STAGE_LAST_CR] = { '\r', STAGE_LAST_LF },
    [STAGE_LAST_LF] = { '\n', STAGE_ENDED },
  };

  if (self->stage == STAGE_SIZE)
    return feed_size (self, byte, error);
  if (self->stage == STAGE_ENDED)
    return refuse (error, "bytes behind the last chunk", &byte, 1);
  if (byte != rules[self->stage].byte)
    return refuse (error, "a bad byte at the end of a chunk or its header", &byte, 1);
  self->stage = rules[self->stage].next;
  if (self->stage == STAGE_DATA && self->left == 0)
    self->stage = STAGE_LAST_CR;
  if (self->stage == STAGE_SIZE)
    self->digits = 0;
  return TRUE;
}

/**
 * bench_framing_feed:
 * @bytes: what has arrived
 * @length: its length
 * @body: told of the body's bytes among them; a failure of it is the failure of all
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where the framing is broken
 */
gboolean
bench_framing_feed (BenchFraming *self,
                    const char *bytes,
                    gsize length,
                    BenchFramingBody body,
                    gpointer user_data,
                    GError **error)
{
  const char *end = bytes + length;

  if (self->stage == STAGE_HEAD)
    {
      gssize taken = feed_head (self, bytes, length, error);
      if (taken < 0)
        return FALSE;
      bytes += taken;
    }
  while (bytes < end)
    {
      if (self->stage == STAGE_TILL_CLOSE)
        return body (bytes, (gsize) (end - bytes), user_data, error);
      if (self->stage != STAGE_DATA)
        {
          if (!feed_byte (self, *bytes++, error))
            return FALSE;
          continue;
        }
      gsize here = MIN ((gsize) (end - bytes), self->left);
      if (!body (bytes, here, user_data, error))
        return FALSE;
      bytes += here;
      self->left -= here;
      if (self->left == 0)
        self->stage = STAGE_DATA_CR;
    }
  return TRUE;
}

/**
 * bench_framing_end:
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where the response is not over
 *
 * To be called when the connection was closed by the server.
 */
gboolean
bench_framing_end (const BenchFraming *self, GError **error)
{
  if (self->stage == STAGE_ENDED || self->stage == STAGE_TILL_CLOSE)
    return TRUE;
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "the server closed the connection %s",
               self->stage == STAGE_HEAD ? "before a whole head" : "in the middle of a response");
  return FALSE;
}
