/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-intake.h"

#include <string.h>

#include "sse-hub.h"
#include "sse-json.h"

typedef struct
{
  SseIntake *intake;
  GPtrArray *appended; /* arrays of updates, as the log got them */
  GPtrArray *answers;  /* texts: an id, or an error's message */
  guint64 position;
  SsePublishingCounters counters;
} Fixture;

static gboolean
check_stream (const SseUpdate *update, gpointer user_data, GError **error)
{
  if (strcmp (sse_update_get_stream (update), "s") == 0)
    return TRUE;
  g_set_error_literal (error, SSE_ERROR, SSE_ERROR_UNKNOWN_STREAM, "no such stream");
  return FALSE;
}

static gboolean
check_shape (const SseUpdate *update, gpointer user_data, GError **error)
{
  const char *value;

  return sse_json_get_string (sse_update_get_object (update), "", "v", &value, error);
}

static void
append (GPtrArray *updates, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->appended, updates);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const SseIntakeOptions options
      = { .max_update_bytes = 200000, .max_updates = 4, .max_bytes = 300000 };

  fixture->appended = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  fixture->answers = g_ptr_array_new_with_free_func (g_free);
  fixture->intake
      = sse_intake_new (&options, check_stream, check_shape, append, fixture, &fixture->counters);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->intake, sse_intake_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_ptr_array_unref (fixture->appended);
  g_ptr_array_unref (fixture->answers);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; outcomes != NULL && i < outcomes->len; i++)
    {
      SseOutcome *outcome = g_ptr_array_index (outcomes, i);

      g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                              outcome->id != NULL ? outcome->id : outcome->error->message);
    }
  if (error != NULL)
    g_string_append_printf (text, "%d %s", error->code, error->message);
  g_ptr_array_add (fixture->answers, g_strdup (text->str));
}

/* One call with the @n texts as updates of stream "s", or of @stream for @audience. */
static void
take (Fixture *fixture, const char *stream, const char *audience, guint n, const char *const *texts)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_answered, fixture);
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (texts[i], strlen (texts[i]));

      g_ptr_array_add (updates, sse_update_new (stream, audience, bytes));
    }
  sse_intake_take (fixture->intake, updates, task);
}

/* Gives all that the log got an outcome: an id, or for "refuse" a refusal. */
static void
settle (Fixture *fixture)
{
  for (guint i = 0; i < fixture->appended->len; i++)
    {
      GPtrArray *updates = g_ptr_array_index (fixture->appended, i);

      for (guint j = 0; j < updates->len; j++)
        {
          SseUpdate *update = g_ptr_array_index (updates, j);
          SseOutcome *outcome = g_new0 (SseOutcome, 1);

          fixture->position++;
          if (strcmp (sse_update_get_kind (update), "refuse") == 0)
            outcome->error = g_error_new (SSE_ERROR, SSE_ERROR_REFUSED, "refused");
          else
            outcome->id = g_strdup_printf ("e-%" G_GUINT64_FORMAT, fixture->position);
          sse_intake_settle (fixture->intake, update, outcome);
        }
    }
  g_ptr_array_set_size (fixture->appended, 0);
}

