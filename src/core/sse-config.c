/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "sse-config-value.h"

typedef struct
{
  char *value;
  char *origin; /* a file's path or an option's name */
} Entry;

struct _SseConfig
{
  GHashTable *groups; /* name → (key → Entry) */
  GHashTable *known;  /* names of groups that a table was asked for */
  char *credentials_dir;
};

G_DEFINE_QUARK (sse_config_error_quark, sse_config_error)

static void
entry_free (Entry *entry)
{
  g_free (entry->value);
  g_free (entry->origin);
  g_free (entry);
}

/**
 * sse_config_new:
 * @credentials_dir: (nullable): where systemd put credentials, its `$CREDENTIALS_DIRECTORY`
 *
 * Returns: (transfer full): a configuration in which nothing is said
 */
SseConfig *
sse_config_new (const char *credentials_dir)
{
  SseConfig *self = g_new0 (SseConfig, 1);

  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) g_hash_table_unref);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->credentials_dir = g_strdup (credentials_dir);
  return self;
}

void
sse_config_free (SseConfig *self)
{
  g_hash_table_unref (self->groups);
  g_hash_table_unref (self->known);
  g_free (self->credentials_dir);
  g_free (self);
}

/**
 * sse_config_set:
 * @origin: where it was said, for messages: a file's path, "--listen"
 *
 * Says what a key is, in place of what was said before.
 */
void
sse_config_set (
    SseConfig *self, const char *group, const char *key, const char *value, const char *origin)
{
  GHashTable *keys = g_hash_table_lookup (self->groups, group);
  Entry *entry = g_new0 (Entry, 1);

  if (keys == NULL)
    {
      keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) entry_free);
      g_hash_table_insert (self->groups, g_strdup (group), keys);
    }
  entry->value = g_strdup (value);
  entry->origin = g_strdup (origin);
  g_hash_table_replace (keys, g_strdup (key), entry);
}

/* The key file at @path; %NULL with an error. GKeyFile itself lets any bytes pass, in names too. */
static GKeyFile *
read_file (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *content = NULL;
  const char *invalid;
  gsize length;

  if (!g_file_get_contents (path, &content, &length, error))
    return NULL;
  if (!g_utf8_validate_len (content, length, &invalid))
    {
      g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
                   _ ("not UTF-8 at byte %zu"), (gsize) (invalid - content));
      return NULL;
    }
  if (!g_key_file_load_from_data (file, content, length, G_KEY_FILE_NONE, error))
    return NULL;
  return g_steal_pointer (&file);
}

static gboolean
load_file (SseConfig *self, const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GKeyFile) file = read_file (path, &local);
  g_auto (GStrv) groups = NULL;

  if (file == NULL)
    {
      /* One that cannot be opened is named already. */
      if (local->domain == G_FILE_ERROR)
        g_set_error_literal (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE, local->message);
      else
        g_set_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE, _ ("%s: %s"), path,
                     local->message);
      return FALSE;
    }

  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group != NULL; group++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, *group, NULL, NULL);

      for (char **key = keys; key != NULL && *key != NULL; key++)
        {
          g_autofree char *value = g_key_file_get_value (file, *group, *key, NULL);

          sse_config_set (self, *group, *key, g_strstrip (value), path);
        }
    }
  return TRUE;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The paths of all *.conf in @directory, sorted; empty where there is no such directory. NULL with
 * an error where it can't be read: what it says may be what keeps somebody out. */
static GPtrArray *
list_drop_ins (const char *directory, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  /* GLib is not asked for an error that is none: sse_language_settle() comes later. */
  if (access (directory, F_OK) < 0 && errno == ENOENT)
    return g_steal_pointer (&paths);
  dir = g_dir_open (directory, 0, &local);
  if (dir == NULL)
    {
      g_set_error_literal (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE, local->message);
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".conf"))
      g_ptr_array_add (paths, g_build_filename (directory, name, NULL));
  g_ptr_array_sort (paths, compare_names);
  return g_steal_pointer (&paths);
}

/**
 * sse_config_load:
 * @path: a key file; those in the directory `PATH.d` whose names end in `.conf` come after it
 * @required: whether it is an error that there is no such file
 * @error: %SSE_CONFIG_ERROR_UNREADABLE
 */
gboolean
sse_config_load (SseConfig *self, const char *path, gboolean required, GError **error)
{
  g_autofree char *directory = g_strconcat (path, ".d", NULL);
  g_autoptr (GPtrArray) drop_ins = list_drop_ins (directory, error);

  if (drop_ins == NULL)
    return FALSE;
  if ((required || g_file_test (path, G_FILE_TEST_EXISTS)) && !load_file (self, path, error))
    return FALSE;
  for (guint i = 0; i < drop_ins->len; i++)
    if (!load_file (self, g_ptr_array_index (drop_ins, i), error))
      return FALSE;
  return TRUE;
}

