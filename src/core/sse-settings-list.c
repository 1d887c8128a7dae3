/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-settings-list.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-plugin-loader.h"
#include "sse-settings.h"

#define COLUMNS 100

static const char *const introduction = N_ (
    "Configuration of rivuletd; see rivulet.conf(5). Every key is here with its default, commented "
    "out. Files in rivulet.conf.d/ beside this one whose names end in .conf are read after it, in "
    "the order of their names: changes are best made there. \"rivuletd --check-config\" says "
    "whether rivuletd would start: what is not known is an error. rivuletd reads all this again "
    "when it gets SIGHUP; where it says \"Needs a restart\", that is not enough.");

/* Appends a text as lines of comment. Whatever spaces and line ends it has, it stays one. */
static void
append_comment (GString *list, const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  glong column = 1;

  g_string_append_c (list, '#');
  for (char **word = words; *word != NULL; word++)
    {
      glong length = g_utf8_strlen (*word, -1);

      if (length == 0)
        continue;
      if (column > 1 && column + 1 + length > COLUMNS)
        {
          g_string_append (list, "\n#");
          column = 1;
        }
      g_string_append_printf (list, " %s", *word);
      column += 1 + length;
    }
  g_string_append_c (list, '\n');
}

/* What is of another's plugin may be empty, which to gettext is the catalogue's own header. */
static const char *
translate (const char *text)
{
  return text != NULL && *text != '\0' ? g_dgettext (GETTEXT_PACKAGE, text) : "";
}

static void
append_sentence (GString *text, const char *sentence)
{
  g_string_append_printf (text, " %s", sentence);
}

/* What is to be known of a setting besides its help, in sentences. */
static void
append_type (GString *text, const SseSetting *setting)
{
  g_autofree char *sentence = NULL;

  switch (setting->type)
    {
    case SSE_SETTING_BOOLEAN:
      append_sentence (text, _ ("true or false."));
      break;
    case SSE_SETTING_INTEGER:
      sentence = g_strdup_printf (_ ("A number from %" PRId64 " to %" PRId64 "."), setting->minimum,
                                  setting->maximum);
      append_sentence (text, sentence);
      break;
    case SSE_SETTING_STRINGS:
      append_sentence (text, _ ("Several with ; between."));
      break;
    case SSE_SETTING_SECRET:
      sentence = g_strdup_printf (_ ("%" PRId64 " to %" PRId64 " bytes."), setting->minimum,
                                  setting->maximum);
      append_sentence (text, sentence);
      break;
    case SSE_SETTING_STRING:
    default:
      break;
    }
}

static void
append_credential (GString *text, const char *group, const char *key)
{
  g_autofree char *sentence = g_strdup_printf (
      _ ("systemd's credential %s.%s is taken where this is not set."), group, key);

  append_sentence (text, sentence);
}

static gboolean
is_at_start (const char *group, const char *key)
{
  for (const SseSettingsName *name = sse_settings_at_start; name->group != NULL; name++)
    if (strcmp (name->group, group) == 0 && strcmp (name->key, key) == 0)
      return TRUE;
  return FALSE;
}

static void
append_group (GString *list, const char *name, const SseSetting *settings, const char *help)
{
  /* One whose name is to be chosen is no group until that is done. */
  gboolean open = g_str_has_prefix (name, SSE_SETTINGS_KEY_PREFIX);

  g_string_append_printf (list, "\n%s[%s]\n", open ? "#" : "", name);
  if (help != NULL)
    append_comment (list, translate (help));
  for (const SseSetting *setting = settings; setting->key != NULL; setting++)
    {
      g_autoptr (GString) text = g_string_new (translate (setting->help));

      g_string_replace (text, "@STATE_DIR@", RIVULET_STATE_DIR, 0);
      append_type (text, setting);
      if (setting->type == SSE_SETTING_SECRET && !open)
        append_credential (text, name, setting->key);
      if (is_at_start (name, setting->key))
        append_sentence (text, _ ("Needs a restart."));
      g_string_append_c (list, '\n');
      append_comment (list, text->str);
      g_string_append_printf (list, "#%s=%s\n", setting->key,
                              setting->default_value != NULL ? setting->default_value : "");
    }
}

/**
 * sse_settings_list:
 * @plugins: (element-type SsePlugin): what was loaded
 *
 * Says all that can be configured, the daemon's own groups and then the plugins', in the form of a
 * configuration file in which every key is there with its default, commented out. The manual is
 * made from it (data/man/keys.py).
 *
 * Returns: (transfer full): UTF-8, in the language of the calling thread; of what another's plugin
 *   says of itself, no translation is known
 */
char *
sse_settings_list (GPtrArray *plugins)
{
  GString *list = g_string_new (NULL);

  append_comment (list, translate (introduction));
  for (const SseSettingsGroup *group = sse_settings_groups; group->name != NULL; group++)
    append_group (list, group->name, group->settings, group->help);
  for (guint i = 0; i < plugins->len; i++)
    {
      const SsePlugin *plugin = g_ptr_array_index (plugins, i);
      const SseSetting *settings;

      if (plugin->source == NULL)
        continue;
      settings = sse_source_get_settings (plugin->source);
      if (settings->key != NULL)
        append_group (list, sse_source_get_stream (plugin->source), settings,
                      _ ("The stream of that name."));
    }
  return g_string_free (list, FALSE);
}
