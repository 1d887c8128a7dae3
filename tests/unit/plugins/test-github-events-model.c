/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random updates, and what everybody sees compared with a model that keeps everything in plain
 * arrays and sorts them anew whenever somebody looks. */

#include "sse-test-source.h"

#define N_STEPS 4000
/* Ids that are remembered, of events that left the list as well. */
#define MAX_KNOWN 10000

typedef struct
{
  const char *audience;
  guint id;
  guint status;
  int received; /* seconds since 2024 */
  int zone;     /* hours; only in its text */
  guint accepted;
} Event;

typedef struct
{
  GArray *kept;  /* of Event, oldest accepted first */
  GArray *known; /* of Event, only audience and id; oldest first */
  guint accepted;
} Model;

static const char *const audiences[] = { NULL, "a", "b", "nobody" };

/* Published to; "nobody" only looks. */
static const char *
random_audience (void)
{
  return audiences[g_test_rand_int_range (0, 3)];
}

static Event
random_event (guint id)
{
  return (Event){
    .id = id,
    .status = (guint) g_test_rand_int_range (0, 100),
    .received = g_test_rand_int_range (0, 2000) - 1000,
    .zone = g_test_rand_int_range (-12, 13),
  };
}

static void
append_event (GString *out, const Event *event)
{
  g_autoptr (GDateTime) start = g_date_time_new_utc (2024, 1, 1, 0, 0, 0);
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (event->zone * 3600);
  g_autoptr (GDateTime) utc = g_date_time_add_seconds (start, event->received);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
  g_autofree char *time = g_date_time_format (local, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (out,
                          "{'delivery_id':'%u','event':'e','repo_full_name':'r','status':'%u',"
                          "'received_at':'%s%c%02d:00'}",
                          event->id, event->status, time, event->zone < 0 ? '-' : '+',
                          ABS (event->zone));
}

static int
find (GArray *events, const char *audience, guint id)
{
  for (guint i = 0; i < events->len; i++)
    {
      const Event *event = &g_array_index (events, Event, i);

      if (event->id == id && event->audience == audience)
        return (int) i;
    }
  return -1;
}

static void
model_accept (Model *model, Event event)
{
  int old = find (model->known, event.audience, event.id);

  if (old >= 0)
    g_array_remove_index (model->known, (guint) old);
  g_array_append_val (model->known, event);
  if (model->known->len > MAX_KNOWN)
    g_array_remove_index (model->known, 0);

  event.accepted = ++model->accepted;
  g_array_append_val (model->kept, event);
  if (model->kept->len > 1000)
    g_array_remove_index (model->kept, 0);
}

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const Event *x = a;
  const Event *y = b;

  if (x->received != y->received)
    return x->received > y->received ? -1 : 1;
  return x->accepted > y->accepted ? -1 : 1;
}

static char *
model_render (Model *model, const char *audience)
{
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (Event));
  GString *out = g_string_new ("'events':[");

  for (guint i = 0; i < model->kept->len; i++)
    {
      Event event = g_array_index (model->kept, Event, i);

      if (event.audience == NULL || event.audience == audience)
        g_array_append_val (seen, event);
    }
  g_array_sort (seen, compare_events);
  for (guint i = 0; i < MIN (seen->len, 50); i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      append_event (out, &g_array_index (seen, Event, i));
    }
  g_string_append_c (out, ']');
  return g_string_free (out, FALSE);
}

static void
publish (SseTestSource *test, const char *audience, GString *json, SseVerdict expected)
{
  g_autoptr (GError) error = NULL;
  SseVerdict verdict = sse_test_source_publish (test, "github-events", audience, json->str, &error);

  if (verdict != expected)
    g_error ("%d instead of %d for %s: %s", verdict, expected, json->str,
             error != NULL ? error->message : "no error");
}

/* An id that is new, known, or forgotten only lately. */
static guint
random_id (Model *model)
{
  if (model->known->len > 0 && g_test_rand_int_range (0, 4) == 0)
    return g_array_index (model->known, Event,
                          (guint) g_test_rand_int_range (0, (gint32) model->known->len))
        .id;
  return (guint) g_test_rand_int_range (0, 30000);
}

