/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-plugin-loader.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define DOMAIN     "rivulet-plugins"
#define OF_ITS_OWN ((SsePluginError) -1) /* an error that the plugin itself sets */

/* Loads the probes of these names, in their order, from a directory with nothing else in it. */
static GPtrArray *
load (const char *const *probes)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  GPtrArray *plugins;

  for (guint i = 0; probes[i] != NULL; i++)
    {
      g_autofree char *target
          = g_strdup_printf ("%s/probe-%s.so", g_getenv ("PROBE_DIR"), probes[i]);
      g_autofree char *link = g_strdup_printf ("%s/%u-%s.so", dir, i, probes[i]);

      g_assert_no_errno (symlink (target, link));
    }
  plugins = sse_plugins_load (dir, &error);
  g_assert_no_error (error);

  for (guint i = 0; probes[i] != NULL; i++)
    {
      g_autofree char *link = g_strdup_printf ("%s/%u-%s.so", dir, i, probes[i]);

      g_unlink (link);
    }
  g_rmdir (dir);
  return plugins;
}

static void
assert_disabled (GPtrArray *plugins, guint index, SsePluginError code, const char *part)
{
  SsePlugin *plugin = g_ptr_array_index (plugins, index);

  g_assert_null (plugin->source);
  g_assert_nonnull (plugin->error);
  if (code != OF_ITS_OWN)
    g_assert_error (plugin->error, SSE_PLUGIN_ERROR, (gint) code);
  g_test_message ("%s", plugin->error->message);
  g_assert_nonnull (strstr (plugin->error->message, part));
}

static void
test_good (void)
{
  const char *const probes[] = { "good", "other-stream", NULL };
  g_autoptr (GPtrArray) plugins = load (probes);
  SsePlugin *plugin;

  g_assert_cmpuint (plugins->len, ==, 2);
  plugin = g_ptr_array_index (plugins, 0);
  g_assert_no_error (plugin->error);
  g_assert_cmpstr (sse_source_get_stream (plugin->source), ==, "probe");
  g_assert_cmpstr (plugin->version, ==, "1");
  plugin = g_ptr_array_index (plugins, 1);
  g_assert_cmpstr (sse_source_get_stream (plugin->source), ==, "other");
}

typedef struct
{
  const char *probe;
  SsePluginError code;
  const char *part;
} Bad;

/* What is wrong with one leaves the next one running. */
static void
test_bad (gconstpointer data)
{
  const Bad *bad = data;
  const char *const probes[] = { bad->probe, "good", NULL };
  g_autoptr (GPtrArray) plugins = NULL;

  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*disabled*");
  plugins = load (probes);
  g_test_assert_expected_messages ();
  assert_disabled (plugins, 0, bad->code, bad->part);
  g_assert_nonnull (((SsePlugin *) g_ptr_array_index (plugins, 1))->source);
}

static void
test_no_shared_object (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "text.so", NULL);
  g_autofree char *other = g_build_filename (dir, "README", NULL);
  g_autoptr (GPtrArray) plugins = NULL;

  g_assert_true (g_file_set_contents (file, "not a shared object", -1, NULL));
  g_assert_true (g_file_set_contents (other, "not looked at", -1, NULL));
  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*disabled*");
  plugins = sse_plugins_load (dir, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (plugins->len, ==, 1);
  assert_disabled (plugins, 0, SSE_PLUGIN_ERROR_OPEN, "text.so");
  g_assert_cmpstr (((SsePlugin *) g_ptr_array_index (plugins, 0))->name, ==, "text");
  g_unlink (file);
  g_unlink (other);
  g_rmdir (dir);
}

/* What is said of it on the bus is UTF-8, whatever its file is called. */
static void
test_no_utf8 (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "caf\xe9.so", NULL);
  g_autoptr (GPtrArray) plugins = NULL;
  const SsePlugin *plugin;

  g_assert_true (g_file_set_contents (file, "not a shared object", -1, NULL));
  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*disabled*");
  plugins = sse_plugins_load (dir, NULL);
  g_test_assert_expected_messages ();
  assert_disabled (plugins, 0, SSE_PLUGIN_ERROR_OPEN, "caf\xef\xbf\xbd.so");
  plugin = g_ptr_array_index (plugins, 0);
  g_assert_cmpstr (plugin->name, ==, "caf\xef\xbf\xbd");
  g_assert_true (g_utf8_validate (plugin->file, -1, NULL));
  g_unlink (file);
  g_rmdir (dir);
}

/* Those in folders come after the directory's own, whatever they are called; a link that leads
 * back is not followed. */
