/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-script.h"

#include "sse-web-resource.h"

#define FOLDER "/io/github/rivulet/web"

/* path → SseAsset */
static GHashTable *
get_scripts (void)
{
  static GHashTable *scripts = NULL;

  if (g_once_init_enter (&scripts))
    g_once_init_leave (&scripts, sse_assets_load (sse_web_get_resource (), FOLDER));
  return scripts;
}

/**
 * sse_script_find:
 * @path: such as "/rivulet.js", without a base path
 *
 * Returns: (transfer none) (nullable): what is served there
 */
const SseAsset *
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

/**
 * sse_script_answer:
 * @if_none_match: (nullable): the request's If-None-Match
 *
 * Pages of all origins may have it: there is nothing of anybody's in it.
 *
 * Returns: (transfer full): the script, or that the client has it
 */
SseAnswer *
sse_script_answer (const SseAsset *script, const char *if_none_match)
{
  SseAnswer *answer = sse_asset_answer (script, if_none_match);

  sse_answer_add_field (answer, "Access-Control-Allow-Origin", "*");
  sse_answer_add_field (answer, "Cross-Origin-Resource-Policy", "cross-origin");
  return answer;
}
