/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"

typedef struct
{
  SseBusChoice bus;
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
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    SSE_CLI_BUS_ENTRIES (&options->bus),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL, N_ ("USER") },
    G_OPTION_ENTRY_NULL,
  };

  if (!sse_cli_parse (&sse_cli_revoke,
                      _ ("USER is the user as in their tokens' sub. Without --session and "
                         "--system, the\nconfiguration says which bus."),
                      entries, arguments, error))
    return FALSE;
  if (options->rest == NULL || options->rest[1] != NULL)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                           _ ("whose tokens? Give one user, as in their tokens' sub"));
      return FALSE;
    }
  return sse_cli_check_text (_ ("the user"), options->rest[0], error);
}

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *line = NULL;
  SseBusFault fault = SSE_BUS_FAULT_REFUSED;
  GBusType bus;

  if (!parse (&options, arguments, error))
    return FALSE;
  connection = sse_cli_bus_connect (&options.bus, &bus, error);
  if (connection == NULL)
    return FALSE;
  answer = sse_cli_bus_manage (connection, bus, "Revoke", g_variant_new ("(s)", options.rest[0]),
                               "()", G_DBUS_CALL_FLAGS_NONE, &fault, &local);
  if (answer == NULL)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                   fault == SSE_BUS_FAULT_UNKNOWN
                       ? _ ("%s: %s; the tokens may be revoked or not: revoke them again")
                       : _ ("%s: %s"),
                   options.rest[0], local->message);
      return FALSE;
    }
  line = g_strdup_printf (
      _ ("%s: all streams are ended, and tokens issued until now are refused\n"), options.rest[0]);
  return sse_cli_print (line, error);
}

const SseCommand sse_cli_revoke = {
  "revoke",
  N_ ("Ends all streams of a user, and refuses the tokens that they have."),
  run,
};