static void
test_folders (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (dir, "a", NULL);
  g_autofree char *inner = g_build_filename (folder, "b", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop", NULL);
  g_autofree char *good = g_strdup_printf ("%s/probe-good.so", g_getenv ("PROBE_DIR"));
  g_autofree char *other = g_strdup_printf ("%s/probe-other-stream.so", g_getenv ("PROBE_DIR"));
  g_autofree char *own = g_build_filename (dir, "z.so", NULL);
  g_autofree char *another = g_build_filename (inner, "a.so", NULL);
  g_autoptr (GPtrArray) plugins = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  g_assert_no_errno (symlink (dir, loop));
  g_assert_no_errno (symlink (good, own));
  g_assert_no_errno (symlink (other, another));
  plugins = sse_plugins_load (dir, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (plugins->len, ==, 2);
  g_assert_cmpstr (((SsePlugin *) plugins->pdata[0])->file, ==, own);
  g_assert_cmpstr (((SsePlugin *) plugins->pdata[1])->file, ==, another);
  g_assert_nonnull (((SsePlugin *) plugins->pdata[1])->source);
  g_unlink (another);
  g_unlink (own);
  g_unlink (loop);
  g_rmdir (inner);
  g_rmdir (folder);
  g_rmdir (dir);
}

/* What is hidden, and what plugins in folders bring for themselves, is no plugin. */
static void
test_not_looked_at (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autofree char *good = g_strdup_printf ("%s/probe-good.so", g_getenv ("PROBE_DIR"));
  g_autofree char *hidden = g_build_filename (dir, ".debug", NULL);
  g_autofree char *outer = g_build_filename (dir, "a", NULL);
  g_autofree char *inner = g_build_filename (outer, "b", NULL);
  g_autofree char *deepest = g_build_filename (inner, "lib", NULL);
  const char *const folders[] = { hidden, deepest, inner, outer, dir };
  g_autofree char *copy = g_build_filename (hidden, "good.so", NULL);
  g_autofree char *unfinished = g_build_filename (dir, ".good.so", NULL);
  g_autofree char *library = g_build_filename (deepest, "good.so", NULL);
  const char *const links[] = { copy, unfinished, library };
  g_autoptr (GPtrArray) plugins = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_mkdir (hidden, 0700));
  g_assert_no_errno (g_mkdir_with_parents (deepest, 0700));
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    g_assert_no_errno (symlink (good, links[i]));
  plugins = sse_plugins_load (dir, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (plugins->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    g_unlink (links[i]);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    g_rmdir (folders[i]);
}

/* A folder that can't be read is as a plugin that can't be: nobody else has to do without. */
static void
test_a_closed_folder (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-plugins-XXXXXX", NULL);
  g_autofree char *closed = g_build_filename (dir, "closed", NULL);
  g_autoptr (GPtrArray) plugins = NULL;
  g_autoptr (GError) error = NULL;
  uid_t self = geteuid ();

  g_assert_no_errno (g_mkdir (closed, 0));
  g_assert_no_errno (g_chmod (dir, 0755));
  /* Root can read all. */
  if (self == 0)
    g_assert_no_errno (seteuid (65534));
  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*/closed: disabled: *");
  plugins = sse_plugins_load (dir, &error);
  g_assert_no_errno (seteuid (self));
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  g_assert_cmpuint (plugins->len, ==, 1);
  assert_disabled (plugins, 0, OF_ITS_OWN, "/closed");
  g_assert_error (((SsePlugin *) plugins->pdata[0])->error, G_FILE_ERROR, G_FILE_ERROR_ACCES);
  g_assert_cmpstr (((SsePlugin *) plugins->pdata[0])->name, ==, "closed");
  g_rmdir (closed);
  g_rmdir (dir);
}

static void
test_duplicates (void)
{
  const char *const probes[] = { "good", "good", "same-path", NULL };
  g_autoptr (GPtrArray) plugins = NULL;

  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*1-good.so*probe is *0-good.so's already*");
  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*/probe/stream is *0-good.so's already*");
  plugins = load (probes);
  g_test_assert_expected_messages ();
  g_assert_nonnull (((SsePlugin *) g_ptr_array_index (plugins, 0))->source);
  assert_disabled (plugins, 1, SSE_PLUGIN_ERROR_DUPLICATE, "probe");
  assert_disabled (plugins, 2, SSE_PLUGIN_ERROR_DUPLICATE, "/probe/stream");
}

static void
test_no_directory (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sse_plugins_load ("/nonexistent/plugins", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void
test_configure (void)
{
  const char *const probes[] = { "good", "other-stream", NULL };
  g_autoptr (GPtrArray) plugins = load (probes);
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  SsePlugin *plugin = g_ptr_array_index (plugins, 0);
  g_autoptr (GError) error = NULL;

  sse_config_set (config, "probe", "greeting", "nothing", "test");
  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*disabled: nothing is no greeting");
  g_assert_true (sse_plugins_configure (plugins, config, &error));
  g_test_assert_expected_messages ();
  g_assert_null (plugin->source);
  g_assert_nonnull (((SsePlugin *) g_ptr_array_index (plugins, 1))->source);
  g_assert_true (sse_config_check_groups (config, NULL));

  sse_config_set (config, "other", "greetin", "hello", "test");
  g_assert_false (sse_plugins_configure (plugins, config, &error));
  g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNKNOWN);
}

/* Keeps what each was given, as "STREAM GREETING;". */
static gboolean
configure_and_tell (SsePlugin *plugin, GVariant *settings, gpointer told, GError **error)
{
  const char *greeting;

  g_assert_true (g_variant_lookup (settings, "greeting", "&s", &greeting));
  g_string_append_printf (told, "%s %s;", sse_source_get_stream (plugin->source), greeting);
  return sse_source_configure (plugin->source, settings, error);
}

static gboolean
reconfigure (
    GPtrArray *plugins, const char *probe, const char *other, GString *told, GError **error)
{
  g_autoptr (SseConfig) config = sse_config_new (NULL);

  g_string_truncate (told, 0);
  sse_config_set (config, "probe", "greeting", probe, "test");
  sse_config_set (config, "other", "greeting", other, "test");
  return sse_plugins_reconfigure (plugins, config, configure_and_tell, told, error);
}

/* All or nothing, and nothing for those that have what they had. */
static void
test_reconfigure (void)
{
  const char *const probes[] = { "good", "other-stream", NULL };
  g_autoptr (GPtrArray) plugins = load (probes);
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_plugins_configure (plugins, config, &error));
  g_assert_true (reconfigure (plugins, "hello", "hello", told, &error));
  g_assert_cmpstr (told->str, ==, "");
  g_assert_true (reconfigure (plugins, "hi", "hello", told, &error));
  g_assert_cmpstr (told->str, ==, "probe hi;");
  g_assert_true (reconfigure (plugins, "hi", "ho", told, &error));
  g_assert_cmpstr (told->str, ==, "other ho;");

  g_assert_false (reconfigure (plugins, "hey", "nothing", told, &error));
  g_assert_cmpstr (error->message, ==, "nothing is no greeting");
  g_assert_cmpstr (told->str, ==, "probe hey;other nothing;probe hi;");
  g_clear_error (&error);
  g_assert_true (reconfigure (plugins, "hi", "ho", told, &error));
  g_assert_cmpstr (told->str, ==, "");

  sse_config_set (config, "probe", "greeting", "hey", "test");
  sse_config_set (config, "nobody", "greeting", "hey", "test");
  g_assert_false (sse_plugins_reconfigure (plugins, config, configure_and_tell, told, &error));
  g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNKNOWN);
  g_assert_cmpstr (told->str, ==, "");
}

/* One that is disabled stays so, and its group is left alone. */
static void
test_reconfigure_disabled (void)
{
  const char *const probes[] = { "wrong-abi", "good", NULL };
  g_autoptr (GPtrArray) plugins = NULL;
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_test_expect_message (DOMAIN, G_LOG_LEVEL_WARNING, "*disabled*");
  plugins = load (probes);
  g_test_assert_expected_messages ();
  g_assert_true (sse_plugins_configure (plugins, config, &error));
  sse_config_set (config, "probe", "greeting", "hi", "test");
  sse_config_set (config, ((SsePlugin *) plugins->pdata[0])->name, "key", "value", "test");
  g_assert_true (sse_plugins_reconfigure (plugins, config, configure_and_tell, told, &error));
  g_assert_cmpstr (told->str, ==, "probe hi;");
}

int
main (int argc, char **argv)
{
  static const Bad bad[] = {
    { "no-symbol", SSE_PLUGIN_ERROR_SYMBOL, "sse_plugin_info" },
    { "wrong-abi", SSE_PLUGIN_ERROR_ABI, "version 2" },
    { "wrong-type", SSE_PLUGIN_ERROR_TYPE, "GObject" },
    { "failing-construction", OF_ITS_OWN, "cannot be made today" },
    { "incomplete", SSE_PLUGIN_ERROR_TYPE, "leaves out" },
    { "bad-name", SSE_PLUGIN_ERROR_TYPE, "name" },
    { "reserved-stream", SSE_PLUGIN_ERROR_TYPE, "daemon's own" },
    { "reserved-group", SSE_PLUGIN_ERROR_TYPE, "daemon's own" },
    { "bad-path", SSE_PLUGIN_ERROR_TYPE, "path" },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/plugin-loader/good", test_good);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/core/plugin-loader/bad/", bad[i].probe, NULL);

      g_test_add_data_func (path, &bad[i], test_bad);
    }
  g_test_add_func ("/core/plugin-loader/no-shared-object", test_no_shared_object);
  g_test_add_func ("/core/plugin-loader/no-utf8", test_no_utf8);
  g_test_add_func ("/core/plugin-loader/folders", test_folders);
  g_test_add_func ("/core/plugin-loader/not-looked-at", test_not_looked_at);
  g_test_add_func ("/core/plugin-loader/a-closed-folder", test_a_closed_folder);
  g_test_add_func ("/core/plugin-loader/duplicates", test_duplicates);
  g_test_add_func ("/core/plugin-loader/no-directory", test_no_directory);
  g_test_add_func ("/core/plugin-loader/configure", test_configure);
  g_test_add_func ("/core/plugin-loader/reconfigure", test_reconfigure);
  g_test_add_func ("/core/plugin-loader/reconfigure-disabled", test_reconfigure_disabled);
  return g_test_run ();
}
