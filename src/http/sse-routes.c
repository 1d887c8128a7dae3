/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-routes.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define PUBLISH  "/publish/"
#define COMBINED "/streams"

struct _SseRoutes
{
  GHashTable *by_path; /* path → SseRoute */
  GStrv publish;       /* what stands before the name of a stream; none where nothing is taken */
};

/* Unreserved characters of RFC 3986 and /: what is the same however a client writes it. */
static gboolean
is_base_path (const char *path)
{
  gsize length = strlen (path);

  if (path[0] != '/' || path[length - 1] == '/' || strstr (path, "//") != NULL
      || strstr (path, "/.") != NULL)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (path[i]) && strchr ("-._~/", path[i]) == NULL)
      return FALSE;
  return TRUE;
}

/**
 * sse_routes_check_base_paths:
 * @base_paths: (array zero-terminated=1): prefixes
 * @error: %G_IO_ERROR_INVALID_ARGUMENT, naming the first that is none
 */
gboolean
sse_routes_check_base_paths (const char *const *base_paths, GError **error)
{
  for (; *base_paths != NULL; base_paths++)
    if (!is_base_path (*base_paths))
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     _ ("“%s” is no prefix such as /api: it must begin with / and not end with it"),
                     *base_paths);
        return FALSE;
      }
  return TRUE;
}

static void
free_route (gpointer data)
{
  SseRoute *route = data;

  g_clear_object (&route->stream);
  g_clear_object (&route->receiver);
  g_free (route);
}

/* The name in a path to publish to, NULL in any other. Which streams there are is for those to hear
 * who may publish to them. */
static const char *
find_published (const SseRoutes *self, const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL ? slash + 1 : "";

  for (char **prefix = self->publish; *name != '\0' && *prefix != NULL; prefix++)
    if (strlen (*prefix) == (gsize) (name - path) && g_str_has_prefix (path, *prefix))
      return name;
  return NULL;
}

static SseRoute *
ensure_route (SseRoutes *self, const char *path)
{
  SseRoute *route = g_hash_table_lookup (self->by_path, path);

  if (route == NULL)
    {
      route = g_new0 (SseRoute, 1);
      g_hash_table_insert (self->by_path, g_strdup (path), route);
    }
  return route;
}

/* Who comes second gets nothing: whoever follows a path would otherwise be given another stream. */
static void
set_once (SseRoutes *self,
          gsize offset,
          gpointer object,
          const char *base_path,
          const char *path,
          SseStream *stream)
{
  g_autofree char *whole = g_strconcat (base_path, path, NULL);
  SseRoute *route;
  gpointer *place;

  if (find_published (self, whole) != NULL)
    {
      g_warning ("%s: not served at %s, where updates are taken ([http] publish)",
                 sse_stream_get_name (stream), whole);
      return;
    }
  route = ensure_route (self, whole);
  place = G_STRUCT_MEMBER_P (route, offset);
  if (route->combined)
    g_warning ("%s: not served at %s, where several streams are followed",
               sse_stream_get_name (stream), whole);
  else if (*place == NULL && route->script == NULL)
    *place = g_object_ref (object);
  else if (*place != object)
    g_warning ("%s: not served at %s, which is another's already", sse_stream_get_name (stream),
               whole);
}

static void
add_stream (SseRoutes *self, const char *base_path, SseStream *stream)
{
  SseSource *source = sse_stream_get_source (stream);
  const char *path = sse_stream_get_path (stream);

  set_once (self, G_STRUCT_OFFSET (SseRoute, stream), stream, base_path, path, stream);
  if (!SSE_IS_RECEIVER (source))
    return;
  path = sse_receiver_get_path (SSE_RECEIVER (source));
  if (path != NULL)
    set_once (self, G_STRUCT_OFFSET (SseRoute, receiver), source, base_path, path, stream);
}

static void
add_combined (SseRoutes *self, const char *base_path)
{
  g_autofree char *path = g_strconcat (base_path, COMBINED, NULL);

  ensure_route (self, path)->combined = TRUE;
}

static void
add_scripts (SseRoutes *self, const char *base_path)
{
  g_autofree char **paths = sse_script_list_paths ();

  for (char **path = paths; *path != NULL; path++)
    {
      g_autofree char *whole = g_strconcat (base_path, *path, NULL);

      ensure_route (self, whole)->script = sse_script_find (*path);
    }
}

static GStrv
make_publish_prefixes (gboolean publish, const char *const *base_paths)
{
  g_autoptr (GStrvBuilder) prefixes = g_strv_builder_new ();

  if (publish)
    g_strv_builder_add (prefixes, PUBLISH);
  for (; publish && *base_paths != NULL; base_paths++)
    {
      g_autofree char *prefix = g_strconcat (*base_paths, PUBLISH, NULL);

      g_strv_builder_add (prefixes, prefix);
    }
  return g_strv_builder_end (prefixes);
}

