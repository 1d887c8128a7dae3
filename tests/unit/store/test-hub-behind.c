/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "caught-warnings.h"
#include "hub-store-fixture.h"

/* Clients that are further behind than the ring, which holds three events here: the log is read
 * for them. */

#define N       40
#define RESUMED "HEAD\nretry: 7\n\n"

static void
set_up (Kept *kept, gconstpointer data)
{
  kept_set_up (kept, data);
  kept_begin (kept, "good", NULL);
}

static char *
make_value (guint i, gboolean large)
{
  g_autofree char *filling = g_strnfill (large ? 3 * SLICE_BYTES : 0, (char) ('a' + i % 26));

  return g_strdup_printf ("e%u%s", i, filling);
}

/* Publishes an event; @i is its position. @large: no socket here takes many of them at once */
static void
say (Kept *kept, guint i, gboolean large)
{
  g_autofree char *value = make_value (i, large);

  kept_publish (kept, NULL, "say", value);
}

static void
append (GString *text, const char *type, guint position, guint i, gboolean large)
{
  g_autofree char *value = make_value (i, large);

  g_string_append_printf (text,
                          "id: ep-%u\nevent: %s\ndata: {\"type\":\"%s\",\"value\":\"%s\"}\n\n",
                          position, type, type, value);
}