static void
wait_for_answers (Fixture *fixture, guint n)
{
  while (fixture->answers->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static const char *
answer (Fixture *fixture, guint index)
{
  return g_ptr_array_index (fixture->answers, index);
}

static void
test_outcomes (Fixture *fixture, gconstpointer data)
{
  const char *texts[] = { "{\"type\":\"a\",\"v\":\"1\"}", "{\"type\":\"refuse\",\"v\":\"2\"}",
                          "{\"type\":\"a\",\"v\":\"3\"}" };

  take (fixture, "s", NULL, 3, texts);
  g_assert_cmpuint (fixture->appended->len, ==, 1);
  settle (fixture);
  wait_for_answers (fixture, 1);
  g_assert_cmpstr (answer (fixture, 0), ==, "e-1 refused e-3");
}

static void
test_nothing (Fixture *fixture, gconstpointer data)
{
  take (fixture, "s", NULL, 0, NULL);
  wait_for_answers (fixture, 1);
  g_assert_cmpstr (answer (fixture, 0), ==, "");
}

/* One that is wrong, and none is taken; the message says which. */
static void
test_all_or_nothing (Fixture *fixture, gconstpointer data)
{
  const char *texts[] = { "{\"type\":\"a\",\"v\":\"1\"}", "{\"type\":\"a\"}" };
  const char *garbled[] = { "{\"type\":\"a\",\"v\":\"1\"}", "{" };

  take (fixture, "s", NULL, 2, texts);
  take (fixture, "s", NULL, 2, garbled);
  wait_for_answers (fixture, 2);
  g_assert_cmpuint (fixture->appended->len, ==, 0);
  g_assert_cmpstr (answer (fixture, 0), ==, "1 updates[1]: v: missing; a string is needed");
  g_assert_cmpuint (fixture->counters.rejected[SSE_ERROR_INVALID_UPDATE], ==, 4);
  g_assert_true (g_str_has_prefix (answer (fixture, 1), "1 updates[1]: not JSON: "));
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  const char *good[] = { "{\"type\":\"a\",\"v\":\"1\"}" };
  g_autofree char *large = g_strnfill (200001, ' ');
  g_autofree char *user = g_strnfill (1025, 'u');
  const char *too_large[] = { large };

  take (fixture, "t", NULL, 1, good);
  take (fixture, "s", "", 1, good);
  take (fixture, "s", user, 1, good);
  take (fixture, "s", NULL, 1, too_large);
  wait_for_answers (fixture, 4);
  g_assert_cmpuint (fixture->appended->len, ==, 0);
  g_assert_cmpstr (answer (fixture, 0), ==, "0 no such stream");
  g_assert_true (g_str_has_prefix (answer (fixture, 1), "1 audience: "));
  g_assert_true (g_str_has_prefix (answer (fixture, 2), "1 audience: "));
  g_assert_true (g_str_has_prefix (answer (fixture, 3), "4 the update has 200001 bytes"));
  g_assert_cmpuint (fixture->counters.rejected[SSE_ERROR_UNKNOWN_STREAM], ==, 1);
  g_assert_cmpuint (fixture->counters.rejected[SSE_ERROR_INVALID_UPDATE], ==, 2);
  g_assert_cmpuint (fixture->counters.rejected[SSE_ERROR_TOO_LARGE], ==, 1);
}

/* Beyond its bound publishers are told Busy; what was taken before is taken, and when that has
 * been answered there is room again. */
static void
test_busy (Fixture *fixture, gconstpointer data)
{
  const char *texts[] = { "{\"type\":\"a\",\"v\":\"1\"}", "{\"type\":\"a\",\"v\":\"1\"}",
                          "{\"type\":\"a\",\"v\":\"1\"}" };

  take (fixture, "s", NULL, 3, texts);
  take (fixture, "s", NULL, 2, texts);
  wait_for_answers (fixture, 1);
  g_assert_true (g_str_has_prefix (answer (fixture, 0), "5 3 updates wait already"));
  g_assert_cmpuint (fixture->counters.rejected[SSE_ERROR_BUSY], ==, 2);
  take (fixture, "s", NULL, 1, texts);
  settle (fixture);
  wait_for_answers (fixture, 3);
  g_assert_cmpstr (answer (fixture, 1), ==, "e-1 e-2 e-3");
  g_assert_cmpstr (answer (fixture, 2), ==, "e-4");
  take (fixture, "s", NULL, 3, texts);
  settle (fixture);
  wait_for_answers (fixture, 4);
  g_assert_cmpstr (answer (fixture, 3), ==, "e-5 e-6 e-7");
}

/* What can never be taken is not told to be pushed again. */
static void
test_never_fits (Fixture *fixture, gconstpointer data)
{
  const char *text = "{\"type\":\"a\",\"v\":\"1\"}";
  const char *five[] = { text, text, text, text, text };
  g_autofree char *zeros = g_strnfill (20000, ',');
  g_autofree char *values = NULL;
  g_auto (GStrv) parts = g_strsplit (zeros, ",", -1);
  const char *costly[1];

  values = g_strjoinv ("0,", parts);
  costly[0] = values; /* within the bytes of text, and not of what it would be parsed to */
  take (fixture, "s", NULL, 5, five);
  take (fixture, "s", NULL, 1, costly);
  wait_for_answers (fixture, 2);
  g_assert_true (g_str_has_prefix (answer (fixture, 0), "4 5 updates of "));
  g_assert_true (g_str_has_prefix (answer (fixture, 1), "4 1 updates of "));
  g_assert_cmpuint (fixture->appended->len, ==, 0);
}

static char *
large_update (char fill)
{
  g_autofree char *padding = g_strnfill (100000, fill);

  return g_strdup_printf ("{\"type\":\"a\",\"v\":\"%s\"}", padding);
}

/* What is parsed in a thread keeps its place in front of what is parsed at once. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = large_update ('x');
  const char *large[] = { text };
  const char *small[] = { "{\"type\":\"a\",\"v\":\"small\"}" };

  take (fixture, "s", NULL, 1, large);
  take (fixture, "s", NULL, 1, small);
  g_assert_cmpuint (fixture->appended->len, ==, 0);
  while (fixture->appended->len < 2)
    g_main_context_iteration (NULL, TRUE);
  settle (fixture);
  wait_for_answers (fixture, 2);
  g_assert_cmpstr (answer (fixture, 0), ==, "e-1");
  g_assert_cmpstr (answer (fixture, 1), ==, "e-2");
}

/* A short text of many values takes as long: the main thread does not parse it either. */
static void
test_many_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("{\"type\":\"a\",\"v\":\"many\",\"x\":[0");
  const char *many[1];

  for (guint i = 0; i < 2000; i++)
    g_string_append (text, ",0");
  g_string_append (text, "]}");
  many[0] = text->str;
  take (fixture, "s", NULL, 1, many);
  g_assert_cmpuint (fixture->appended->len, ==, 0);
  while (fixture->appended->len < 1)
    g_main_context_iteration (NULL, TRUE);
  settle (fixture);
  wait_for_answers (fixture, 1);
  g_assert_cmpstr (answer (fixture, 0), ==, "e-1");
}

/* A large one that is wrong does not hold up those behind it for ever. */
static void
test_large_and_wrong (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = large_update ('\n');
  const char *large[] = { text };
  const char *small[] = { "{\"type\":\"a\",\"v\":\"small\"}" };

  take (fixture, "s", NULL, 1, large);
  take (fixture, "s", NULL, 1, small);
  while (fixture->appended->len < 1)
    g_main_context_iteration (NULL, TRUE);
  settle (fixture);
  wait_for_answers (fixture, 2);
  g_assert_true (g_str_has_prefix (answer (fixture, 0), "1 not JSON: a control character"));
  g_assert_cmpstr (answer (fixture, 1), ==, "e-1");
}

/* Publishers that wait when the daemon stops are told, those whose update is being parsed too. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = large_update ('x');
  const char *large[] = { text };
  const char *small[] = { "{\"type\":\"a\",\"v\":\"small\"}" };

  take (fixture, "s", NULL, 1, small);
  take (fixture, "s", NULL, 1, large);
  g_clear_pointer (&fixture->intake, sse_intake_free);
  wait_for_answers (fixture, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_true (g_str_has_prefix (answer (fixture, i), "6 the daemon stops"));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/core/intake/outcomes", test_outcomes },
    { "/core/intake/nothing", test_nothing },
    { "/core/intake/all-or-nothing", test_all_or_nothing },
    { "/core/intake/refusals", test_refusals },
    { "/core/intake/busy", test_busy },
    { "/core/intake/never-fits", test_never_fits },
    { "/core/intake/order", test_order },
    { "/core/intake/many-values", test_many_values },
    { "/core/intake/large-and-wrong", test_large_and_wrong },
    { "/core/intake/stop", test_stop },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
