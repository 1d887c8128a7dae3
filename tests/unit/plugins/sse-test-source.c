/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-test-source.h"

#include <string.h>

extern const SsePluginInfo sse_plugin_info;

/* 2024-05-06T07:08:09.123Z, and microseconds that no text of the stream shows. */
#define START G_GINT64_CONSTANT (1714979289123456)

/**
 * sse_test_source_new:
 *
 * Returns: (transfer full): the linked plugin's source without settings and with an empty state
 */
SseTestSource *
sse_test_source_new (void)
{
  SseTestSource *self = g_new0 (SseTestSource, 1);
  g_autoptr (GVariant) settings = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GError) error = NULL;

  self->source = g_object_new (sse_plugin_info.get_type (), NULL);
  self->batch = sse_batch_new ();
  self->now = START;
  sse_source_configure (self->source, settings, &error);
  g_assert_no_error (error);
  return self;
}

/* A new source with the state of @self, by way of the saved bytes. */
SseTestSource *
sse_test_source_new_restored (SseTestSource *self)
{
  SseTestSource *restored = sse_test_source_new ();
  g_autoptr (GVariant) saved = sse_source_save (self->source);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (saved);
  g_autoptr (GVariant) state
      = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (saved), bytes, FALSE));
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_source_restore (restored->source, state, &error));
  g_assert_no_error (error);
  restored->now = self->now;
  restored->position = self->position;
  return restored;
}

/* Frees it, and asserts that nothing else holds on to the source. */
void
sse_test_source_free (SseTestSource *self)
{
  g_assert_finalize_object (self->source);
  sse_batch_free (self->batch);
  g_free (self);
}

