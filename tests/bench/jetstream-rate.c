/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plain publisher of JetStream: what it costs to have messages acknowledged, and nothing else. */

#include <glib.h>
#include <nats/nats.h>
#include <stdlib.h>

static gboolean
check (natsStatus status, const char *what)
{
  if (status != NATS_OK)
    g_printerr ("jetstream-rate: %s: %s\n", what, natsStatus_GetText (status));
  return status == NATS_OK;
}

static natsStatus
add_stream (jsCtx *jetstream, const char *name, int replicas)
{
  jsStreamConfig config;
  const char *subjects[] = { name };

  jsStreamConfig_Init (&config);
  config.Name = name;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = replicas;
  return js_AddStream (NULL, jetstream, &config, NULL, NULL);
}

/* Messages in a second, with so many that are not acknowledged yet at most; 0 for none. */
static double
measure (jsCtx *jetstream, const char *name, int n_messages, int length)
{
  g_autofree char *data = g_strnfill ((gsize) length, 'x');
  gint64 start = g_get_monotonic_time ();
  natsStatus status = NATS_OK;

  for (int i = 0; i < n_messages && status == NATS_OK; i++)
    status = js_PublishAsync (jetstream, name, data, length, NULL);
  if (status == NATS_OK)
    status = js_PublishAsyncComplete (jetstream, NULL);
  return check (status, "publishing")
             ? n_messages * (double) G_USEC_PER_SEC / (double) (g_get_monotonic_time () - start)
             : 0;
}

/* URL, messages, bytes of each, in flight, replicas of the stream */
int
main (int argc, char **argv)
{
  const char *name = "jetstream-rate";
  natsConnection *connection = NULL;
  jsCtx *jetstream = NULL;
  jsOptions options;
  double rate = 0;

  if (argc != 6)
    {
      g_printerr ("Usage: jetstream-rate URL MESSAGES BYTES IN-FLIGHT REPLICAS\n");
      return 2;
    }
  jsOptions_Init (&options);
  options.PublishAsync.MaxPending = atoi (argv[4]);
  options.PublishAsync.StallWait = 60000;
  if (check (natsConnection_ConnectTo (&connection, argv[1]), argv[1])
      && check (natsConnection_JetStream (&jetstream, connection, &options), "JetStream")
      && check (add_stream (jetstream, name, atoi (argv[5])), name))
    {
      rate = measure (jetstream, name, atoi (argv[2]), atoi (argv[3]));
      js_DeleteStream (jetstream, name, NULL, NULL);
    }
  jsCtx_Destroy (jetstream);
  natsConnection_Destroy (connection);
  nats_Close ();
  if (rate <= 0)
    return 1;
  g_print ("%.0f\n", rate);
  return 0;
}