/**
 * sse_routes_new:
 * @streams: (element-type SseStream): the hub's; disabled ones have no path
 * @base_paths: (array zero-terminated=1): checked prefixes
 * @publish: whether updates are taken; a path that they are taken at is nothing else
 */
SseRoutes *
sse_routes_new (GPtrArray *streams, const char *const *base_paths, gboolean publish)
{
  SseRoutes *self = g_new0 (SseRoutes, 1);

  self->publish = make_publish_prefixes (publish, base_paths);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_route);
  add_combined (self, "");
  add_scripts (self, "");
  for (const char *const *base_path = base_paths; *base_path != NULL; base_path++)
    {
      add_combined (self, *base_path);
      add_scripts (self, *base_path);
    }
  for (guint i = 0; i < streams->len; i++)
    {
      SseStream *stream = g_ptr_array_index (streams, i);

      if (!sse_stream_is_enabled (stream))
        continue;
      add_stream (self, "", stream);
      for (const char *const *base_path = base_paths; *base_path != NULL; base_path++)
        add_stream (self, *base_path, stream);
    }
  return self;
}

void
sse_routes_free (SseRoutes *self)
{
  g_hash_table_unref (self->by_path);
  g_strfreev (self->publish);
  g_free (self);
}

/**
 * sse_routes_find:
 * @path: a target's path as it was sent: an escaped one is none of ours
 *
 * Returns: what is there, all of it (transfer none); it is good as long as @path is
 */
SseRoute
sse_routes_find (SseRoutes *self, const char *path)
{
  const SseRoute *route = g_hash_table_lookup (self->by_path, path);

  return route != NULL ? *route : (SseRoute){ .published = find_published (self, path) };
}

static gboolean
is_followed (const SseRoute *route)
{
  return route->stream != NULL || route->combined;
}

static SseAnswer *
refuse_method (const SseRoute *route)
{
  SseAnswer *answer = sse_answer_new_message (405, "Method not allowed");

  if (route->published != NULL)
    sse_answer_add_field (answer, "Allow", "OPTIONS, POST");
  else if (route->script != NULL)
    sse_answer_add_field (answer, "Allow", "GET, HEAD");
  else if (!is_followed (route))
    sse_answer_add_field (answer, "Allow", "POST");
  else if (route->receiver == NULL)
    sse_answer_add_field (answer, "Allow", "GET, OPTIONS");
  else
    sse_answer_add_field (answer, "Allow", "GET, OPTIONS, POST");
  return answer;
}

static SseAnswer *
refuse_body (const SseRoute *route, gint64 content_length, gboolean chunked)
{
  gsize max;

  if (content_length < 0 && !chunked)
    return sse_answer_new_no_length ();
  if (route->receiver == NULL)
    return NULL;
  max = sse_receiver_get_max_body (route->receiver);
  return content_length > 0 && (guint64) content_length > max ? sse_answer_new_too_large (max)
                                                              : NULL;
}

/**
 * sse_routes_refuse:
 * @route: what is at the request's path
 * @method: its method
 * @content_length: bytes of body that it announces, -1 where it does not say
 * @chunked: whether a body comes in chunks, and will show how long it is
 *
 * Judges a request before any of its body is read: a POST that is served has one. Of updates,
 * sse_publishing_refuse() judges more, and first.
 *
 * Returns: (transfer full) (nullable): why it is not served, %NULL where it is
 */
SseAnswer *
sse_routes_refuse (const SseRoute *route,
                   const char *method,
                   gint64 content_length,
                   gboolean chunked)
{
  gboolean is_post = strcmp (method, "POST") == 0;

  if (!is_followed (route) && route->receiver == NULL && route->script == NULL
      && route->published == NULL)
    return sse_answer_new_message (404, "Not found");
  if ((route->receiver != NULL || route->published != NULL) && is_post)
    return refuse_body (route, content_length, chunked);
  if ((is_followed (route) || route->script != NULL) && strcmp (method, "GET") == 0)
    return NULL;
  if (route->script != NULL && strcmp (method, "HEAD") == 0)
    return NULL;
  if ((is_followed (route) || route->published != NULL) && strcmp (method, "OPTIONS") == 0)
    return NULL;
  return refuse_method (route);
}

/**
 * sse_route_get_use:
 *
 * Returns: what a page may do with what is there
 */
SseCorsUse
sse_route_get_use (const SseRoute *route)
{
  return route->published != NULL ? SSE_CORS_PUBLISH : SSE_CORS_FOLLOW;
}
