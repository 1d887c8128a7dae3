/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Publishes to a JetStream stream of its own, with so many replicas and so many messages in flight,
 * and says how many were acknowledged in each second:
 *
 *   plain-publisher URL MESSAGES IN-FLIGHT REPLICAS
 */

#include "config.h"

#include <glib.h>
#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>

#define NAME "plain"
/* As an update of the benchmark has. */
#define MESSAGE_BYTES 256
#define PATIENCE_MS   60000

static void
check (natsStatus status, const char *what)
{
  if (status == NATS_OK)
    return;
  g_printerr ("plain-publisher: %s: %s\n", what, natsStatus_GetText (status));
  exit (1);
}

static void
make_stream (jsCtx *jetstream, int replicas)
{
  const char *subjects[] = { NAME };
  jsStreamConfig config;
  jsErrCode code = 0;
  natsStatus status;

  jsStreamConfig_Init (&config);
  config.Name = NAME;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = replicas;
  status = js_AddStream (NULL, jetstream, &config, NULL, &code);
  check (code == JSStreamNameExistErr ? NATS_OK : status, "its stream");
}

/* Returns: so many for each second */
static double
publish (jsCtx *jetstream, int n)
{
  char text[MESSAGE_BYTES];
  gint64 start = g_get_monotonic_time ();
  jsPubOptions options;

  memset (text, 'x', sizeof text);
  for (int i = 0; i < n; i++)
    check (js_PublishAsync (jetstream, NAME, text, sizeof text, NULL), "publishing");
  jsPubOptions_Init (&options);
  options.MaxWait = PATIENCE_MS;
  check (js_PublishAsyncComplete (jetstream, &options), "what was published");
  return n / ((double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

/* What is not acknowledged makes the figure worthless. */
static void
on_error (jsCtx *jetstream, jsPubAckErr *error, void *data)
{
  g_printerr ("plain-publisher: a message was not taken: %s\n", error->ErrText);
  exit (1);
}

int
main (int argc, char **argv)
{
  natsConnection *connection = NULL;
  jsCtx *jetstream = NULL;
  jsOptions options;
  int n;

  if (argc != 5)
    {
      g_printerr ("Usage: plain-publisher URL MESSAGES IN-FLIGHT REPLICAS\n");
      return 2;
    }
  n = atoi (argv[2]);
  check (natsConnection_ConnectTo (&connection, argv[1]), argv[1]);
  jsOptions_Init (&options);
  options.PublishAsync.MaxPending = atoi (argv[3]);
  options.PublishAsync.StallWait = PATIENCE_MS;
  options.PublishAsync.ErrHandler = on_error;
  check (natsConnection_JetStream (&jetstream, connection, &options), "JetStream");
  make_stream (jetstream, atoi (argv[4]));
  publish (jetstream, MAX (1, n / 10));
  g_print ("%.1f\n", publish (jetstream, n));
  jsCtx_Destroy (jetstream);
  natsConnection_Destroy (connection);
  nats_Close ();
  return 0;
}
