/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-asset.h"

#include <string.h>

struct _SseAsset
{
  const char *content_type;
  GBytes *text;
  char *tag; /* in its quotes */
};

static const struct
{
  const char *ending;
  const char *content_type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml; charset=utf-8" },
};

/**
 * sse_asset_new:
 * @content_type: what it is; outlives it
 * @text: the file, with a NUL behind its end
 */
SseAsset *
sse_asset_new (const char *content_type, GBytes *text)
{
  SseAsset *self = g_new0 (SseAsset, 1);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, text);

  self->content_type = content_type;
  self->text = g_bytes_ref (text);
  self->tag = g_strdup_printf ("\"%.32s\"", digest);
  return self;
}

void
sse_asset_free (SseAsset *self)
{
  g_bytes_unref (self->text);
  g_free (self->tag);
  g_free (self);
}

/* RFC 9110, section 13.1.2: any of a list, and weak ones are as good. */
static gboolean
is_current (const SseAsset *self, const char *if_none_match)
{
  g_auto (GStrv) tags = g_strsplit (if_none_match, ",", -1);

  for (char **tag = tags; *tag != NULL; tag++)
    {
      const char *text = g_strstrip (*tag);

      if (g_str_has_prefix (text, "W/"))
        text += strlen ("W/");
      if (strcmp (text, "*") == 0 || strcmp (text, self->tag) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * sse_asset_answer:
 * @if_none_match: (nullable): the request's If-None-Match
 *
 * Returns: (transfer full): the file, or 304 to who has it. It may be kept, but not used without
 *   asking: after an upgrade a page and its scripts are of one version
 */
SseAnswer *
sse_asset_answer (const SseAsset *self, const char *if_none_match)
{
  SseAnswer *answer
      = if_none_match != NULL && is_current (self, if_none_match)
            ? sse_answer_new (304, NULL, NULL)
            : sse_answer_new (200, self->content_type, g_bytes_get_data (self->text, NULL));

  sse_answer_add_field (answer, "ETag", self->tag);
  sse_answer_add_field (answer, "Cache-Control", "no-cache");
  sse_answer_add_field (answer, "X-Content-Type-Options", "nosniff");
  return answer;
}

/* ---- those of a program ---- */

static const char *
find_type (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].ending))
      return types[i].content_type;
  g_return_val_if_reached ("text/plain; charset=utf-8");
}

/* Adds what is in a folder, whose path ends with a slash, and in those that are in it. */
static void
add_folder (GHashTable *assets, GResource *files, const char *root, const char *folder)
{
  g_autofree char *whole = g_strconcat (root, folder, NULL);
  g_auto (GStrv) names = g_resource_enumerate_children (files, whole, 0, NULL);

  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *path = g_strconcat (folder, *name, NULL);
      g_autofree char *whole_path = g_strconcat (root, path, NULL);
      g_autoptr (GBytes) text = NULL;

      if (g_str_has_suffix (path, "/"))
        {
          add_folder (assets, files, root, path);
          continue;
        }
      text = g_resource_lookup_data (files, whole_path, 0, NULL);
      g_hash_table_insert (assets, g_steal_pointer (&path),
                           sse_asset_new (find_type (*name), text));
    }
}

/**
 * sse_assets_load:
 * @files: a resource that is part of the program
 * @folder: a folder in it, without a slash at its end
 *
 * Returns: (transfer full) (element-type utf8 SseAsset): all that is in there, by their paths below
 *   it, such as "/rivulet.js"
 */
GHashTable *
sse_assets_load (GResource *files, const char *folder)
{
  GHashTable *assets
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) sse_asset_free);

  add_folder (assets, files, folder, "/");
  return assets;
}
