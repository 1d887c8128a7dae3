/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-plugins"

#include "config.h"

#include "sse-plugin-loader.h"

#include <locale.h>
#include <string.h>

#include <gio/gio.h>

#include "sse-journal.h"
#include "sse-plugin.h"
#include "sse-revocations.h"
#include "sse-settings.h"

#define SUFFIX "." G_MODULE_SUFFIX

/* How deep plugins are in folders: where others are mounted, and one of each there. What they bring
 * for themselves lies deeper. */
#define MAX_DEPTH 2

G_DEFINE_QUARK (sse_plugin_error_quark, sse_plugin_error)

/* Named after @path, as long as it does not say its name. What the bus shows of it is UTF-8. */
static SsePlugin *
plugin_new (const char *path)
{
  SsePlugin *plugin = g_new0 (SsePlugin, 1);

  plugin->file = g_utf8_make_valid (path, -1);
  plugin->name = g_path_get_basename (plugin->file);
  if (g_str_has_suffix (plugin->name, SUFFIX))
    plugin->name[strlen (plugin->name) - strlen (SUFFIX)] = '\0';
  return plugin;
}

static void
plugin_free (SsePlugin *plugin)
{
  g_free (plugin->file);
  g_free (plugin->name);
  g_free (plugin->version);
  g_clear_object (&plugin->source);
  g_clear_pointer (&plugin->settings, g_variant_unref);
  g_clear_error (&plugin->error);
  g_free (plugin);
}

/* Takes @error, which a plugin may have left out. */
static void
disable (SsePlugin *plugin, GError *error)
{
  g_autofree char *said = NULL;

  if (error == NULL)
    error = g_error_new_literal (SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_TYPE,
                                 "it failed without saying why");
  said = error->message;
  error->message = g_utf8_make_valid (said, -1);
  sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_STREAM_DISABLED,
               SSE_JOURNAL_FIELDS ({ "SSE_STREAM", plugin->name }), "%s: disabled: %s",
               plugin->file, error->message);
  g_clear_object (&plugin->source);
  plugin->error = error;
}

/* The plugin's symbol once its ABI is known to be ours: nothing of it has been called yet. */
static const SsePluginInfo *
open_module (const char *path, GError **error)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  const SsePluginInfo *info;
  gpointer symbol;

  if (module == NULL)
    {
      g_set_error (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_OPEN, "%s", g_module_error ());
      return NULL;
    }
  if (!g_module_symbol (module, SSE_PLUGIN_SYMBOL, &symbol) || symbol == NULL)
    {
      g_set_error (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_SYMBOL, "exports no symbol %s",
                   SSE_PLUGIN_SYMBOL);
      g_module_close (module);
      return NULL;
    }

  info = symbol;
  if (info->abi_version != SSE_PLUGIN_ABI || info->struct_size != sizeof *info)
    {
      g_set_error (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_ABI,
                   "built for version %u of the plugin interface, this is version %u; "
                   "build it anew",
                   info->abi_version, SSE_PLUGIN_ABI);
      g_module_close (module);
      return NULL;
    }

  g_module_make_resident (module); /* its types can't be taken back */
  return info;
}

static gboolean
is_complete (SseSource *source)
{
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (source);

  return iface->get_stream != NULL && iface->get_path != NULL && iface->get_views != NULL
         && iface->validate != NULL && iface->apply != NULL && iface->render != NULL
         && iface->has_audience != NULL && iface->save != NULL && iface->restore != NULL;
}

static gboolean
is_stream_name (const char *name)
{
  return name != NULL && g_regex_match_simple ("\\A[a-z][a-z0-9]*(-[a-z0-9]+)*\\z", name, 0, 0)
         && strlen (name) <= 64;
}

/* Whether the name is the daemon's own: of a group in its configuration, or of its own stream. */
static gboolean
is_reserved (const char *name)
{
  for (const SseSettingsGroup *group = sse_settings_groups; group->name != NULL; group++)
    if (strcmp (group->name, name) == 0)
      return TRUE;
  return strcmp (name, SSE_REVOCATIONS_STREAM) == 0;
}

static gboolean
is_path (const char *path)
{
  return path != NULL && g_regex_match_simple ("\\A(/[A-Za-z0-9_.~-]+)+\\z", path, 0, 0);
}

static gboolean
has_proper_views (SseSource *source)
{
  const SseView *views = sse_source_get_views (source);
  guint n = 0;

  if (views == NULL)
    return FALSE;
  for (; views[n].initial_type != NULL; n++)
    if (n == SSE_MAX_VIEWS || views[n].update_type == NULL)
      return FALSE;
  return n > 0;
}

