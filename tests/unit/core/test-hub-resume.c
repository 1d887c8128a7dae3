/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <string.h>
#include <unistd.h>

/* The ring holds three events here. */
static void
test_resume (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *id;
    const char *expected;
  } rows[] = {
    { "ep-5", "HEAD\nretry: 7\n\n" EVENT ("5", "value-update", "e5") },
    { "ep-4", "HEAD\nretry: 7\n\n" EVENT ("5", "said", "e5") EVENT ("5", "value-update", "e5") },
    { "ep-2", "HEAD\nretry: 7\n\n" EVENT ("3", "said", "e3") EVENT ("5", "said", "e5")
                  EVENT ("5", "value-update", "e5") },
    { "ep-1", START ("5", "e5") },  /* trimmed */
    { "ep-6", START ("5", "e5") },  /* past the end */
    { "old-4", START ("5", "e5") }, /* of another epoch */
    { "4", START ("5", "e5") },     /* malformed */
  };

  fixture_publish (fixture, "probe", NULL, "say", "e1");
  fixture_publish (fixture, "probe", NULL, "say", "e2");
  fixture_publish (fixture, "probe", NULL, "say", "e3");
  fixture_publish (fixture, "probe", "ann", "say", "e4");
  fixture_publish (fixture, "probe", NULL, "say", "e5");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Client) bob = client_new (fixture, "probe", "bob", rows[i].id);

      g_test_message ("%s", rows[i].id);
      client_expect (bob, rows[i].expected);
    }
}

/* A value of which no socket here takes all at once, and a slice holds no two. */
static char *
make_large (guint i)
{
  g_autofree char *filling = g_strnfill (20 * SLICE_BYTES, (char) ('a' + i % 26));

  return g_strdup_printf ("%u%s", i, filling);
}

static void
say_large (Fixture *fixture, guint i)
{
  g_autofree char *value = make_large (i);

  fixture_publish (fixture, "probe", NULL, "say", value);
}

static void
append_large (GString *text, guint id, const char *type, guint i)
{
  g_autofree char *value = make_large (i);

  g_string_append_printf (text,
                          "id: ep-%u\nevent: %s\ndata: {\"type\":\"%s\",\"value\":\"%s\"}\n\n", id,
                          type, type, value);
}

/* What comes while it is given what it missed is one more thing that it missed. */
static void
test_catch_up (Fixture *fixture, gconstpointer data)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");
  g_autoptr (GString) expected = g_string_new ("HEAD\nretry: 7\n\n");
  g_autoptr (Client) bob = NULL;

  for (guint i = 1; i <= 3; i++)
    say_large (fixture, i);
  bob = client_new (fixture, "probe", "bob", "ep-0");
  g_assert_cmpuint (sse_stream_get_clients (stream), ==, 1);
  say_large (fixture, 4);
  for (guint i = 1; i <= 4; i++)
    append_large (expected, i, "said", i);
  append_large (expected, 4, "value-update", 4);
  client_expect (bob, expected->str);
  g_assert_cmpuint (sse_stream_get_counters (stream)->left[SSE_CLOSE_OVERFLOW], ==, 0);

  fixture_publish (fixture, "probe", NULL, "set", "now");
  client_expect (bob, EVENT ("5", "value-update", "now"));
}

/* What comes while it waits for a rendering is not lost, however much it is. */
static void
test_waits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new ("HEAD\nretry: 7\n\n");
  G_GNUC_UNUSED g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;

  /* The first is rendered at once, the second in a while. */
  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "probe", NULL, "set", "y");
  bob = client_new (fixture, "probe", "bob", "ep-2");
  for (guint i = 3; i <= 5; i++)
    {
      say_large (fixture, i);
      append_large (expected, i, "said", i);
    }
  append_large (expected, 5, "value-update", 5);
  client_expect (bob, expected->str);
}

/* It starts afresh. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new ("HEAD\nretry: 7\n\n");
  g_autoptr (Client) bob = NULL;

  for (guint i = 1; i <= 3; i++)
    say_large (fixture, i);
  bob = client_new (fixture, "probe", "bob", "ep-0");
  for (guint i = 4; i <= 6; i++)
    say_large (fixture, i);
  append_large (expected, 1, "said", 1);
  append_large (expected, 6, "value", 6);
  client_expect (bob, expected->str);

  fixture_publish (fixture, "probe", NULL, "say", "now");
  client_expect (bob, EVENT ("7", "said", "now"));
}

/* At any time: in a slice, while it waits for the next rendering, behind that. */
static void
test_hang_up_behind (Fixture *fixture, gconstpointer data)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");

  for (guint i = 1; i <= 3; i++)
    say_large (fixture, i);
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (Client) bob = client_new (fixture, "probe", "bob", "ep-2");

      fixture_publish (fixture, "probe", NULL, "set", "a");
      fixture_publish (fixture, "probe", NULL, "set", "b");
      for (guint j = 0; j < i && client_read (bob, 1); j++)
        g_main_context_iteration (NULL, FALSE);
    }
  while (sse_stream_get_clients (stream) > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/hub-resume/ids", test_resume);
  add ("/core/hub-resume/catch-up", test_catch_up);
  add ("/core/hub-resume/waits", test_waits);
  add ("/core/hub-resume/overtaken", test_overtaken);
  add ("/core/hub-resume/hang-up-behind", test_hang_up_behind);
  return g_test_run ();
}
