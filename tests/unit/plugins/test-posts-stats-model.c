/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random updates, and what everybody sees compared with a model that keeps all posts in one plain
 * array and sorts them anew whenever somebody looks. */

#include "sse-test-source.h"

#define N_STEPS    5000
#define N_STATUSES 5
#define N_IDS      400
#define UNDATED    -1

typedef struct
{
  const char *audience;
  guint id;
  gboolean id_is_text;
  guint status;
  int created; /* seconds since 2024, or UNDATED */
  int zone;    /* hours; only in its text */
  guint accepted;
  gboolean full;
} Post;

typedef struct
{
  GArray *posts; /* of Post */
  gint64 offsets[3][N_STATUSES];
  guint accepted;
} Model;

static const char *const audiences[] = { NULL, "a", "b", "nobody" };
static const char *const statuses[] = { "draft", "ready", "scheduled", "published", "failed" };
static const char *const lists[] = { "drafts", "ready", "scheduled", "published", "failed" };

static Post
random_post (guint id, guint status)
{
  return (Post){
    .id = id,
    .id_is_text = g_test_rand_bit (),
    .status = status,
    .created = g_test_rand_int_range (0, 4) == 0 ? UNDATED : g_test_rand_int_range (0, 60),
    .zone = g_test_rand_int_range (-12, 13),
    .full = TRUE,
  };
}

/* One status more often than others, so that its list overflows. */
static guint
random_status (void)
{
  return g_test_rand_bit () ? 3 : (guint) g_test_rand_int_range (0, N_STATUSES);
}

static void
append_post (GString *out, const Post *post)
{
  const char *quote = post->id_is_text ? "'" : "";

  g_string_append_printf (out, "{'id':%s%u%s,'status':'%s'", quote, post->id, quote,
                          statuses[post->status]);
  if (post->created != UNDATED)
    {
      g_autoptr (GDateTime) start = g_date_time_new_utc (2024, 1, 1, 0, 0, post->created);
      g_autoptr (GTimeZone) zone = g_time_zone_new_offset (post->zone * 3600);
      g_autoptr (GDateTime) local = g_date_time_to_timezone (start, zone);
      g_autofree char *time = g_date_time_format (local, "%Y-%m-%dT%H:%M:%S");

      g_string_append_printf (out, ",'createdAt':'%s%c%02d:00'", time, post->zone < 0 ? '-' : '+',
                              ABS (post->zone));
    }
  g_string_append_c (out, '}');
}

static int
compare_posts (gconstpointer a, gconstpointer b)
{
  const Post *x = *(Post *const *) a;
  const Post *y = *(Post *const *) b;

  if (x->created != y->created)
    return x->created > y->created ? -1 : 1;
  return x->accepted > y->accepted ? -1 : 1;
}

/* The full posts of @audience, and with @everyones of everyone too, as they are shown. */
static GPtrArray *
model_list (Model *model, const char *audience, gboolean everyones, guint status)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < model->posts->len; i++)
    {
      Post *post = &g_array_index (model->posts, Post, i);

      if (post->full && post->status == status
          && (post->audience == audience || (everyones && post->audience == NULL)))
        g_ptr_array_add (list, post);
    }
  g_ptr_array_sort (list, compare_posts);
  return list;
}

static int
model_find (Model *model, const char *audience, guint id)
{
  for (guint i = 0; i < model->posts->len; i++)
    {
      const Post *post = &g_array_index (model->posts, Post, i);

      if (post->id == id && post->audience == audience)
        return (int) i;
    }
  return -1;
}

static void
model_put (Model *model, Post post)
{
  int old = model_find (model, post.audience, post.id);
  g_autoptr (GPtrArray) list = NULL;

  if (old >= 0)
    g_array_remove_index (model->posts, (guint) old);
  post.accepted = ++model->accepted;
  g_array_append_val (model->posts, post);
  list = model_list (model, post.audience, FALSE, post.status);
  if (list->len > 100)
    ((Post *) g_ptr_array_index (list, 100))->full = FALSE;
}

static gint64
model_known (Model *model, const char *audience, guint status)
{
  gint64 n = 0;

  for (guint i = 0; i < model->posts->len; i++)
    {
      const Post *post = &g_array_index (model->posts, Post, i);

      if (post->audience == audience && post->status == status)
        n++;
    }
  return n;
}

