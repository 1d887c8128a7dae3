/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-metrics.h"

#include <string.h>

#include "hub-fixture.h"

static void
assert_says (const char *text, const char *line)
{
  g_autofree char *whole = g_strdup_printf ("\n%s\n", line);

  if (strstr (text, whole) == NULL)
    g_error ("no “%s” in %s", line, text);
}

static char *
render (Fixture *fixture)
{
  const SseCounters clients = { .connections = 7, .refused_by_user = 5, .tokens_refused = 4 };

  return sse_metrics_render (fixture->hub, &clients, 1.5);
}

static void
test_nothing_yet (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = render (fixture);

  g_assert_true (g_str_has_prefix (text, "# HELP rivulet_build_info "));
  g_assert_true (g_str_has_suffix (text, "\n"));
  assert_says (text, "rivulet_stream_up{stream=\"probe\"} 1");
  assert_says (text, "rivulet_stream_up{stream=\"wrong-abi\"} 0");
  assert_says (text, "rivulet_clients{stream=\"probe\"} 0");
  assert_says (text, "rivulet_clients{stream=\"wrong-abi\"} 0");
  assert_says (text, "rivulet_queued_bytes{stream=\"wrong-abi\"} 0");
  assert_says (text, "rivulet_update_commit_seconds_count 0");
  assert_says (text, "rivulet_store_up 1");
  assert_says (text, "rivulet_store_durable 0");
  assert_says (text, "rivulet_connections 7");
  assert_says (text, "rivulet_connections_refused_total{limit=\"user\"} 5");
  assert_says (text, "rivulet_tokens_refused_total 4");
  assert_says (text, "process_start_time_seconds 1.5");
  g_assert_null (strstr (text, "revocations"));
}

static void
test_figures (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autofree char *text = NULL;

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "probe", NULL, "refuse", "x");
  fixture_publish (fixture, "probe", NULL, "again", "x");
  fixture_publish (fixture, "nowhere", NULL, "set", "x");
  text = render (fixture);
  assert_says (text, "rivulet_clients{stream=\"probe\"} 1");
  assert_says (text, "rivulet_clients{stream=\"other\"} 0");
  assert_says (text, "rivulet_clients_joined_total{stream=\"probe\"} 1");
  assert_says (text, "rivulet_updates_total{stream=\"probe\",verdict=\"applied\"} 1");
  assert_says (text, "rivulet_updates_total{stream=\"probe\",verdict=\"refused\"} 1");
  assert_says (text, "rivulet_updates_total{stream=\"probe\",verdict=\"unchanged\"} 1");
  assert_says (text, "rivulet_updates_rejected_total{reason=\"unknown_stream\"} 1");
  assert_says (text, "rivulet_update_commit_seconds_count 3");
  assert_says (text, "rivulet_log_position 3");
  assert_says (text, "rivulet_stream_position{stream=\"probe\"} 1");
  g_assert_null (strstr (text, "ann"));
  g_assert_null (strstr (text, "nowhere"));
}

/* A plugin that can't be loaded is named as its file is; two may have one name. */
static void
test_odd_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) plugins = g_ptr_array_new ();
  g_autoptr (GError) why = g_error_new_literal (SSE_ERROR, SSE_ERROR_REFUSED, "no plugin");
  g_autoptr (GError) error = NULL;
  SsePlugin odd = { .file = (char *) "odd.so", .name = (char *) "a\"\n\\b", .error = why };
  SsePlugin again = odd;
  const SseCounters clients = { 0 };
  g_autoptr (SseHub) hub = NULL;
  g_autofree char *text = NULL;
  const char *line = "\nrivulet_stream_up{stream=\"a\\\"\\n\\\\b\"} 0\n";
  const char *found;

  g_ptr_array_add (plugins, &odd);
  g_ptr_array_add (plugins, &again);
  hub = sse_hub_new (plugins, SSE_LOG (fixture->log), &fixture->options, &error);
  g_assert_no_error (error);
  text = sse_metrics_render (hub, &clients, 0);
  found = strstr (text, line);
  g_assert_nonnull (found);
  g_assert_null (strstr (found + 1, line));
  sse_hub_stop (hub);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/operators/metrics/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("nothing-yet", test_nothing_yet);
  ADD ("figures", test_figures);
  ADD ("odd-names", test_odd_names);
  return g_test_run ();
}