/* Iterates without waiting, as often as that does something, and @n times at most. */
static void
iterate (guint n)
{
  for (guint i = 0; i < n; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* Waits until nobody follows the stream any more. */
static void
wait_until_gone (Kept *kept)
{
  while (sse_stream_get_clients (sse_hub_get_stream (kept->hub.hub, "probe")) > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* From the log, then the ring, then live: each once and in order. */
static void
far_behind (Kept *kept, gboolean large)
{
  g_autoptr (GString) expected = g_string_new (RESUMED);
  g_autoptr (Client) bob = NULL;

  for (guint i = 1; i <= N; i++)
    say (kept, i, large);
  for (guint i = 6; i <= N; i++)
    append (expected, "said", i, i, large);
  append (expected, "value-update", N, N, large);
  bob = client_new (&kept->hub, "probe", "bob", "ep-5");
  client_expect (bob, expected->str);

  kept_publish (kept, NULL, "say", "now");
  client_expect (bob, EVENT ("41", "said", "now"));
  g_assert_cmpuint (sse_stream_get_counters (sse_hub_get_stream (kept->hub.hub, "probe"))
                        ->left[SSE_CLOSE_OVERFLOW],
                    ==, 0);
}

static void
test_far_behind (Kept *kept, gconstpointer data)
{
  far_behind (kept, FALSE);
}

static void
test_far_behind_large (Kept *kept, gconstpointer data)
{
  far_behind (kept, TRUE);
}

/* Others' events are not among them, though there are many in between, and at the end. */
static void
test_of_others (Kept *kept, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (RESUMED);

  for (guint i = 1; i <= N; i++)
    {
      g_autofree char *value = make_value (i, FALSE);
      gboolean hers = i % 20 != 1;

      kept_publish (kept, hers ? "ann" : NULL, "say", value);
      if (!hers)
        append (expected, "said", i, i, FALSE);
    }
  append (expected, "value-update", N, 21, FALSE);
  kept_expect (kept, "probe", "bob", "ep-0", expected->str);
}

/* What is published while the log is read for it is one more thing that it missed. */
static void
test_meanwhile (Kept *kept, gconstpointer data)
{
  for (guint n_iterations = 0; n_iterations < 12; n_iterations++)
    {
      guint first = n_iterations * 2 * N;
      g_autoptr (GString) expected = g_string_new (RESUMED);
      g_autofree char *id = g_strdup_printf ("ep-%u", first);
      g_autoptr (Client) bob = NULL;

      for (guint i = first + 1; i <= first + N; i++)
        say (kept, i, TRUE);
      bob = client_new (&kept->hub, "probe", "bob", id);
      iterate (n_iterations);
      for (guint i = first + N + 1; i <= first + 2 * N; i++)
        say (kept, i, TRUE);
      for (guint i = first + 1; i <= first + 2 * N; i++)
        append (expected, "said", i, i, TRUE);
      append (expected, "value-update", first + 2 * N, first + 2 * N, TRUE);
      client_expect (bob, expected->str);
    }
}

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);

  g_assert_no_error (error);
  *(gboolean *) done = TRUE;
}

/* Whoever's token is revoked is ended, wherever they are: while the log is read for them, too. */
static void
test_revoked (Kept *kept, gconstpointer data)
{
  for (guint i = 1; i <= N; i++)
    say (kept, i, TRUE);
  for (guint n_iterations = 0; n_iterations < 40; n_iterations++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", n_iterations);
      g_autoptr (Client) client = client_new (&kept->hub, "probe", user, "ep-5");
      gboolean done = FALSE;

      iterate (n_iterations / 2);
      sse_hub_revoke_async (kept->hub.hub, user, on_revoked, &done);
      while (!done)
        g_main_context_iteration (NULL, TRUE);
      wait_until_gone (kept);
      while (client_read (client, 10000))
        continue;
    }
}

/* The ring drops what it has yet to get, while it waits for a rendering: it is read of the log. */
static void
test_overtaken (Kept *kept, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (RESUMED);
  g_autoptr (Client) ann = client_new (&kept->hub, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;

  /* The first is rendered at once, the second when the test says so. */
  client_expect (ann, START ("0", "-"));
  fixture_set_conflate (&kept->hub, 0);
  kept_publish (kept, NULL, "set", "x");
  client_expect (ann, EVENT ("1", "value-update", "x"));
  fixture_set_conflate (&kept->hub, 600000);
  kept_publish (kept, NULL, "set", "y");
  bob = client_new (&kept->hub, "probe", "bob", "ep-2");
  for (guint i = 3; i <= N; i++)
    {
      say (kept, i, FALSE);
      append (expected, "said", i, i, FALSE);
    }
  g_assert_true (client_read (bob, 0));
  g_assert_cmpuint (bob->text->len, ==, 0);

  fixture_set_conflate (&kept->hub, 0);
  append (expected, "value-update", N, N, FALSE);
  client_expect (bob, expected->str);
  kept_publish (kept, NULL, "say", "now");
  client_expect (bob, EVENT ("41", "said", "now"));
}

/* ---- leaving ---- */

/* Also in the middle of what is read for it. */
static void
test_hang_up (Kept *kept, gconstpointer data)
{
  for (guint i = 1; i <= N; i++)
    say (kept, i, TRUE);
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (Client) bob = client_new (&kept->hub, "probe", "bob", "ep-1");

      for (guint j = 0; j < i && client_read (bob, j % 2); j++)
        iterate (1);
    }
  wait_until_gone (kept);
}

/* The hub ends while the log is read: the connection ends too, and nothing is left. */
static void
test_stop (Kept *kept, gconstpointer data)
{
  for (guint i = 1; i <= N; i++)
    say (kept, i, TRUE);
  for (guint n_iterations = 0; n_iterations < 20; n_iterations++)
    {
      g_autofree char *id = NULL;
      Client *clients[20];

      kept_end (kept);
      kept_begin (kept, "good", NULL);
      for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
        {
          g_clear_pointer (&id, g_free);
          id = kept_dup_id (kept, i % 30);
          clients[i] = client_new (&kept->hub, "probe", "bob", id);
        }
      iterate (n_iterations);
      fixture_end (&kept->hub);
      g_assert_finalize_object (g_steal_pointer (&kept->log));
      for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
        {
          while (client_read (clients[i], 10000))
            continue;
          client_free (clients[i]);
        }
      kept_begin (kept, "good", NULL);
    }
}

/* ---- what can't be read ---- */

/* It starts afresh: what it got is all that there was before, and the type of what follows tells
 * it so. */
static void
test_damaged (Kept *kept, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (RESUMED);
  g_autoptr (GString) rest = g_string_new (RESUMED);
  g_autoptr (Client) bob = NULL;

  for (guint i = 1; i <= N; i++)
    say (kept, i, FALSE);
  kept_exec (kept, "UPDATE events SET members = '\"value\":\"forged\"' WHERE position = 30");
  append (expected, "value", N, N, FALSE);
  bob = client_new (&kept->hub, "probe", "bob", "ep-25"); /* damaged in its first slice */
  client_expect (bob, expected->str);
  warnings_expect ("clients of probe cannot get what they missed, and start afresh: *"
                   "the event at 30 is damaged");

  for (guint i = 31; i <= N; i++)
    append (rest, "said", i, i, FALSE);
  append (rest, "value-update", N, N, FALSE);
  kept_expect (kept, "probe", "bob", "ep-30", rest->str);
  kept_publish (kept, NULL, "say", "now");
  client_expect (bob, EVENT ("41", "said", "now"));
}

/* What is damaged comes behind what it was given. Each slice is one event here, and the next one is
 * looked at too. */
static void
test_damaged_later (Kept *kept, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (RESUMED);

  for (guint i = 1; i <= N; i++)
    say (kept, i, TRUE);
  kept_exec (kept, "UPDATE events SET checksum = 0 WHERE position = 30");
  for (guint i = 21; i < 29; i++)
    append (expected, "said", i, i, TRUE);
  append (expected, "value", N, N, TRUE);
  kept_expect (kept, "probe", "bob", "ep-20", expected->str);
  warnings_expect ("*the event at 30 is damaged");
}

/* As does one whose events are trimmed. */
static void
test_trimmed (Kept *kept, gconstpointer data)
{
  g_autoptr (GString) fresh = g_string_new (RESUMED);
  g_autoptr (GString) covered = g_string_new (RESUMED);

  kept_end (kept);
  kept->options.retain_updates = 10;
  kept_begin (kept, "good", NULL);
  for (guint i = 1; i < N; i++)
    say (kept, i, FALSE);
  sse_log_emit_due (kept->log, 0, FALSE);
  say (kept, N, FALSE);
  /* The last event may be written later, and have one more trimmed. */
  while (kept_query (kept, "SELECT ifnull (max (position), 0) FROM trimmed") < N - 11)
    iterate (1);

  append (fresh, "value", N, N, FALSE);
  kept_expect (kept, "probe", "bob", "ep-28", fresh->str);
  for (guint i = 31; i <= N; i++)
    append (covered, "said", i, i, FALSE);
  append (covered, "value-update", N, N, FALSE);
  kept_expect (kept, "probe", "bob", "ep-30", covered->str);
}

static void
add (const char *path, void (*test) (Kept *, gconstpointer))
{
  g_test_add (path, Kept, NULL, set_up, test, kept_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/hub-behind/far-behind", test_far_behind);
  add ("/core/hub-behind/far-behind-large", test_far_behind_large);
  add ("/core/hub-behind/of-others", test_of_others);
  add ("/core/hub-behind/meanwhile", test_meanwhile);
  add ("/core/hub-behind/revoked", test_revoked);
  add ("/core/hub-behind/overtaken", test_overtaken);
  add ("/core/hub-behind/hang-up", test_hang_up);
  add ("/core/hub-behind/stop", test_stop);
  add ("/core/hub-behind/damaged", test_damaged);
  add ("/core/hub-behind/damaged-later", test_damaged_later);
  add ("/core/hub-behind/trimmed", test_trimmed);
  return g_test_run ();
}