/* @text with every ' made a ". */
char *
sse_test_json (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

/**
 * sse_test_source_publish:
 * @stream: the stream it is for: the source's own, or one that it follows
 * @audience: (nullable): for whom
 * @json: the update, with ' for "
 * @error: where it is refused
 *
 * Validates and applies an update as the hub would.
 *
 * Returns: the verdict, %SSE_VERDICT_REFUSED also for a wrong shape
 */
SseVerdict
sse_test_source_publish (
    SseTestSource *self, const char *stream, const char *audience, const char *json, GError **error)
{
  char *text = sse_test_json (json);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  g_autoptr (SseUpdate) update = sse_update_new (stream, audience, bytes);

  sse_batch_clear (self->batch);
  if (!sse_update_parse (update, error))
    return SSE_VERDICT_REFUSED;
  if (g_str_equal (stream, sse_source_get_stream (self->source))
      && !sse_source_validate (self->source, update, error))
    return SSE_VERDICT_REFUSED;
  sse_update_set_accepted (update, self->now);
  sse_update_set_position (update, ++self->position);
  return sse_source_apply (self->source, update, self->batch, error);
}

/* Publishes to the source's own stream and asserts that it is applied. */
void
sse_test_source_apply (SseTestSource *self, const char *audience, const char *format, ...)
{
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;
  SseVerdict verdict;
  va_list args;

  va_start (args, format);
  json = g_strdup_vprintf (format, args);
  va_end (args);
  verdict = sse_test_source_publish (self, sse_source_get_stream (self->source), audience, json,
                                     &error);
  g_assert_no_error (error);
  g_assert_cmpint (verdict, ==, SSE_VERDICT_APPLIED);
}

/* Asserts that nothing was yielded and that the state is still @before. */
static void
assert_nothing_happened (SseTestSource *self, GBytes *before)
{
  g_autoptr (GBytes) after = sse_test_source_save (self);
  const SseView *views = sse_source_get_views (self->source);

  g_assert_true (g_bytes_equal (before, after));
  g_assert_null (sse_batch_get_event_type (self->batch));
  for (guint i = 0; views[i].initial_type != NULL; i++)
    sse_test_source_assert_touch (self, i, SSE_TOUCH_NONE);
}

/* Publishes and asserts that it is accepted and changes nothing. */
void
sse_test_source_unchanged (SseTestSource *self, const char *audience, const char *json)
{
  g_autoptr (GBytes) before = sse_test_source_save (self);
  g_autoptr (GError) error = NULL;
  SseVerdict verdict = sse_test_source_publish (self, sse_source_get_stream (self->source),
                                                audience, json, &error);

  g_assert_no_error (error);
  g_assert_cmpint (verdict, ==, SSE_VERDICT_UNCHANGED);
  assert_nothing_happened (self, before);
}

static void
refuse (
    SseTestSource *self, const char *audience, const char *json, SseError code, const char *message)
{
  g_autoptr (GBytes) before = sse_test_source_save (self);
  g_autoptr (GError) error = NULL;
  SseVerdict verdict = sse_test_source_publish (self, sse_source_get_stream (self->source),
                                                audience, json, &error);

  g_assert_cmpint (verdict, ==, SSE_VERDICT_REFUSED);
  g_assert_error (error, SSE_ERROR, (int) code);
  if (!g_str_has_prefix (error->message, message))
    g_error ("“%s” does not begin with “%s”", error->message, message);
  assert_nothing_happened (self, before);
}

/* Publishes an update of the right shape and asserts that it is refused with a message that begins
 * with @message, and changes nothing. */
void
sse_test_source_refuse (SseTestSource *self,
                        const char *audience,
                        const char *json,
                        const char *message)
{
  refuse (self, audience, json, SSE_ERROR_REFUSED, message);
}

/* Like sse_test_source_refuse(), for an update of the wrong shape. */
void
sse_test_source_refuse_invalid (SseTestSource *self, const char *json, const char *message)
{
  refuse (self, NULL, json, SSE_ERROR_INVALID_UPDATE, message);
}

/* The members of a view as @audience sees it. */
char *
sse_test_source_render (SseTestSource *self, guint view, const char *audience)
{
  GString *members = g_string_new (NULL);

  sse_source_render (self->source, &sse_source_get_views (self->source)[view], audience, members);
  return g_string_free (members, FALSE);
}

void
sse_test_source_assert_view (SseTestSource *self,
                             guint view,
                             const char *audience,
                             const char *members)
{
  g_autofree char *rendered = sse_test_source_render (self, view, audience);
  g_autofree char *expected = sse_test_json (members);

  g_assert_cmpstr (rendered, ==, expected);
}

/* Asserts what the last update appended; @event_type is NULL for nothing. */
void
sse_test_source_assert_event (SseTestSource *self, const char *event_type, const char *members)
{
  g_autofree char *expected = sse_test_json (members != NULL ? members : "");
  gsize length;

  g_assert_cmpstr (sse_batch_get_event_type (self->batch), ==, event_type);
  g_assert_cmpstr (sse_batch_get_members (self->batch, &length), ==, expected);
  g_assert_cmpuint (length, ==, strlen (expected));
}

void
sse_test_source_assert_touch (SseTestSource *self, guint view, SseTouch touch)
{
  const SseView *views = sse_source_get_views (self->source);

  g_assert_cmpint (sse_batch_get_touch (self->batch, &views[view]), ==, touch);
}

GBytes *
sse_test_source_save (SseTestSource *self)
{
  g_autoptr (GVariant) state = sse_source_save (self->source);

  return g_variant_get_data_as_bytes (state);
}

/* Asserts that two sources have the same state, to the byte. */
void
sse_test_source_assert_same (SseTestSource *self, SseTestSource *other)
{
  g_autoptr (GVariant) mine = sse_source_save (self->source);
  g_autoptr (GVariant) theirs = sse_source_save (other->source);
  g_autoptr (GBytes) my_bytes = g_variant_get_data_as_bytes (mine);
  g_autoptr (GBytes) their_bytes = g_variant_get_data_as_bytes (theirs);

  if (!g_bytes_equal (my_bytes, their_bytes))
    {
      g_autofree char *my_text = g_variant_print (mine, FALSE);
      g_autofree char *their_text = g_variant_print (theirs, FALSE);

      g_assert_cmpstr (my_text, ==, their_text);
      g_assert_not_reached ();
    }
}

/* Asserts that the saved state is @text, as g_variant_print() writes it. */
void
sse_test_source_assert_saved (SseTestSource *self, const char *text)
{
  g_autoptr (GVariant) state = sse_source_save (self->source);
  g_autofree char *printed = g_variant_print (state, FALSE);

  g_assert_cmpstr (printed, ==, text);
}

/* Asserts that the linked plugin's source does not take @text, as g_variant_parse() reads it, for a
 * saved state, and says why with @message. */
void
sse_test_source_assert_bad (const char *text, const char *message)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_false (sse_source_restore (test->source, state, &error));
  g_assert_nonnull (error);
  if (!g_str_has_prefix (error->message, message))
    g_error ("“%s” does not begin with “%s”", error->message, message);
}
