/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-events.h"

#include <string.h>

#include "bench-error.h"

#define MAX_BLOCK (32 * 1024 * 1024)

typedef enum
{
  FIELD_RETRY = 1 << 0,
  FIELD_ID = 1 << 1,
  FIELD_EVENT = 1 << 2,
  FIELD_DATA = 1 << 3,
} Field;

static const struct
{
  const char *name;
  gsize length;
  Field field;
} fields[] = {
  { "data", 4, FIELD_DATA },
  { "id", 2, FIELD_ID },
  { "event", 5, FIELD_EVENT },
  { "retry", 5, FIELD_RETRY },
};

/**
 * bench_events_init:
 * @exact: whether the dialect is the exact one
 */
void
bench_events_init (BenchEvents *self, gboolean exact)
{
  memset (self, 0, sizeof *self);
  self->exact = exact;
}

void
bench_events_clear (BenchEvents *self)
{
  if (self->partial != NULL)
    g_string_free (g_steal_pointer (&self->partial), TRUE);
}

static gboolean
refuse (GError **error, const char *what, const char *bytes, gsize length)
{
  g_autofree char *shown = g_strndup (bytes, MIN (length, 80));
  g_autofree char *escaped = g_strescape (shown, NULL);

  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "wrong bytes: %s: \"%s\"", what, escaped);
  return FALSE;
}

static Field
field_of (const char *line, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (length > fields[i].length && line[fields[i].length] == ':'
        && memcmp (line, fields[i].name, fields[i].length) == 0)
      return fields[i].field;
  return 0;
}

static gboolean
take_retry (BenchEvents *self, const char *value, gsize length, GError **error)
{
  self->retries++;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isdigit (value[i]))
      return refuse (error, "a retry that is no number", value, length);
  return length > 0 || refuse (error, "an empty retry", value, length);
}

static gboolean
take_line (BenchEvents *self,
           BenchEvent *event,
           guint *seen,
           const char *line,
           gsize length,
           GError **error)
{
  if (line[0] == ':')
    {
      self->comments++;
      return TRUE;
    }

  Field field = field_of (line, length);
  const char *value = field != 0 ? (const char *) memchr (line, ':', length) + 1 : NULL;
  gboolean spaced = value != NULL && value < line + length && *value == ' ';
  if (field == 0 || (*seen & field) != 0)
    return refuse (error, "an unknown or repeated field", line, length);
  /* A bit of a later field is greater, so that order is one comparison. */
  if (self->exact && (!spaced || *seen > (guint) field || (*seen & FIELD_RETRY) != 0))
    return refuse (error, "a misplaced field", line, length);
  *seen |= field;
  value += spaced ? 1 : 0;

  gsize rest = (gsize) (line + length - value);
  if (field == FIELD_RETRY)
    return take_retry (self, value, rest, error);
  if (field == FIELD_ID)
    event->id = value, event->id_length = rest;
  else if (field == FIELD_EVENT)
    event->type = value, event->type_length = rest;
  else
    event->data = value, event->data_length = rest;
  return TRUE;
}

/* A block with its last LF, without the empty line. */
static gboolean
take_block (BenchEvents *self,
            const char *block,
            gsize length,
            BenchEventsFound found,
            gpointer user_data,
            GError **error)
{
  BenchEvent event = { .bytes = length + 1 };
  const char *end = block + length;
  guint seen = 0;

  if (self->exact && length == 0)
    return refuse (error, "an empty block", block, length);
  if (memchr (block, '\r', length) != NULL || memchr (block, '\0', length) != NULL)
    return refuse (error, "a carriage return or NUL", block, length);
  for (const char *line = block; line < end;)
    {
      const char *stop = memchr (line, '\n', (gsize) (end - line));
      if (!take_line (self, &event, &seen, line, (gsize) (stop - line), error))
        return FALSE;
      line = stop + 1;
    }
  if ((seen & ~(guint) FIELD_RETRY) == 0)
    return TRUE;
  if (self->exact && seen != (FIELD_ID | FIELD_EVENT | FIELD_DATA))
    return refuse (error, "an event without id, event type or data", block, length);
  return found (&event, user_data, error);
}

/* Takes all whole blocks; returns how many bytes they are, -1 on an error. */
static gssize
take_blocks (BenchEvents *self,
             const char *bytes,
             gsize length,
             BenchEventsFound found,
             gpointer user_data,
             GError **error)
{
  const char *end = bytes + length;
  const char *block = bytes;

  while (block < end)
    {
      const char *stop = block;
      if (*block != '\n')
        {
          stop = memmem (block, (gsize) (end - block), "\n\n", 2);
          if (stop == NULL)
            break;
          stop++;
        }
      if (!take_block (self, block, (gsize) (stop - block), found, user_data, error))
        return -1;
      block = stop + 1;
    }
  return block - bytes;
}

/**
 * bench_events_feed:
 * @bytes: what has arrived of the body
 * @length: its length
 * @found: told of the events that are whole now; a failure of it is the failure of all
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where it is no good event stream
 */
gboolean
bench_events_feed (BenchEvents *self,
                   const char *bytes,
                   gsize length,
                   BenchEventsFound found,
                   gpointer user_data,
                   GError **error)
{
  gboolean joined = self->partial != NULL && self->partial->len > 0;
  if (joined)
    {
      g_string_append_len (self->partial, bytes, (gssize) length);
      bytes = self->partial->str;
      length = self->partial->len;
    }

  gssize taken = take_blocks (self, bytes, length, found, user_data, error);
  if (taken < 0)
    return FALSE;
  if (joined)
    g_string_erase (self->partial, 0, taken);
  else if ((gsize) taken < length)
    {
      if (self->partial == NULL)
        self->partial = g_string_new (NULL);
      g_string_append_len (self->partial, bytes + taken, (gssize) length - taken);
    }
  if (length - (gsize) taken > MAX_BLOCK)
    return refuse (error, "a block without an end", bytes + taken, length - (gsize) taken);
  return TRUE;
}

/**
 * bench_events_whole:
 *
 * Returns: whether nothing has arrived of a block that is not whole
 */
gboolean
bench_events_whole (const BenchEvents *self)
{
  return self->partial == NULL || self->partial->len == 0;
}
