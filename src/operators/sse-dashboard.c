/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-dashboard.h"

#include <string.h>

#include "sse-asset.h"
#include "sse-dashboard-files.h"
#include "sse-json.h"
#include "sse-script.h"
#include "sse-settings.h"
#include "sse-streams-url.h"

#define FOLDER "/io/github/rivulet/dashboard"
#define INDEX  "/index.html"

struct _SseDashboard
{
  GHashTable *assets; /* path → SseAsset */
};

SseDashboard *
sse_dashboard_new (void)
{
  SseDashboard *self = g_new0 (SseDashboard, 1);

  self->assets = sse_assets_load (sse_dashboard_files_get_resource (), FOLDER);
  return self;
}

void
sse_dashboard_free (SseDashboard *self)
{
  g_hash_table_unref (self->assets);
  g_free (self);
}

/* A page that was given something to run in spite of all could still not send it anywhere else. */
static void
add_policy (SseAnswer *answer, const char *streams_url)
{
  g_autofree char *origin = streams_url != NULL ? sse_streams_url_dup_origin (streams_url) : NULL;
  g_autofree char *policy = g_strdup_printf (
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'%s%s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      origin != NULL ? " " : "", origin != NULL ? origin : "");

  sse_answer_add_field (answer, "Content-Security-Policy", policy);
  sse_answer_add_field (answer, "Referrer-Policy", "no-referrer");
  sse_answer_add_field (answer, "Cross-Origin-Opener-Policy", "same-origin");
  sse_answer_add_field (answer, "Cross-Origin-Resource-Policy", "same-origin");
}

/* The page is where nothing is named; what follows streams for it is what all pages have. */
static const SseAsset *
find_asset (const SseDashboard *self, const char *path)
{
  const SseAsset *asset;

  if (strcmp (path, "/") == 0)
    return g_hash_table_lookup (self->assets, INDEX);
  if (strcmp (path, INDEX) == 0)
    return NULL;
  asset = g_hash_table_lookup (self->assets, path);
  return asset != NULL ? asset : sse_script_find (path);
}

/**
 * sse_dashboard_answer:
 * @path: a target's path
 * @if_none_match: (nullable): the request's If-None-Match
 * @streams_url: (nullable): where the page may go to follow streams
 *
 * Returns: (transfer full) (nullable): the file at that path, %NULL where there is none
 */
SseAnswer *
sse_dashboard_answer (const SseDashboard *self,
                      const char *path,
                      const char *if_none_match,
                      const char *streams_url)
{
  const SseAsset *asset = find_asset (self, path);
  SseAnswer *answer;

  if (asset == NULL)
    return NULL;
  answer = sse_asset_answer (asset, if_none_match);
  add_policy (answer, streams_url);
  return answer;
}

/* ---- what the page is told ---- */

static void
append_strings (GString *out, const char **strings)
{
  g_string_append_c (out, '[');
  for (const char **string = strings; *string != NULL; string++)
    {
      if (string != strings)
        g_string_append_c (out, ',');
      sse_json_append_string (out, *string);
    }
  g_string_append_c (out, ']');
}

static void
append_streams (GString *out, GPtrArray *streams)
{
  const char *separator = "";

  g_string_append_c (out, '[');
  for (guint i = 0; i < streams->len; i++)
    {
      SseStream *stream = g_ptr_array_index (streams, i);

      if (!sse_stream_is_enabled (stream))
        continue;
      g_string_append_printf (out, "%s{\"name\":", separator);
      sse_json_append_string (out, sse_stream_get_name (stream));
      g_string_append (out, ",\"path\":");
      sse_json_append_string (out, sse_stream_get_path (stream));
      g_string_append_c (out, '}');
      separator = ",";
    }
  g_string_append_c (out, ']');
}

/**
 * sse_dashboard_render_config:
 * @streams_url: (nullable): where browsers reach the streams
 * @http: an a{sv} of the group `http`
 *
 * Returns: (transfer full): a JSON object with `version`, `url` (%NULL: a browser has no way to the
 *   streams), `streams` with the `name` and the `path` of each, `publish` (whether updates are
 *   taken over HTTP) and `allowedOrigins`, one of which the page has to come from
 */
char *
sse_dashboard_render_config (SseHub *hub, const char *streams_url, GVariant *http)
{
  g_autofree const char **origins = sse_settings_get_strings (http, "allowed-origins");
  GString *out = g_string_new ("{\"version\":");

  sse_json_append_string (out, RIVULET_VERSION);
  g_string_append (out, ",\"url\":");
  if (streams_url != NULL)
    sse_json_append_string (out, streams_url);
  else
    g_string_append (out, "null");
  g_string_append (out, ",\"streams\":");
  append_streams (out, sse_hub_get_streams (hub));
  g_string_append_printf (out, ",\"publish\":%s,\"allowedOrigins\":",
                          sse_settings_get_boolean (http, "publish") ? "true" : "false");
  append_strings (out, origins);
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}
