/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many updates in a second are acknowledged by a hub whose log is on NATS: without the bus or
 * HTTP, through which publishers reach it. */

#include <glib.h>
#include <nats/nats.h>
#include <stdlib.h>

#include "sse-hub.h"
#include "sse-nats-log.h"
#include "sse-plugin-loader.h"

#define MIB (1024 * 1024)

typedef struct
{
  SseHub *hub;
  guint64 run; /* so that no round's updates are another's */
  int length;
  int n_left; /* to be sent */
  int n_waiting;
  gboolean failed;
} Rate;

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Rate *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (source), result, &error);

  self->n_waiting--;
  if (outcomes != NULL && ((SseOutcome *) g_ptr_array_index (outcomes, 0))->error == NULL)
    return;
  self->failed = TRUE;
  g_printerr ("hub-rate: %s\n", error != NULL ? error->message : "an update was refused");
}

static void
publish (Rate *self)
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) json = NULL;

  g_string_printf (text,
                   "{\"type\":\"new-event\",\"event\":{\"delivery_id\":\"%" G_GUINT64_FORMAT
                   "-%d\",\"event\":\"push\",\"repo_full_name\":\"a/b\",\"pad\":\"",
                   self->run, self->n_left);
  while (text->len + 3 < (gsize) self->length)
    g_string_append_c (text, 'x');
  g_string_append (text, "\"}}");
  json = g_bytes_new (text->str, text->len);
  g_ptr_array_add (updates, sse_update_new ("github-events", NULL, json));
  sse_hub_publish_async (self->hub, updates, on_published, self);
  self->n_left--;
  self->n_waiting++;
}

static void
measure (Rate *self, int n_updates, int in_flight)
{
  gint64 start = g_get_monotonic_time ();

  self->run = (guint64) g_get_real_time ();
  self->n_left = n_updates;
  while ((self->n_left > 0 || self->n_waiting > 0) && !self->failed)
    {
      while (self->n_left > 0 && self->n_waiting < in_flight)
        publish (self);
      g_main_context_iteration (NULL, TRUE);
    }
  g_print ("%.0f\n",
           n_updates * (double) G_USEC_PER_SEC / (double) (g_get_monotonic_time () - start));
}

static SseHub *
make_hub (
    const char *url, const char *plugin_dir, const char *directory, guint replicas, GError **error)
{
  const char *urls[] = { url, NULL };
  const SseNatsOptions options = {
    .urls = urls,
    .name = "hub-rate",
    .node = "hub-rate",
    .replicas = replicas,
    .connect_ms = 10000,
    .deadline_ms = 60000,
    .max_update_bytes = MIB,
    .checkpoint_updates = 10000,
    .retain_updates = 100000,
    .directory = directory,
  };
  const SseHubOptions hub_options = {
    .intake = { .max_update_bytes = MIB, .max_updates = 1000000, .max_bytes = 1024 * MIB },
    .fanout = { .n_workers = 1,
                .queue_bytes = MIB,
                .total_bytes = 64 * MIB,
                .heartbeat_ms = 15000,
                .peer_timeout_ms = 60000,
                .retry_min_ms = 1000,
                .retry_max_ms = 5000 },
    .conflate_ms = 50,
    .slice_bytes = 65536,
    .resume_events = 10000,
    .resume_bytes = 32 * MIB,
  };
  g_autoptr (SseLog) log = sse_nats_log_new (&options, error);
  g_autoptr (GPtrArray) plugins = log != NULL ? sse_plugins_load (plugin_dir, error) : NULL;
  g_autoptr (SseHub) hub = NULL;

  if (plugins == NULL)
    return NULL;
  hub = sse_hub_new (plugins, log, &hub_options, error);
  return hub != NULL && sse_hub_load (hub, error) ? g_steal_pointer (&hub) : NULL;
}

/* URL, plugins' directory, a directory of its own, updates, bytes of each, in flight, replicas */
int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Rate self = { 0 };

  if (argc != 8)
    {
      g_printerr ("Usage: hub-rate URL PLUGINS DIRECTORY UPDATES BYTES IN-FLIGHT REPLICAS\n");
      return 2;
    }
  self.hub = make_hub (argv[1], argv[2], argv[3], (guint) atoi (argv[7]), &error);
  if (self.hub == NULL)
    {
      g_printerr ("hub-rate: %s\n", error->message);
      return 1;
    }
  self.length = atoi (argv[5]);
  measure (&self, atoi (argv[4]), atoi (argv[6]));
  sse_hub_close (self.hub);
  sse_hub_stop (self.hub);
  g_object_unref (self.hub);
  nats_Close ();
  return self.failed ? 1 : 0;
}