static char *
model_render_posts (Model *model, const char *audience)
{
  GString *out = g_string_new ("'postsByStatus':");

  for (guint i = 0; i < N_STATUSES; i++)
    {
      g_autoptr (GPtrArray) list = model_list (model, audience, TRUE, i);

      g_string_append_printf (out, "%c'%s':[", i == 0 ? '{' : ',', lists[i]);
      for (guint j = 0; j < MIN (list->len, 100); j++)
        {
          if (j > 0)
            g_string_append_c (out, ',');
          append_post (out, g_ptr_array_index (list, j));
        }
      g_string_append_c (out, ']');
    }
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

static char *
model_render_stats (Model *model, guint viewer)
{
  GString *out = g_string_new ("'stats':");

  for (guint i = 0; i < N_STATUSES; i++)
    {
      gint64 count = MAX (model_known (model, NULL, i) + model->offsets[0][i], 0);

      if (viewer == 1 || viewer == 2)
        count += MAX (model_known (model, audiences[viewer], i) + model->offsets[viewer][i], 0);
      g_string_append_printf (out, "%c'%s':%" G_GINT64_FORMAT, i == 0 ? '{' : ',', lists[i], count);
    }
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

static void
publish (SseTestSource *test, const char *audience, GString *json, SseVerdict expected)
{
  g_autoptr (GError) error = NULL;
  SseVerdict verdict = sse_test_source_publish (test, "posts-stats", audience, json->str, &error);

  if (verdict != expected)
    g_error ("%d instead of %d for %s: %s", verdict, expected, json->str,
             error != NULL ? error->message : "no error");
}

static void
step_post (SseTestSource *test, Model *model, guint audience)
{
  g_autoptr (GString) json = g_string_new ("{'type':'post','post':");
  Post post = random_post ((guint) g_test_rand_int_range (0, N_IDS), random_status ());

  post.audience = audiences[audience];
  append_post (json, &post);
  g_string_append_c (json, '}');
  publish (test, post.audience, json, SSE_VERDICT_APPLIED);
  model_put (model, post);
}

static void
step_delete (SseTestSource *test, Model *model, guint audience)
{
  g_autoptr (GString) json = g_string_new (NULL);
  guint id = (guint) g_test_rand_int_range (0, N_IDS);
  int place = model_find (model, audiences[audience], id);
  const char *quote = g_test_rand_bit () ? "'" : "";

  g_string_printf (json, "{'type':'post-delete','postId':%s%u%s}", quote, id, quote);
  publish (test, audiences[audience], json, place >= 0 ? SSE_VERDICT_APPLIED : SSE_VERDICT_REFUSED);
  if (place >= 0)
    g_array_remove_index (model->posts, (guint) place);
}

static void
step_stats (SseTestSource *test, Model *model, guint audience)
{
  g_autoptr (GString) json = g_string_new ("{'type':'stats','stats':");

  for (guint i = 0; i < N_STATUSES; i++)
    {
      int count = g_test_rand_int_range (0, 200);

      g_string_append_printf (json, "%c'%s':%d", i == 0 ? '{' : ',', lists[i], count);
      model->offsets[audience][i] = count - model_known (model, audiences[audience], i);
    }
  g_string_append (json, "}}");
  publish (test, audiences[audience], json, SSE_VERDICT_APPLIED);
}

static void
step_lists (SseTestSource *test, Model *model, guint audience)
{
  g_autoptr (GString) json = g_string_new ("{'type':'posts-by-status','postsByStatus':");
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Post));
  guint id = 0;

  for (guint i = 0; i < N_STATUSES; i++)
    {
      guint n = (guint) g_test_rand_int_range (0, i == 3 ? 160 : 30);

      g_string_append_printf (json, "%c'%s':[", i == 0 ? '{' : ',', lists[i]);
      for (guint j = 0; j < n; j++)
        {
          Post post = random_post (id++, i);

          post.audience = audiences[audience];
          g_array_append_val (all, post);
          if (j > 0)
            g_string_append_c (json, ',');
          append_post (json, &post);
        }
      g_string_append_c (json, ']');
      model->offsets[audience][i] = 0;
    }
  g_string_append (json, "}}");
  publish (test, audiences[audience], json, SSE_VERDICT_APPLIED);

  for (guint i = model->posts->len; i-- > 0;)
    if (g_array_index (model->posts, Post, i).audience == audiences[audience])
      g_array_remove_index (model->posts, i);
  for (guint i = all->len; i-- > 0;)
    model_put (model, g_array_index (all, Post, i));
}

static void
step (SseTestSource *test, Model *model)
{
  guint audience = (guint) g_test_rand_int_range (0, 3);
  int choice = g_test_rand_int_range (0, 1000);

  if (choice < 800)
    step_post (test, model, audience);
  else if (choice < 960)
    step_delete (test, model, audience);
  else if (choice < 990)
    step_stats (test, model, audience);
  else
    step_lists (test, model, audience);
}

static void
test_model (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  Model model = { .posts = g_array_new (FALSE, FALSE, sizeof (Post)) };
  guint n_reduced = 0;

  for (guint i = 0; i < N_STEPS; i++)
    {
      guint viewer = (guint) g_test_rand_int_range (0, 4);
      g_autofree char *stats = NULL;
      g_autofree char *posts = NULL;

      step (test, &model);
      stats = model_render_stats (&model, viewer);
      posts = model_render_posts (&model, audiences[viewer]);
      sse_test_source_assert_view (test, 0, audiences[viewer], stats);
      sse_test_source_assert_view (test, 1, audiences[viewer], posts);

      if (i % 250 == 249)
        {
          SseTestSource *restored = sse_test_source_new_restored (test);

          sse_test_source_assert_same (test, restored);
          sse_test_source_free (test);
          test = restored;
        }
      for (guint j = 0; j < model.posts->len; j++)
        n_reduced += !g_array_index (model.posts, Post, j).full;
    }

  /* The bound of a list was met. */
  g_assert_cmpuint (n_reduced, >, 0);
  g_array_unref (model.posts);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/posts-stats/model", test_model);
  return g_test_run ();
}
