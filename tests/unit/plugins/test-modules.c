/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-plugin.h"

static const struct
{
  const char *name;
  gboolean receiver;
} plugins[] = {
  { "github-events", TRUE },
  { "posts-stats", FALSE },
  { "quota", FALSE },
  { "events-count", FALSE },
};

static const SsePluginInfo *
load (const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s.so", name);
  g_autofree char *path = g_build_filename (g_getenv ("SSE_TEST_PLUGIN_DIR"), file, NULL);
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  g_autofree char *get_type = NULL;
  gpointer symbol = NULL;

  if (module == NULL)
    g_error ("%s", g_module_error ());
  g_module_make_resident (module);
  g_assert_true (g_module_symbol (module, SSE_PLUGIN_SYMBOL, &symbol));

  get_type = g_strdup_printf ("sse_%s_get_type", name);
  g_strdelimit (get_type, "-", '_');
  g_assert_false (g_module_symbol (module, get_type, &(gpointer){ NULL }));
  return symbol;
}

static void
test_module (gconstpointer data)
{
  const char *name = plugins[GPOINTER_TO_UINT (data)].name;
  const SsePluginInfo *info = load (name);
  g_autoptr (GObject) source = NULL;

  g_assert_cmpuint (info->abi_version, ==, SSE_PLUGIN_ABI);
  g_assert_cmpuint (info->struct_size, ==, sizeof (SsePluginInfo));
  g_assert_cmpstr (info->name, ==, name);
  g_assert_nonnull (info->version);
  g_assert_true (g_type_is_a (info->get_type (), SSE_TYPE_SOURCE));

  source = g_object_new (info->get_type (), NULL);
  g_assert_cmpstr (sse_source_get_stream (SSE_SOURCE (source)), ==, name);
  g_assert_cmpint (SSE_IS_RECEIVER (source), ==, plugins[GPOINTER_TO_UINT (data)].receiver);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (plugins); i++)
    {
      g_autofree char *path = g_strdup_printf ("/modules/%s", plugins[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_module);
    }
  return g_test_run ();
}
