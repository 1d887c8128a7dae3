/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz-source.h"

#include "fuzz.h"

extern const SsePluginInfo sse_plugin_info;

/* The source of the plugin that this target is linked with, with an empty state. */
SseSource *
fuzz_source_new (void)
{
  SseSource *source = g_object_new (sse_plugin_info.get_type (), NULL);
  g_autoptr (GVariant) settings = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));

  g_assert_true (sse_source_configure (source, settings, NULL));
  return source;
}

/* A new source with a saved state, by way of its bytes. */
SseSource *
fuzz_source_new_restored (GVariant *saved)
{
  SseSource *source = fuzz_source_new ();
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (saved);
  g_autoptr (GVariant) state
      = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (saved), bytes, FALSE));
  g_autoptr (GError) error = NULL;

  sse_source_restore (source, state, &error);
  g_assert_no_error (error);
  return source;
}

/* Asserts that everyone and some users are shown JSON in every view, and the same by a source that
 * has the same state. */
void
fuzz_source_assert_renders (SseSource *source, SseSource *twin)
{
  static const char *const audiences[] = { NULL, "a", "b" };
  const SseView *views = sse_source_get_views (source);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (audiences); i++)
    for (const SseView *view = views; view->initial_type != NULL; view++)
      {
        g_autoptr (GString) members = g_string_new (NULL);
        g_autoptr (GString) twins = g_string_new (NULL);

        sse_source_render (source, view, audiences[i], members);
        sse_source_render (twin, view, audiences[i], twins);
        g_assert_cmpstr (members->str, ==, twins->str);
        if (g_hash_table_add (seen, g_strdup (members->str)))
          fuzz_assert_json_members (members->str, members->len);
      }
}
