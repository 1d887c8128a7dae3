/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a source makes of updates, each on a line behind a character that says whose it is: 'a' and
 * 'b' are users, and of '+', '-' and '=' an update of a stream that the source follows is made.
 * A source and one restored from its state have to be the same all along. */

#include "fuzz-source.h"
#include "fuzz.h"

#define RESTORE_EVERY 3

#define ACCEPTED G_GINT64_CONSTANT (1714979289123456) /* 2024-05-06T07:08:09.123Z */

static const char *
choose_audience (char selector)
{
  return selector == 'a' ? "a" : selector == 'b' ? "b" : NULL;
}

/* An update of the right shape, as its own source has applied it; NULL for any other line. */
static GBytes *
make_followed (char selector, FuzzText rest)
{
  g_autoptr (GString) json = NULL;

  if (selector == '+')
    json = g_string_new ("{\"type\":\"new-event\"}");
  else if (selector == '-')
    json = g_string_new ("{\"type\":\"event-delete\"}");
  else if (selector == '=')
    {
      json = g_string_new ("{\"type\":\"events\",\"events\":[");
      for (gsize i = 0; i < rest.length; i++)
        g_string_append (json, i > 0 ? ",{}" : "{}");
      g_string_append (json, "]}");
    }
  return json != NULL ? g_string_free_to_bytes (g_steal_pointer (&json)) : NULL;
}

static SseUpdate *
make_update (SseSource *source, FuzzText line)
{
  const char *const *follows = sse_source_get_follows (source);
  char selector = line.length > 0 ? line.bytes[0] : ' ';
  gsize taken = line.length > 0 ? 1 : 0;
  FuzzText rest = { line.bytes + taken, line.length - taken };
  g_autoptr (GBytes) json = *follows != NULL ? make_followed (selector, rest) : NULL;

  if (json != NULL)
    return sse_update_new (*follows, rest.length > 0 ? choose_audience (rest.bytes[0]) : NULL,
                           json);
  json = g_bytes_new (rest.bytes, rest.length);
  return sse_update_new (sse_source_get_stream (source), choose_audience (selector), json);
}

/* The verdict, %SSE_VERDICT_REFUSED also for a wrong shape. */
static SseVerdict
publish (SseSource *source, SseUpdate *update, SseBatch *batch)
{
  g_autoptr (GError) error = NULL;
  gboolean own = g_str_equal (sse_update_get_stream (update), sse_source_get_stream (source));
  SseVerdict verdict = SSE_VERDICT_REFUSED;

  sse_batch_clear (batch);
  if (!own || sse_source_validate (source, update, &error))
    verdict = sse_source_apply (source, update, batch, &error);
  if (verdict == SSE_VERDICT_REFUSED)
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  else
    g_assert_no_error (error);
  return verdict;
}

/* Asserts that what was yielded may be sent, or where nothing was to be, is nothing. */
static void
check_batch (SseSource *source, SseBatch *batch, SseVerdict verdict)
{
  const char *event_type = sse_batch_get_event_type (batch);
  gsize length;
  const char *members = sse_batch_get_members (batch, &length);

  if (verdict != SSE_VERDICT_APPLIED)
    {
      g_assert_null (event_type);
      g_assert_false (sse_batch_is_stale_for_all (batch));
      for (const SseView *view = sse_source_get_views (source); view->initial_type != NULL; view++)
        g_assert_cmpint (sse_batch_get_touch (batch, view), ==, SSE_TOUCH_NONE);
    }
  if (event_type == NULL)
    return;
  g_assert_true (g_strv_contains (sse_source_get_events (source), event_type));
  fuzz_assert_json_members (members, length);
}

/* A source, and another that was restored from its state some updates ago. */
typedef struct
{
  SseSource *source;
  SseSource *restored;
  GVariant *saved; /* the state of both */
} Twins;

static void
twins_init (Twins *self)
{
  self->source = fuzz_source_new ();
  self->restored = fuzz_source_new ();
  self->saved = sse_source_save (self->source);
}

static void
twins_clear (Twins *self)
{
  g_variant_unref (self->saved);
  g_assert_finalize_object (self->restored);
  g_assert_finalize_object (self->source);
}

/* Asserts that both have the same state, and makes the second one anew of it. */
static void
twins_restore (Twins *self)
{
  g_autoptr (GVariant) theirs = sse_source_save (self->restored);

  g_assert_cmpvariant (self->saved, theirs);
  g_object_unref (self->restored);
  self->restored = fuzz_source_new_restored (self->saved);
}

/* Keeps what the state is now; where nothing was applied, asserts that it is what it was. */
static void
twins_save (Twins *self, SseVerdict verdict)
{
  g_autoptr (GVariant) before = self->saved;

  self->saved = sse_source_save (self->source);
  if (verdict != SSE_VERDICT_APPLIED)
    g_assert_cmpvariant (self->saved, before);
}

static void
twins_take (Twins *self, FuzzText line, guint64 position)
{
  g_autoptr (SseUpdate) update = make_update (self->source, line);
  g_autoptr (SseBatch) batch = sse_batch_new ();
  SseVerdict verdict;

  if (!sse_update_parse (update, NULL))
    return;
  sse_update_set_accepted (update, ACCEPTED + (gint64) position);
  sse_update_set_position (update, position);
  verdict = publish (self->restored, update, batch);
  g_assert_cmpint (publish (self->source, update, batch), ==, verdict);
  check_batch (self->source, batch, verdict);
  twins_save (self, verdict);
  if (position % RESTORE_EVERY == 0)
    twins_restore (self);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  Twins twins;

  twins_init (&twins);
  for (guint64 position = 1; input.length > 0; position++)
    twins_take (&twins, fuzz_text_take_line (&input), position);
  twins_restore (&twins);
  fuzz_source_assert_renders (twins.source, twins.restored);
  twins_clear (&twins);
  return 0;
}