/* Leaves a group unchecked: that of a plugin which cannot be loaded and so cannot say its keys. */
void
sse_config_ignore_group (SseConfig *self, const char *group)
{
  g_hash_table_add (self->known, g_strdup (group));
}

/**
 * sse_config_list_groups:
 *
 * Returns: (transfer full): the names of those groups in which something is said whose names begin
 *   with @prefix, sorted
 */
GStrv
sse_config_list_groups (SseConfig *self, const char *prefix)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  const char *name;

  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, (gpointer *) &name, NULL))
    if (g_str_has_prefix (name, prefix))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

static const Entry *
lookup (SseConfig *self, const char *group, const char *key)
{
  GHashTable *keys = g_hash_table_lookup (self->groups, group);

  return keys != NULL ? g_hash_table_lookup (keys, key) : NULL;
}

/**
 * sse_config_describe:
 *
 * Returns: (transfer full): how a message names this key: "/etc/rivulet/rivulet.conf: [http]
 * listen"
 */
char *
sse_config_describe (SseConfig *self, const char *group, const char *key)
{
  const Entry *entry = lookup (self, group, key);

  return entry != NULL ? g_strdup_printf ("%s: [%s] %s", entry->origin, group, key)
                       : g_strdup_printf ("[%s] %s", group, key);
}

/**
 * sse_config_fail:
 * @format: what is wrong with the key's value
 *
 * Sets %SSE_CONFIG_ERROR_INVALID with a message that begins with where the key was said.
 *
 * Returns: %FALSE
 */
gboolean
sse_config_fail (
    SseConfig *self, const char *group, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *where = sse_config_describe (self, group, key);
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_INVALID, _ ("%s: %s"), where, what);
  return FALSE;
}

/* What a setting's value is said to be, or NULL where nothing says it. */
static char *
find_text (SseConfig *self, const char *group, const SseSetting *setting)
{
  const Entry *entry = lookup (self, group, setting->key);

  if (entry != NULL)
    return g_strdup (entry->value);
  if (setting->type == SSE_SETTING_SECRET && self->credentials_dir != NULL)
    {
      g_autofree char *name = g_strdup_printf ("%s.%s", group, setting->key);
      g_autofree char *path = g_build_filename (self->credentials_dir, name, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  return g_strdup (setting->default_value);
}

static gboolean
check_keys (SseConfig *self, const char *group, const SseSetting *settings, GError **error)
{
  GHashTable *keys = g_hash_table_lookup (self->groups, group);
  GHashTableIter iter;
  const char *key;
  Entry *entry;

  if (keys == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, keys);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, (gpointer *) &entry))
    {
      const SseSetting *setting = settings;

      while (setting->key != NULL && strcmp (setting->key, key) != 0)
        setting++;
      if (setting->key == NULL)
        {
          g_autoptr (GString) there = g_string_new (NULL);

          for (setting = settings; setting->key != NULL; setting++)
            g_string_append_printf (there, "%s%s", there->len > 0 ? ", " : "", setting->key);
          g_set_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNKNOWN,
                       _ ("%s: [%s] %s: unknown key; there are: %s"), entry->origin, group, key,
                       there->str);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * sse_config_get_group:
 * @group: a group's name
 * @settings: its keys, ending with a %NULL key
 * @error: %SSE_CONFIG_ERROR_UNKNOWN, %SSE_CONFIG_ERROR_INVALID
 *
 * Checks what is said in a group, and reads its secrets.
 *
 * Returns: (transfer full): an a{sv} of every setting that is set or has a default
 */
GVariant *
sse_config_get_group (SseConfig *self,
                      const char *group,
                      const SseSetting *settings,
                      GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_hash_table_add (self->known, g_strdup (group));
  if (!check_keys (self, group, settings, error))
    return NULL;

  for (const SseSetting *setting = settings; setting->key != NULL; setting++)
    {
      g_autofree char *text = find_text (self, group, setting);
      GVariant *value;

      if (text == NULL)
        continue;
      value = sse_config_value_parse (self, group, setting, text, error);
      if (value == NULL)
        return NULL;
      g_variant_builder_add (&builder, "{sv}", setting->key, value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * sse_config_check_groups:
 * @error: %SSE_CONFIG_ERROR_UNKNOWN, naming a group that nothing has asked for
 */
gboolean
sse_config_check_groups (SseConfig *self, GError **error)
{
  GHashTableIter iter;
  const char *group;
  GHashTable *keys;

  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, (gpointer *) &group, (gpointer *) &keys))
    if (!g_hash_table_contains (self->known, group))
      {
        GHashTableIter entries;
        gpointer entry = NULL;

        g_hash_table_iter_init (&entries, keys);
        g_hash_table_iter_next (&entries, NULL, &entry);
        g_set_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNKNOWN,
                     _ ("%s: [%s]: unknown group: neither the daemon's nor a stream's name"),
                     entry != NULL ? ((Entry *) entry)->origin : "", group);
        return FALSE;
      }
  return TRUE;
}
