/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-parser.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct _SseEventParser
{
  gsize max_event_bytes;
  SseReceivedEventFunc callback;
  gpointer user_data;

  gboolean at_start; /* the first line is still to come */
  gboolean after_cr; /* a line feed now belongs to the line before */
  GString *line;
  GString *type;
  GString *data;
  GString *id;   /* of the event that is being read */
  char *last_id; /* of the last event that was complete */
  gint64 retry;  /* ms, -1 as long as none was said */
};

/**
 * sse_event_parser_new:
 * @max_event_bytes: the largest event that is taken
 * @callback: called with each event
 */
SseEventParser *
sse_event_parser_new (gsize max_event_bytes, SseReceivedEventFunc callback, gpointer user_data)
{
  SseEventParser *self = g_new0 (SseEventParser, 1);

  self->max_event_bytes = max_event_bytes;
  self->callback = callback;
  self->user_data = user_data;
  self->line = g_string_new (NULL);
  self->type = g_string_new (NULL);
  self->data = g_string_new (NULL);
  self->id = g_string_new (NULL);
  self->last_id = g_strdup ("");
  self->retry = -1;
  sse_event_parser_begin (self);
  return self;
}

void
sse_event_parser_free (SseEventParser *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->type, TRUE);
  g_string_free (self->data, TRUE);
  g_string_free (self->id, TRUE);
  g_free (self->last_id);
  g_free (self);
}

/**
 * sse_event_parser_begin:
 *
 * Starts on a new stream: what was not complete is dropped, the last id and the time to wait stay.
 */
void
sse_event_parser_begin (SseEventParser *self)
{
  self->at_start = TRUE;
  self->after_cr = FALSE;
  g_string_truncate (self->line, 0);
  g_string_truncate (self->type, 0);
  g_string_truncate (self->data, 0);
  g_string_assign (self->id, self->last_id);
}

static void
dispatch (SseEventParser *self)
{
  sse_event_parser_set_last_id (self, self->id->str);
  if (self->data->len > 0)
    {
      g_autofree char *type = NULL;
      g_autofree char *data = NULL;
      SseReceivedEvent event;

      /* Without the line feed after its last line. */
      data = g_utf8_make_valid (self->data->str, (gssize) self->data->len - 1);
      type = g_utf8_make_valid (self->type->str, (gssize) self->type->len);
      event = (SseReceivedEvent){ self->last_id, *type != '\0' ? type : "message", data };
      self->callback (&event, self->user_data);
    }
  g_string_truncate (self->type, 0);
  g_string_truncate (self->data, 0);
}

static void
take_retry (SseEventParser *self, const char *value, gsize length)
{
  g_autofree char *text = g_strndup (value, length);
  guint64 retry;

  if (strspn (text, "0123456789") == length
      && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &retry, NULL))
    self->retry = (gint64) retry;
}

static gboolean
is_field (const char *name, gsize length, const char *field)
{
  return length == strlen (field) && memcmp (name, field, length) == 0;
}

static void
take_field (
    SseEventParser *self, const char *name, gsize name_length, const char *value, gsize length)
{
  if (is_field (name, name_length, "data"))
    {
      g_string_append_len (self->data, value, (gssize) length);
      g_string_append_c (self->data, '\n');
    }
  else if (is_field (name, name_length, "event"))
    {
      g_string_truncate (self->type, 0);
      g_string_append_len (self->type, value, (gssize) length);
    }
  else if (is_field (name, name_length, "id") && memchr (value, '\0', length) == NULL)
    {
      g_string_truncate (self->id, 0);
      g_string_append_len (self->id, value, (gssize) length);
    }
  else if (is_field (name, name_length, "retry"))
    {
      take_retry (self, value, length);
    }
}

static void
take_line (SseEventParser *self)
{
  const char *line = self->line->str;
  gsize length = self->line->len;
  const char *colon;
  const char *value;

  if (self->at_start && g_str_has_prefix (line, BYTE_ORDER_MARK))
    {
      line += strlen (BYTE_ORDER_MARK);
      length -= strlen (BYTE_ORDER_MARK);
    }
  self->at_start = FALSE;

  colon = memchr (line, ':', length);
  if (length == 0)
    {
      dispatch (self);
    }
  else if (colon == NULL)
    {
      take_field (self, line, length, "", 0);
    }
  else
    {
      /* A comment is a field without a name. */
      value = colon + 1;
      if (*value == ' ')
        value++;
      take_field (self, line, (gsize) (colon - line), value, (gsize) (line + length - value));
    }
  g_string_truncate (self->line, 0);
}

/* How many of @bytes come before the first line end. */
static gsize
measure_line (const char *bytes, gsize length)
{
  const char *lf = memchr (bytes, '\n', length);
  const char *cr;

  if (lf != NULL)
    length = (gsize) (lf - bytes);
  cr = memchr (bytes, '\r', length);
  return cr != NULL ? (gsize) (cr - bytes) : length;
}

/**
 * sse_event_parser_feed:
 * @bytes: @length bytes of the stream, cut anywhere
 *
 * Calls back with every event that is complete now.
 *
 * Returns: %FALSE where an event is larger than what is taken; the stream is then good for nothing
 */
gboolean
sse_event_parser_feed (SseEventParser *self, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gsize part;

      if (self->after_cr && *bytes == '\n')
        {
          bytes++;
          length--;
        }
      self->after_cr = FALSE;

      part = measure_line (bytes, length);
      g_string_append_len (self->line, bytes, (gssize) part);
      if (self->line->len + self->data->len > self->max_event_bytes)
        return FALSE;
      if (part == length)
        break;

      self->after_cr = bytes[part] == '\r';
      bytes += part + 1;
      length -= part + 1;
      take_line (self);
    }
  return TRUE;
}

/**
 * sse_event_parser_set_last_id:
 * @id: UTF-8
 *
 * Says what the last event's id is, to begin with.
 */
void
sse_event_parser_set_last_id (SseEventParser *self, const char *id)
{
  char *valid = g_utf8_make_valid (id, -1);

  g_string_assign (self->id, valid);
  g_free (self->last_id);
  self->last_id = valid;
}

/* The id of the last event that was complete, "" where there was none. */
const char *
sse_event_parser_get_last_id (const SseEventParser *self)
{
  return self->last_id;
}

/* After what time the server wants its clients back, in ms; -1 where it has not said. */
gint64
sse_event_parser_get_retry (const SseEventParser *self)
{
  return self->retry;
}
