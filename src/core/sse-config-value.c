/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-config-value.h"

#include <inttypes.h>

#include <glib/gi18n-lib.h>

static char **
split_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (char **part = parts; *part != NULL; part++)
    if (*g_strstrip (*part) != '\0')
      g_strv_builder_add (builder, *part);
  return g_strv_builder_end (builder);
}

/* The content of @path less one line end, as ay; NULL with an error. */
static GVariant *
read_secret (
    SseConfig *self, const char *group, const SseSetting *setting, const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *content = NULL;
  gsize length;

  if (!g_file_get_contents (path, &content, &length, &local))
    {
      sse_config_fail (self, group, setting->key, error, "%s", local->message);
      return NULL;
    }
  if (length > 0 && content[length - 1] == '\n')
    length--;
  if (length > 0 && content[length - 1] == '\r')
    length--;
  if (length < (gsize) setting->minimum || length > (gsize) setting->maximum)
    {
      sse_config_fail (self, group, setting->key, error,
                       _ ("%s holds %zu bytes; there must be %" PRId64 " to %" PRId64), path,
                       length, setting->minimum, setting->maximum);
      return NULL;
    }
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, content, length, 1);
}

/* GLib's readers of numbers pass over some control characters, and none is ever meant. */
static gboolean
is_plain (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text) && *text != '\t')
      return FALSE;
  return TRUE;
}

/**
 * sse_config_value_parse:
 * @group: the group that the key is in, for messages
 * @text: what the key is said to be
 * @error: %SSE_CONFIG_ERROR_INVALID
 *
 * Returns: (transfer floating) (nullable): @text as a variant of the setting's type; of a secret,
 *   what its file holds
 */
GVariant *
sse_config_value_parse (
    SseConfig *self, const char *group, const SseSetting *setting, const char *text, GError **error)
{
  g_auto (GStrv) list = NULL;
  gint64 number;

  if (!is_plain (text))
    {
      sse_config_fail (self, group, setting->key, error,
                       _ ("not UTF-8, or with a control character in it"));
      return NULL;
    }
  switch (setting->type)
    {
    case SSE_SETTING_BOOLEAN:
      if (g_strcmp0 (text, "true") == 0 || g_strcmp0 (text, "false") == 0)
        return g_variant_new_boolean (*text == 't');
      sse_config_fail (self, group, setting->key, error, _ ("“%s” is neither true nor false"),
                       text);
      return NULL;
    case SSE_SETTING_INTEGER:
      if (g_ascii_string_to_signed (text, 10, setting->minimum, setting->maximum, &number, NULL))
        return g_variant_new_int64 (number);
      sse_config_fail (self, group, setting->key, error,
                       _ ("“%s” is not a number from %" PRId64 " to %" PRId64), text,
                       setting->minimum, setting->maximum);
      return NULL;
    case SSE_SETTING_STRINGS:
      list = split_list (text);
      return g_variant_new_strv ((const char *const *) list, -1);
    case SSE_SETTING_SECRET:
      return read_secret (self, group, setting, text, error);
    case SSE_SETTING_STRING:
    default:
      return g_variant_new_string (text);
    }
}
