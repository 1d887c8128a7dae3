/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "sse-posts-stats.h"

#include "sse-plugin.h"
#include "sse-posts-shape.h"
#include "sse-posts.h"
#include "sse-rules.h"

#define MAX_POSTS 100000

struct _SsePostsStats
{
  GObject parent_instance;

  SsePosts *posts;
};

static const SseView views[] = {
  { "stats", "stats-update" },
  { "posts-by-status", "posts-update" },
  { NULL, NULL },
};
static const SseView *const stats_view = &views[0];
static const SseView *const posts_view = &views[1];

static void sse_posts_stats_source_init (SseSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SsePostsStats,
                               sse_posts_stats,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE, sse_posts_stats_source_init))

static const char *
sse_posts_stats_get_stream (SseSource *source)
{
  return "posts-stats";
}

static const char *
sse_posts_stats_get_path (SseSource *source)
{
  return "/github/posts/stats/stream";
}

static const SseView *
sse_posts_stats_get_views (SseSource *source)
{
  return views;
}

static gboolean
sse_posts_stats_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  return sse_posts_shape_check (update, error);
}

static gboolean
apply_to_posts (SsePosts *posts, const SseUpdate *update, GError **error)
{
  const char *audience = sse_update_get_audience (update);
  JsonObject *object = sse_update_get_object (update);
  const char *kind = sse_update_get_kind (update);
  g_autofree char *id = NULL;

  if (g_str_equal (kind, "post"))
    return sse_posts_put (posts, audience, json_object_get_object_member (object, "post"), error);
  if (g_str_equal (kind, "posts-by-status"))
    return sse_posts_replace (posts, audience,
                              json_object_get_object_member (object, "postsByStatus"), error);
  if (g_str_equal (kind, "stats"))
    return sse_posts_set_counters (posts, audience, json_object_get_object_member (object, "stats"),
                                   error);

  id = sse_json_dup_id (object, "", "postId", error);
  return id != NULL && sse_posts_delete (posts, audience, id, error);
}

static SseVerdict
sse_posts_stats_apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  SsePostsStats *self = SSE_POSTS_STATS (source);

  if (!apply_to_posts (self->posts, update, error))
    return SSE_VERDICT_REFUSED;

  sse_batch_touch (batch, stats_view, SSE_TOUCH_SEND);
  if (!g_str_equal (sse_update_get_kind (update), "stats"))
    sse_batch_touch (batch, posts_view, SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static void
sse_posts_stats_render (SseSource *source,
                        const SseView *view,
                        const char *audience,
                        GString *members)
{
  SsePostsStats *self = SSE_POSTS_STATS (source);

  if (view == stats_view)
    {
      g_string_append (members, "\"stats\":");
      sse_posts_append_stats (self->posts, audience, members);
    }
  else
    {
      g_string_append (members, "\"postsByStatus\":");
      sse_posts_append_lists (self->posts, audience, members);
    }
}

static gboolean
sse_posts_stats_has_audience (SseSource *source, const char *audience)
{
  return sse_posts_find (SSE_POSTS_STATS (source)->posts, audience) != NULL;
}

static GVariant *
sse_posts_stats_save (SseSource *source)
{
  return sse_posts_save (SSE_POSTS_STATS (source)->posts);
}

static SsePosts *
new_posts (void)
{
  return sse_posts_new (MAX_POSTS, SSE_RULES_MAX_AUDIENCES, SSE_RULES_MAX_STATE_BYTES);
}

static gboolean
sse_posts_stats_restore (SseSource *source, GVariant *state, GError **error)
{
  SsePostsStats *self = SSE_POSTS_STATS (source);
  g_autoptr (SsePosts) posts = new_posts ();

  if (!sse_posts_restore (posts, state, error))
    return FALSE;
  sse_posts_free (self->posts);
  self->posts = g_steal_pointer (&posts);
  return TRUE;
}

static void
sse_posts_stats_source_init (SseSourceInterface *iface)
{
  iface->get_stream = sse_posts_stats_get_stream;
  iface->get_path = sse_posts_stats_get_path;
  iface->get_views = sse_posts_stats_get_views;
  iface->validate = sse_posts_stats_validate;
  iface->apply = sse_posts_stats_apply;
  iface->render = sse_posts_stats_render;
  iface->has_audience = sse_posts_stats_has_audience;
  iface->save = sse_posts_stats_save;
  iface->restore = sse_posts_stats_restore;
}

static void
sse_posts_stats_finalize (GObject *object)
{
  sse_posts_free (SSE_POSTS_STATS (object)->posts);
  G_OBJECT_CLASS (sse_posts_stats_parent_class)->finalize (object);
}

static void
sse_posts_stats_class_init (SsePostsStatsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sse_posts_stats_finalize;
}

static void
sse_posts_stats_init (SsePostsStats *self)
{
  self->posts = new_posts ();
}

SSE_PLUGIN_DEFINE ("posts-stats", RIVULET_VERSION, sse_posts_stats_get_type)
