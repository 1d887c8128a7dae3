/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <glib/gi18n.h>

#include "sse-cli-bus.h"
#include "sse-client-list.h"

#define DEFAULT_MAX 100

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
  if (options->max < 1 || options->max > G_MAXUINT32)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                   _ ("--max: %" G_GINT64_FORMAT " is not a number of clients from 1 to %u"),
                   options->max, G_MAXUINT32);
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

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { .max = DEFAULT_MAX };
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) clients = NULL;
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *text = NULL;
  const char *stream;
  GBusType bus;

  if (!parse (&options, arguments, error))
    return FALSE;
  stream = options.rest != NULL ? options.rest[0] : "";
  connection = sse_cli_bus_connect (&options.bus, &bus, error);
  if (connection == NULL)
    return FALSE;
  answer = sse_cli_bus_manage (connection, bus, "ListClients",
                               g_variant_new ("(su)", stream, (guint32) options.max), "(a(ssxst))",
                               G_DBUS_CALL_FLAGS_NO_AUTO_START, NULL, error);
  if (answer == NULL)
    {
      g_prefix_error (error, "%s%s", stream, *stream != '\0' ? ": " : "");
      return FALSE;
    }
  clients = g_variant_get_child_value (answer, 0);
  text = options.json ? sse_client_list_print_json (clients)
                      : sse_client_list_print_readable (clients, zone);
  if (!sse_cli_print (text, error))
    return FALSE;
  if (!options.json && (gint64) g_variant_n_children (clients) == options.max)
    sse_cli_warn (_ ("there may be more of them; --max N shows more"));
  return TRUE;
}

const SseCommand sse_cli_clients = {
  "clients",
  N_ ("Lists the clients that follow a stream, those that read most slowly first."),
  run,
};