static gboolean
check_source (SseSource *source, GError **error)
{
  const char *wrong = NULL;

  if (!is_complete (source))
    wrong = "its source leaves out a function that every source has";
  else if (!is_stream_name (sse_source_get_stream (source)))
    wrong = "its stream's name has more than a-z, 0-9 and single hyphens in it";
  else if (is_reserved (sse_source_get_stream (source)))
    wrong = "its stream's name is one of the daemon's own";
  else if (!is_path (sse_source_get_path (source)))
    wrong = "its path is none: it begins with / and has more behind each";
  else if (!has_proper_views (source))
    wrong = "its source has no view, too many, or one without event types";

  if (wrong != NULL)
    g_set_error_literal (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_TYPE, wrong);
  return wrong == NULL;
}

static SseSource *
construct (const SsePluginInfo *info, GError **error)
{
  g_autoptr (GObject) object = NULL;
  GType type = info->get_type != NULL ? info->get_type () : G_TYPE_INVALID;

  if (type == G_TYPE_INVALID || !G_TYPE_IS_OBJECT (type) || G_TYPE_IS_ABSTRACT (type)
      || !g_type_is_a (type, SSE_TYPE_SOURCE))
    {
      g_set_error (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_TYPE,
                   "its type %s is no class that implements SseSource",
                   type != G_TYPE_INVALID ? g_type_name (type) : "(none)");
      return NULL;
    }

  object = g_object_new (type, NULL);
  if (G_IS_INITABLE (object) && !g_initable_init (G_INITABLE (object), NULL, error))
    return NULL;
  if (!check_source (SSE_SOURCE (object), error))
    return NULL;
  return SSE_SOURCE (g_steal_pointer (&object));
}

static gboolean
check_duplicate (GPtrArray *plugins, SseSource *source, GError **error)
{
  for (guint i = 0; i < plugins->len; i++)
    {
      const SsePlugin *other = g_ptr_array_index (plugins, i);
      const char *what = NULL;

      if (other->source == NULL)
        continue;
      if (g_str_equal (sse_source_get_stream (other->source), sse_source_get_stream (source)))
        what = sse_source_get_stream (source);
      else if (g_str_equal (sse_source_get_path (other->source), sse_source_get_path (source)))
        what = sse_source_get_path (source);
      if (what != NULL)
        {
          g_set_error (error, SSE_PLUGIN_ERROR, SSE_PLUGIN_ERROR_DUPLICATE, "%s is %s's already",
                       what, other->file);
          return FALSE;
        }
    }
  return TRUE;
}

/* Takes @plugin and @error, of which there may be one where it has no source. */
static void
add (GPtrArray *plugins, SsePlugin *plugin, GError *error)
{
  if (plugin->source == NULL)
    disable (plugin, error);
  else
    g_debug ("%s: stream %s", plugin->file, sse_source_get_stream (plugin->source));
  g_ptr_array_add (plugins, plugin);
}

