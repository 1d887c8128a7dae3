/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-settings.h"

#include <string.h>

static const struct
{
  const char *name;
  const SseSetting *settings;
} groups[] = {
  { "http", sse_settings_http },       { "auth", sse_settings_auth },
  { "hub", sse_settings_hub },         { "log", sse_settings_log },
  { "clients", sse_settings_clients }, { "bus", sse_settings_bus },
  { "plugins", sse_settings_plugins }, { "operators", sse_settings_operators },
};

/* The file that is installed, as if its keys were not commented out. */
static GKeyFile *
load_uncommented (void)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GRegex) comment = g_regex_new ("^#([a-z-]+=)", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *content = NULL;
  g_autofree char *uncommented = NULL;

  g_file_get_contents (g_getenv ("DEFAULT_CONFIG"), &content, NULL, &error);
  g_assert_no_error (error);
  uncommented = g_regex_replace (comment, content, -1, 0, "\\1", 0, NULL);
  g_key_file_load_from_data (file, uncommented, (gsize) -1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&file);
}

/* What has no default that is the same everywhere: paths. */
static gboolean
is_path (const SseSetting *setting)
{
  return setting->type == SSE_SETTING_SECRET || strcmp (setting->key, "directory") == 0
         || setting == sse_settings_operators;
}

static void
test_every_key_is_there (void)
{
  g_autoptr (GKeyFile) file = load_uncommented ();

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const SseSetting *setting = groups[i].settings; setting->key != NULL; setting++)
      {
        g_autofree char *value = g_key_file_get_value (file, groups[i].name, setting->key, NULL);

        g_test_message ("[%s] %s", groups[i].name, setting->key);
        g_assert_nonnull (value);
        if (!is_path (setting))
          g_assert_cmpstr (value, ==, setting->default_value != NULL ? setting->default_value : "");
      }
}

static void
test_every_key_is_known (void)
{
  g_autoptr (GKeyFile) file = load_uncommented ();

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, groups[i].name, NULL, NULL);

      for (char **key = keys; *key != NULL; key++)
        {
          const SseSetting *setting = groups[i].settings;

          g_test_message ("[%s] %s", groups[i].name, *key);
          while (setting->key != NULL && strcmp (setting->key, *key) != 0)
            setting++;
          g_assert_nonnull (setting->key);
        }
    }
}

static void
test_every_key_is_in_the_manual (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  g_file_get_contents (g_getenv ("CONFIG_MANUAL"), &page, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const SseSetting *setting = groups[i].settings; setting->key != NULL; setting++)
      {
        g_auto (GStrv) parts = g_strsplit (setting->key, "-", -1);
        g_autofree char *escaped = g_strjoinv ("\\-", parts);
        g_autofree char *heading = g_strdup_printf ("\n.B %s\n", escaped);

        g_test_message ("[%s] %s", groups[i].name, setting->key);
        g_assert_nonnull (strstr (page, heading));
      }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/default-config/every-key-is-there", test_every_key_is_there);
  g_test_add_func ("/cli/default-config/every-key-is-known", test_every_key_is_known);
  g_test_add_func ("/cli/default-config/every-key-is-in-the-manual",
                   test_every_key_is_in_the_manual);
  return g_test_run ();
}
