/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A node without a bus and without clients: publishes to its hub, with so many updates in flight,
 * and says how many were acknowledged, which is applied as well, in each second:
 *
 *   hub-publisher CONFIG UPDATES IN-FLIGHT
 */

#include "config.h"

#include <stdlib.h>

#include "sse-nats-log.h"
#include "sse-options.h"

/* So that an update has about 256 bytes. */
#define UPDATE                                                                                     \
  "{\"type\":\"new-event\",\"event\":{\"delivery_id\":\"%u\",\"event\":\"push\","                  \
  "\"repo_full_name\":\"bench/bench\",\"action\":\"%0150d\"}}"

typedef struct
{
  SseHub *hub;
  GMainLoop *loop;
  guint sent;
  guint wanted; /* of them */
  guint in_flight;
} Run;

static void publish_one (Run *run);

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome != NULL && outcome->error != NULL)
    g_error ("an update was refused: %s", outcome->error->message);
  if (outcome == NULL)
    g_error ("an update was not taken: %s", error->message);
  run->in_flight--;
  if (run->sent < run->wanted)
    publish_one (run);
  else if (run->in_flight == 0)
    g_main_loop_quit (run->loop);
}

static void
publish_one (Run *run)
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  char *text = g_strdup_printf (UPDATE, g_random_int (), (int) run->sent);
  g_autoptr (GBytes) json = g_bytes_new_take (text, strlen (text));

  g_ptr_array_add (updates, sse_update_new ("github-events", NULL, json));
  run->sent++;
  run->in_flight++;
  sse_hub_publish_async (run->hub, updates, on_published, run);
}

/* Returns: so many for each second */
static double
publish (SseHub *hub, guint n, guint in_flight)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { .hub = hub, .loop = loop, .wanted = n };
  gint64 start = g_get_monotonic_time ();

  while (run.sent < MIN (n, in_flight))
    publish_one (&run);
  g_main_loop_run (loop);
  return n / ((double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

static SseHub *
make_hub (const char *file, GError **error)
{
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (SseOptions) options = NULL;
  g_autoptr (GPtrArray) plugins = NULL;
  g_autoptr (SseLog) log = NULL;
  g_autoptr (SseHub) hub = NULL;

  if (!sse_config_load (config, file, TRUE, error))
    return NULL;
  options = sse_options_read (config, NULL, NULL, error);
  if (options == NULL)
    return NULL;
  plugins = sse_plugins_load (options->plugin_dir, error);
  if (plugins == NULL || !sse_plugins_configure (plugins, config, error))
    return NULL;
  log = sse_nats_log_new (&options->nats, error);
  if (log == NULL)
    return NULL;
  hub = sse_hub_new (plugins, log, &options->hub, error);
  if (hub == NULL || !sse_hub_load (hub, error))
    return NULL;
  return g_steal_pointer (&hub);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SseHub) hub = NULL;
  guint n, in_flight;

  if (argc != 4)
    {
      g_printerr ("Usage: hub-publisher CONFIG UPDATES IN-FLIGHT\n");
      return 2;
    }
  hub = make_hub (argv[1], &error);
  if (hub == NULL)
    {
      g_printerr ("hub-publisher: %s\n", error->message);
      return 1;
    }
  n = (guint) atoi (argv[2]);
  in_flight = (guint) atoi (argv[3]);
  publish (hub, MAX (1, n / 10), in_flight);
  g_print ("%.1f\n", publish (hub, n, in_flight));
  sse_hub_close (hub);
  sse_hub_stop (hub);
  return 0;
}
