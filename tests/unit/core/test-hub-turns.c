/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <unistd.h>

/* Turns of rendering in which so many users get views of their own, each a slow one, that the main
 * context has its turn in between. */

#define N_USERS 60

typedef struct
{
  Fixture hub;
  Client *clients[N_USERS];
  guint64 position; /* the last that was published */
} Crowd;

static void
publish (Crowd *crowd, guint user, const char *value)
{
  g_autofree char *name = g_strdup_printf ("user-%u", user);

  fixture_publish (&crowd->hub, "probe", user < N_USERS ? name : NULL, "set", value);
  crowd->position++;
}

static void
publish_to_all (Crowd *crowd, const char *value)
{
  publish (crowd, N_USERS, value);
}

static Client *
join (Crowd *crowd, guint user)
{
  g_autofree char *name = g_strdup_printf ("user-%u", user);

  return client_new (&crowd->hub, "probe", name, NULL);
}

static void
expect (Client *client, guint64 position, const char *type, const char *value)
{
  g_autofree char *text = g_strdup_printf (
      "id: ep-%" G_GUINT64_FORMAT "\nevent: %s\ndata: {\"type\":\"%s\",\"value\":\"%s\"}\n\n",
      position, type, type, value);

  client_expect (client, text);
}

static void
expect_start (Client *client, guint64 position, const char *value)
{
  client_expect (client, "HEAD\nretry: 7\n\n");
  expect (client, position, "value", value);
}

/* Waits until a turn may begin at once. */
static void
rest (void)
{
  gint64 until = g_get_monotonic_time () + 2 * CONFLATE_MS * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
}

static void
set_up (Crowd *crowd, gconstpointer data)
{
  fixture_set_up (&crowd->hub, NULL);
  crowd->position = 0;
  for (guint i = 0; i < N_USERS; i++)
    publish (crowd, i, "slow");
  for (guint i = 0; i < N_USERS; i++)
    crowd->clients[i] = join (crowd, i);
  for (guint i = 0; i < N_USERS; i++)
    expect_start (crowd->clients[i], crowd->position, "slow");
  rest ();
}

static void
tear_down (Crowd *crowd, gconstpointer data)
{
  for (guint i = 0; i < N_USERS; i++)
    g_clear_pointer (&crowd->clients[i], client_free);
  fixture_tear_down (&crowd->hub, NULL);
}

/* What touches everyone is sent to each, in slices between which others have their turn. */
static void
test_slices (Crowd *crowd, gconstpointer data)
{
  Client *last = crowd->clients[N_USERS - 1];
  guint n_slices = 0;

  publish_to_all (crowd, "x");
  while (last->text->len == 0)
    {
      if (g_main_context_iteration (NULL, FALSE))
        n_slices++;
      client_read (last, 1);
    }
  g_assert_cmpuint (n_slices, >=, 5);
  for (guint i = 0; i < N_USERS; i++)
    expect (crowd->clients[i], crowd->position, "value-update", "slow");
}

/* Who was touched for two reasons is sent one view, the newest. */
static void
test_once (Crowd *crowd, gconstpointer data)
{
  publish_to_all (crowd, "x");
  for (guint i = 0; i < N_USERS; i++)
    expect (crowd->clients[i], crowd->position, "value-update", "slow");

  fixture_push (&crowd->hub, "probe", "user-3", "set", "newer");
  fixture_push (&crowd->hub, "probe", NULL, "set", "y");
  test_log_finish (crowd->hub.log, TRUE);
  crowd->position += 2;
  for (guint i = 0; i < N_USERS; i++)
    expect (crowd->clients[i], crowd->position, "value-update", i == 3 ? "newer" : "slow");
  rest ();
  for (guint i = 0; i < N_USERS; i++)
    {
      publish (crowd, i, "end");
      expect (crowd->clients[i], crowd->position, "value-update", "end");
      rest ();
    }
}

/* A user who is touched again while they wait for the turn to come to them keeps their place. */
static void
test_touched_again (Crowd *crowd, gconstpointer data)
{
  Client *last = crowd->clients[N_USERS - 1];

  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("user-%u", i);

      fixture_push (&crowd->hub, "probe", name, "set", "slow");
    }
  test_log_finish (crowd->hub.log, TRUE);
  fixture_wait (&crowd->hub, 2 * N_USERS);
  crowd->position += N_USERS;
  publish (crowd, N_USERS / 2, "newest");
  expect (crowd->clients[N_USERS / 2], crowd->position, "value-update", "newest");
  client_read (last, 0);
  g_assert_cmpuint (last->text->len, ==, 0);
  client_read (last, 5000);
}

/* Users leave before and while the turn comes to them. */
static void
test_left (Crowd *crowd, gconstpointer data)
{
  publish_to_all (crowd, "x");
  for (guint i = 1; i < N_USERS; i += 2)
    {
      g_clear_pointer (&crowd->clients[i], client_free);
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < N_USERS; i += 2)
    expect (crowd->clients[i], crowd->position, "value-update", "slow");
}

/* And all to whom the turn has yet to come, whoever is the next. */
static void
test_all_left (Crowd *crowd, gconstpointer data)
{
  publish_to_all (crowd, "x");
  for (guint i = 1; i < N_USERS; i++)
    g_clear_pointer (&crowd->clients[i], client_free);
  expect (crowd->clients[0], crowd->position, "value-update", "slow");
  while (sse_hub_get_n_clients (crowd->hub.hub) > 1)
    g_main_context_iteration (NULL, TRUE);
  rest ();
  publish (crowd, 0, "end");
  expect (crowd->clients[0], crowd->position, "value-update", "end");
}

/* One more client of a user to whom the turn has yet to come: nobody gets a view twice. */
static void
test_newcomer (Crowd *crowd, gconstpointer data)
{
  guint last = N_USERS - 1;
  g_autoptr (Client) newcomer = NULL;

  publish_to_all (crowd, "x");
  newcomer = join (crowd, last);
  expect (crowd->clients[last], crowd->position, "value-update", "slow");
  expect_start (newcomer, crowd->position, "slow");
  expect (crowd->clients[last - 1], crowd->position, "value-update", "slow");
  rest (); /* the turn is over */
  publish (crowd, last, "end");
  expect (crowd->clients[last], crowd->position, "value-update", "end");
  expect (newcomer, crowd->position, "value-update", "end");
}

static void
add (const char *path, void (*test) (Crowd *, gconstpointer))
{
  g_test_add (path, Crowd, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/hub-turns/slices", test_slices);
  add ("/core/hub-turns/once", test_once);
  add ("/core/hub-turns/touched-again", test_touched_again);
  add ("/core/hub-turns/left", test_left);
  add ("/core/hub-turns/all-left", test_all_left);
  add ("/core/hub-turns/newcomer", test_newcomer);
  return g_test_run ();
}