/* Loads the shared object at @path and adds it to @plugins, disabled where anything is wrong. */
static void
load (GPtrArray *plugins, const char *path)
{
  SsePlugin *plugin = plugin_new (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (SseSource) source = NULL;
  const SsePluginInfo *info = open_module (path, &error);

  if (info != NULL)
    {
      if (info->name != NULL)
        {
          g_free (plugin->name);
          plugin->name = g_utf8_make_valid (info->name, -1);
        }
      if (info->version != NULL)
        plugin->version = g_utf8_make_valid (info->version, -1);
      source = construct (info, &error);
      if (source != NULL && check_duplicate (plugins, source, &error))
        plugin->source = g_steal_pointer (&source);
    }
  add (plugins, plugin, g_steal_pointer (&error));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Loads what is in @directory, then what is in its folders, so many deep. A link to a folder is
 * none: it could lead back. What is hidden is no plugin: debuggers' copies of them are kept so. */
static gboolean
load_directory (GPtrArray *plugins, const char *directory, guint depth, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, error);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  locale_t language;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      if (*name == '.')
        continue;
      if (!g_file_test (path, G_FILE_TEST_IS_DIR))
        {
          if (g_str_has_suffix (name, SUFFIX))
            g_ptr_array_add (files, g_steal_pointer (&path));
        }
      else if (depth > 0 && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        g_ptr_array_add (folders, g_steal_pointer (&path));
    }
  g_ptr_array_sort (files, compare_names);
  g_ptr_array_sort (folders, compare_names);

  /* What is wrong with one is said on the bus: in English. */
  language = uselocale (LC_GLOBAL_LOCALE);
  for (guint i = 0; i < files->len; i++)
    load (plugins, g_ptr_array_index (files, i));
  for (guint i = 0; i < folders->len; i++)
    {
      const char *path = g_ptr_array_index (folders, i);
      g_autoptr (GError) local = NULL;

      if (!load_directory (plugins, path, depth - 1, &local))
        add (plugins, plugin_new (path), g_steal_pointer (&local));
    }
  uselocale (language);
  return TRUE;
}

/**
 * sse_plugins_load:
 * @directory: where the plugins are
 * @error: %G_FILE_ERROR where the directory can't be read
 *
 * Loads every shared object in @directory, in the order of their names, and then those in its
 * folders and in theirs, where others than the daemon's own are installed. What is wrong with one,
 * or with a folder, disables that one. What is hidden is not looked at.
 *
 * Returns: (transfer full) (element-type SsePlugin): all of them
 */
GPtrArray *
sse_plugins_load (const char *directory, GError **error)
{
  g_autoptr (GPtrArray) plugins = g_ptr_array_new_with_free_func ((GDestroyNotify) plugin_free);

  if (!load_directory (plugins, directory, MAX_DEPTH, error))
    return NULL;
  return g_steal_pointer (&plugins);
}

/* A plugin without source has none. */
static void
free_settings (gpointer settings)
{
  if (settings != NULL)
    g_variant_unref (settings);
}

/* The settings of each plugin with a source, NULL of another; NULL with an error. */
static GPtrArray *
read_settings (GPtrArray *plugins, SseConfig *config, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (free_settings);

  for (guint i = 0; i < plugins->len; i++)
    {
      const SsePlugin *plugin = g_ptr_array_index (plugins, i);
      GVariant *settings = NULL;

      if (plugin->source == NULL)
        sse_config_ignore_group (config, plugin->name);
      else
        {
          settings = sse_config_get_group (config, sse_source_get_stream (plugin->source),
                                           sse_source_get_settings (plugin->source), error);
          if (settings == NULL)
            return NULL;
        }
      g_ptr_array_add (all, settings);
    }
  return g_steal_pointer (&all);
}

/**
 * sse_plugins_configure:
 * @plugins: (element-type SsePlugin): what was loaded
 * @config: where each stream's group is
 * @error: what is wrong in @config: %SSE_CONFIG_ERROR
 *
 * Gives every source its settings. A source that does not take settings which its own table
 * allows is disabled; that is no error here.
 *
 * Returns: whether the configuration was in order
 */
gboolean
sse_plugins_configure (GPtrArray *plugins, SseConfig *config, GError **error)
{
  g_autoptr (GPtrArray) all = read_settings (plugins, config, error);
  locale_t language;

  if (all == NULL)
    return FALSE;
  language = uselocale (LC_GLOBAL_LOCALE);
  for (guint i = 0; i < plugins->len; i++)
    {
      SsePlugin *plugin = g_ptr_array_index (plugins, i);
      GError *refusal = NULL;

      if (plugin->source == NULL)
        continue;
      plugin->settings = g_steal_pointer (&all->pdata[i]);
      if (!sse_source_configure (plugin->source, plugin->settings, &refusal))
        disable (plugin, refusal);
    }
  uselocale (language);
  return TRUE;
}

/* Gives a plugin the settings at @place, where they are others than it has; those are there then.
 */
static gboolean
swap_settings (SsePlugin *plugin,
               gpointer *place,
               SsePluginsConfigure configure,
               gpointer user_data,
               GError **error)
{
  GVariant *settings = *place;

  if (settings == NULL || g_variant_equal (settings, plugin->settings))
    return TRUE;
  if (!configure (plugin, settings, user_data, error))
    return FALSE;
  *place = plugin->settings;
  plugin->settings = settings;
  return TRUE;
}

/**
 * sse_plugins_reconfigure:
 * @plugins: (element-type SsePlugin): what was configured before
 * @config: a new configuration, of which all other groups have been read
 * @configure: gives a plugin other settings
 * @user_data: for @configure
 * @error: what is wrong in @config, groups that are nobody's included, or why a source does not
 *   take its settings
 *
 * Gives those sources their settings that have others now. Where anything is wrong, all keep, or
 * get back, what they had.
 */
gboolean
sse_plugins_reconfigure (GPtrArray *plugins,
                         SseConfig *config,
                         SsePluginsConfigure configure,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr (GPtrArray) all = read_settings (plugins, config, error);
  guint n = 0;

  if (all == NULL || !sse_config_check_groups (config, error))
    return FALSE;
  while (n < plugins->len
         && swap_settings (plugins->pdata[n], &all->pdata[n], configure, user_data, error))
    n++;
  if (n == plugins->len)
    return TRUE;
  while (n-- > 0)
    swap_settings (plugins->pdata[n], &all->pdata[n], configure, user_data, NULL);
  return FALSE;
}
