/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-client-list.h"

#define DEFAULT_MAX 100

/* That rivuletd lists of a stream. */
#define MOST 10000

typedef struct
{
  SseBusChoice bus;
  gint64 max;
  gboolean json;
  char **rest;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->bus.config_file);
  g_strfreev (options->rest);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
check (const Options *options, GError **error)
{
  if (options->rest != NULL && options->rest[1] != NULL)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                           _ ("give one stream, or none for all of them"));
      return FALSE;
    }
  if (options->max < 1 || options->max > MOST)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                   _ ("--max: %" PRId64 " is not a number of clients from 1 to %d"), options->max,
                   MOST);
      return FALSE;
    }
  return options->rest == NULL
         || sse_cli_check_text (_ ("the stream's name"), options->rest[0], error);
}

static gboolean
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    { "max", 'n', 0, G_OPTION_ARG_INT64, &options->max,
      N_ ("Show so many at most, those with most queued (default: 100)"), N_ ("N") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_ ("Print each client as one line of JSON"),
      NULL },
    SSE_CLI_BUS_ENTRIES (&options->bus),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL,
      N_ ("[STREAM]") },
    G_OPTION_ENTRY_NULL,
  };

  return sse_cli_parse (&sse_cli_clients,
                        _ ("Without STREAM, clients of all streams. Without --session and "
                           "--system, the\nconfiguration says which bus."),
                        entries, arguments, error)
         && check (options, error);
}

/* Adds who follows a stream to the list, whose name outlives it. */
static gboolean
add_stream (SseClientList *list,
            const char *stream,
            GDBusConnection *connection,
            GBusType bus,
            const Options *options,
            GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GVariant) answer = sse_cli_bus_manage (
      connection, bus, "ListClients", g_variant_new ("(su)", stream, (guint32) options->max),
      "(a(ssxst))", G_DBUS_CALL_FLAGS_NO_AUTO_START, NULL, &local);
  g_autoptr (GVariant) clients = NULL;

  if (answer == NULL)
    {
      g_set_error (error, local->domain, local->code, _ ("%s: %s"), stream, local->message);
      return FALSE;
    }
  clients = g_variant_get_child_value (answer, 0);
  sse_client_list_add (list, stream, clients);
  return TRUE;
}

/* The names of those streams that can have clients. */
static GStrv
list_streams (GDBusConnection *connection, GBusType bus, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) streams
      = sse_cli_bus_get_streams (connection, G_DBUS_CALL_FLAGS_NO_AUTO_START, &local);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (streams == NULL)
    {
      g_autofree char *why = sse_cli_bus_describe (local, bus);

      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED, why);
      return NULL;
    }
  for (guint i = 0; i < streams->len; i++)
    {
      const char *name = "";
      const char *state = "";

      g_variant_lookup (g_ptr_array_index (streams, i), "Name", "&s", &name);
      g_variant_lookup (g_ptr_array_index (streams, i), "State", "&s", &state);
      if (strcmp (state, "running") == 0)
        g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { .max = DEFAULT_MAX };
  g_autoptr (GDBusConnection) connection = NULL;
  g_auto (GStrv) streams = NULL;
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *text = NULL;
  gboolean full;
  GBusType bus;

  if (!parse (&options, arguments, error))
    return FALSE;
  connection = sse_cli_bus_connect (&options.bus, &bus, error);
  if (connection == NULL)
    return FALSE;
  streams = options.rest != NULL ? g_strdupv (options.rest) : list_streams (connection, bus, error);
  if (streams == NULL)
    return FALSE;
  for (char **stream = streams; *stream != NULL; stream++)
    if (!add_stream (list, *stream, connection, bus, &options, error))
      return FALSE;

  full = sse_client_list_cut (list, (gsize) options.max);
  text = options.json ? sse_client_list_print_json (list)
                      : sse_client_list_print_readable (list, options.rest == NULL, zone);
  if (!sse_cli_print (text, error))
    return FALSE;
  if (full && !options.json)
    sse_cli_warn (_ ("there may be more of them; --max N shows more"));
  return TRUE;
}

const SseCommand sse_cli_clients = {
  "clients",
  N_ ("Lists the clients that follow a stream, those that read most slowly first."),
  run,
};
