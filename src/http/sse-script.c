/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-script.h"

#include <string.h>

#include <gio/gio.h>

#include "sse-web-resource.h"

#define FOLDER "/io/github/rivulet/web"

struct _SseScript
{
  GBytes *text; /* with a NUL behind it, as glib-compile-resources has it */
  char *etag;
};

static void
add_script (GHashTable *scripts, const char *path)
{
  g_autofree char *whole = g_strconcat (FOLDER, path, NULL);
  g_autofree char *sum = NULL;
  SseScript *self = g_new0 (SseScript, 1);

  self->text = g_resource_lookup_data (sse_web_get_resource (), whole, 0, NULL);
  sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, self->text);
  self->etag = g_strdup_printf ("\"%.32s\"", sum);
  g_hash_table_insert (scripts, g_strdup (path), self);
}

/* Adds those in a folder, whose path ends with a slash, and in those that are in it. */
static void
add_folder (GHashTable *scripts, const char *folder)
{
  g_autofree char *whole = g_strconcat (FOLDER, folder, NULL);
  g_auto (GStrv) names = g_resource_enumerate_children (sse_web_get_resource (), whole, 0, NULL);

  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *path = g_strconcat (folder, *name, NULL);

      if (g_str_has_suffix (path, "/"))
        add_folder (scripts, path);
      else
        add_script (scripts, path);
    }
}

/* path → SseScript */
static GHashTable *
get_scripts (void)
{
  static GHashTable *scripts = NULL;

  if (g_once_init_enter (&scripts))
    {
      GHashTable *found = g_hash_table_new (g_str_hash, g_str_equal);

      add_folder (found, "/");
      g_once_init_leave (&scripts, found);
    }
  return scripts;
}

/**
 * sse_script_find:
 * @path: such as "/rivulet.js", without a base path
 *
 * Returns: (transfer none) (nullable): what is served there
 */
const SseScript *
sse_script_find (const char *path)
{
  return g_hash_table_lookup (get_scripts (), path);
}

/**
 * sse_script_list_paths:
 *
 * Returns: (transfer container): all paths
 */
char **
sse_script_list_paths (void)
{
  return (char **) g_hash_table_get_keys_as_array (get_scripts (), NULL);
}

/* RFC 9110, section 13.1.2: any of a list, and weak ones are as good. */
static gboolean
is_current (const SseScript *self, const char *if_none_match)
{
  g_auto (GStrv) tags = g_strsplit (if_none_match, ",", -1);

  for (char **tag = tags; *tag != NULL; tag++)
    {
      const char *text = g_strstrip (*tag);

      if (g_str_has_prefix (text, "W/"))
        text += strlen ("W/");
      if (strcmp (text, "*") == 0 || strcmp (text, self->etag) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * sse_script_answer:
 * @if_none_match: (nullable): the request's If-None-Match
 *
 * Pages of all origins may have it: there is nothing of anybody's in it.
 *
 * Returns: (transfer full): the script, or that the client has it
 */
SseAnswer *
sse_script_answer (const SseScript *self, const char *if_none_match)
{
  SseAnswer *answer = if_none_match != NULL && is_current (self, if_none_match)
                          ? sse_answer_new (304, NULL, NULL)
                          : sse_answer_new (200, "text/javascript; charset=utf-8",
                                            g_bytes_get_data (self->text, NULL));

  sse_answer_add_field (answer, "ETag", self->etag);
  sse_answer_add_field (answer, "Cache-Control", "no-cache");
  sse_answer_add_field (answer, "Access-Control-Allow-Origin", "*");
  sse_answer_add_field (answer, "Cross-Origin-Resource-Policy", "cross-origin");
  sse_answer_add_field (answer, "X-Content-Type-Options", "nosniff");
  return answer;
}