/* Most often that of a kept event, of this audience or of another. */
static guint
random_kept_id (Model *model)
{
  if (model->kept->len == 0)
    return 0;
  return g_array_index (model->kept, Event,
                        (guint) g_test_rand_int_range (0, (gint32) model->kept->len))
      .id;
}

static void
step_new (SseTestSource *test, Model *model)
{
  g_autoptr (GString) json = g_string_new ("{'type':'new-event','event':");
  Event event = random_event (random_id (model));
  gboolean known;

  event.audience = random_audience ();
  append_event (json, &event);
  g_string_append_c (json, '}');
  known = find (model->known, event.audience, event.id) >= 0
          || find (model->kept, event.audience, event.id) >= 0;
  publish (test, event.audience, json, known ? SSE_VERDICT_UNCHANGED : SSE_VERDICT_APPLIED);
  if (!known)
    model_accept (model, event);
}

static void
step_update (SseTestSource *test, Model *model)
{
  g_autoptr (GString) json = g_string_new ("{'type':'event-update','event':");
  Event event = random_event (random_kept_id (model));
  int place;

  event.audience = random_audience ();
  append_event (json, &event);
  g_string_append_c (json, '}');
  place = find (model->kept, event.audience, event.id);
  publish (test, event.audience, json, place >= 0 ? SSE_VERDICT_APPLIED : SSE_VERDICT_REFUSED);
  if (place >= 0)
    {
      event.accepted = g_array_index (model->kept, Event, (guint) place).accepted;
      g_array_index (model->kept, Event, (guint) place) = event;
    }
}

static void
step_delete (SseTestSource *test, Model *model)
{
  g_autoptr (GString) json = g_string_new (NULL);
  const char *audience = random_audience ();
  guint id = random_kept_id (model);
  int place = find (model->kept, audience, id);

  g_string_printf (json, "{'type':'event-delete','eventId':'%u'}", id);
  publish (test, audience, json, place >= 0 ? SSE_VERDICT_APPLIED : SSE_VERDICT_REFUSED);
  if (place >= 0)
    g_array_remove_index (model->kept, (guint) place);
}

static void
step_list (SseTestSource *test, Model *model)
{
  g_autoptr (GString) json = g_string_new ("{'type':'events','events':[");
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Event));
  const char *audience = random_audience ();
  gboolean large = g_test_rand_int_range (0, 4) == 0;
  guint n = (guint) (large ? g_test_rand_int_range (300, 1200) : g_test_rand_int_range (0, 40));
  guint first = (guint) g_test_rand_int_range (0, 30000);

  for (guint i = 0; i < n; i++)
    {
      Event event = random_event (first + i);

      event.audience = audience;
      g_array_append_val (list, event);
      if (i > 0)
        g_string_append_c (json, ',');
      append_event (json, &event);
    }
  g_string_append (json, "]}");
  publish (test, audience, json, SSE_VERDICT_APPLIED);

  for (guint i = model->kept->len; i-- > 0;)
    if (g_array_index (model->kept, Event, i).audience == audience)
      g_array_remove_index (model->kept, i);
  for (guint i = n; i-- > 0;)
    model_accept (model, g_array_index (list, Event, i));
}

static void
test_model (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  Model model = {
    .kept = g_array_new (FALSE, FALSE, sizeof (Event)),
    .known = g_array_new (FALSE, FALSE, sizeof (Event)),
  };

  /* Until the bounds are met. */
  for (guint step = 0; step < N_STEPS || model.accepted <= MAX_KNOWN; step++)
    {
      int choice = g_test_rand_int_range (0, 100);
      const char *viewer = audiences[g_test_rand_int_range (0, 4)];
      g_autofree char *expected = NULL;

      if (choice < 70)
        step_new (test, &model);
      else if (choice < 84)
        step_update (test, &model);
      else if (choice < 98)
        step_delete (test, &model);
      else
        step_list (test, &model);

      expected = model_render (&model, viewer);
      sse_test_source_assert_view (test, 0, viewer, expected);

      if (step % 400 == 399)
        {
          SseTestSource *restored = sse_test_source_new_restored (test);

          sse_test_source_assert_same (test, restored);
          sse_test_source_free (test);
          test = restored;
        }
    }

  g_array_unref (model.kept);
  g_array_unref (model.known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/github-events/model", test_model);
  return g_test_run ();
}
