/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-expected.h"

#include <string.h>

#include "bench-error.h"

/* Events in a list; the server leaves the oldest out. */
#define MAX_LISTED 50

typedef struct
{
  char *text;
  gsize length;
  char *tail; /* NULL: the text is all of it */
  gsize tail_length;
} Item;

struct _BenchExpected
{
  GArray *items;
};

static void
clear_item (gpointer data)
{
  Item *item = data;

  g_free (item->text);
  g_free (item->tail);
}

BenchExpected *
bench_expected_new (void)
{
  BenchExpected *self = g_new0 (BenchExpected, 1);

  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, clear_item);
  return self;
}

void
bench_expected_free (BenchExpected *self)
{
  g_array_unref (self->items);
  g_free (self);
}

/**
 * bench_expected_add:
 * @text: the data of the event, or its beginning
 * @tail: (nullable): its end, where a time stands between them that the server chooses
 */
void
bench_expected_add (BenchExpected *self, const char *text, const char *tail)
{
  Item item = { .text = g_strdup (text),
                .length = strlen (text),
                .tail = g_strdup (tail),
                .tail_length = tail != NULL ? strlen (tail) : 0 };

  g_array_append_val (self->items, item);
}

guint
bench_expected_count (const BenchExpected *self)
{
  return self->items->len;
}

/* RFC 3339, UTC, with or without parts of a second. */
static gboolean
is_time (const char *bytes, gsize length)
{
  static const char shape[] = "dddd-dd-ddTdd:dd:dd";
  const gsize whole = sizeof shape - 1;

  if (length < whole + 1 || bytes[length - 1] != 'Z')
    return FALSE;
  for (gsize i = 0; i < whole; i++)
    if (shape[i] == 'd' ? !g_ascii_isdigit (bytes[i]) : bytes[i] != shape[i])
      return FALSE;
  for (gsize i = whole; i < length - 1; i++)
    if (i == whole ? bytes[i] != '.' : !g_ascii_isdigit (bytes[i]))
      return FALSE;
  return length != whole + 2;
}

static gboolean
is_item (const Item *item, const char *data, gsize length)
{
  if (item->tail == NULL)
    return length == item->length && memcmp (data, item->text, length) == 0;
  if (length < item->length + item->tail_length)
    return FALSE;

  gsize between = length - item->length - item->tail_length;
  return memcmp (data, item->text, item->length) == 0
         && memcmp (data + item->length + between, item->tail, item->tail_length) == 0
         && is_time (data + item->length, between);
}

static gboolean
describe (const BenchExpected *self, guint next, const char *data, gsize length, GError **error)
{
  g_autofree char *shown = g_strndup (data, MIN (length, 120));
  g_autofree char *escaped = g_strescape (shown, NULL);
  guint found = 0;

  while (found < self->items->len
         && !is_item (&g_array_index (self->items, Item, found), data, length))
    found++;
  if (found == self->items->len)
    g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                 "wrong bytes in event %u: data \"%s\" was never published", next + 1, escaped);
  else if (found > next)
    g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                 "missing: event %u came where event %u was due", found + 1, next + 1);
  else
    g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                 "twice: event %u came again, behind event %u", found + 1, next);
  return FALSE;
}

/**
 * bench_expected_check:
 * @next: how many events this client got before
 * @data: the data of the event it got now
 * @length: its bytes
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where it is not the one that is due; says
 *   whether its bytes are wrong, one is missing or one came twice
 */
gboolean
bench_expected_check (
    const BenchExpected *self, guint next, const char *data, gsize length, GError **error)
{
  if (next < self->items->len && is_item (&g_array_index (self->items, Item, next), data, length))
    return TRUE;
  return describe (self, next, data, length, error);
}

/* What an item has of its event: all between the members of a `new-event`. */
static gboolean
takes_event (const Item *item, const char **at, const char *end)
{
  static const char start[] = "{\"type\":\"new-event\",\"event\":";
  const gsize skipped = sizeof start - 1;

  if (item->length <= skipped + 1 || memcmp (item->text, start, skipped) != 0)
    return FALSE;
  gsize length = item->length - skipped - 1;
  if ((gsize) (end - *at) <= length || memcmp (*at, item->text + skipped, length) != 0)
    return FALSE;
  *at += length;
  return TRUE;
}

/**
 * bench_expected_check_list:
 * @next: how many events this client got before
 * @data: the data of an `events-update`
 * @length: its bytes
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where it does not begin with those events,
 *   the newest first, as many as there is room for
 */
gboolean
bench_expected_check_list (
    const BenchExpected *self, guint next, const char *data, gsize length, GError **error)
{
  static const char start[] = "{\"type\":\"events-update\",\"events\":[";
  const char *end = data + length;
  const char *at = data + sizeof start - 1;
  guint most = MIN (next, MAX_LISTED);
  guint listed = 0;

  if (length < sizeof start || memcmp (data, start, sizeof start - 1) != 0)
    {
      g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_SERVER, "wrong bytes: no list");
      return FALSE;
    }
  while (listed < most
         && takes_event (&g_array_index (self->items, Item, next - 1 - listed), &at, end))
    {
      listed++;
      if (listed < most && *at == ',')
        at++;
    }
  gboolean ends = end - at == 2 && memcmp (at, "]}", 2) == 0;
  /* Older ones, which were there before anything was expected, may follow. */
  gboolean goes_on = listed < MAX_LISTED && (*at == ',' || listed == 0);
  if (listed == most && (ends || goes_on))
    return TRUE;
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
               "missing: event %u is not in the list at place %u", next - listed, listed + 1);
  return FALSE;
}
