/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-feed.h"

typedef struct
{
  SseBusChoice bus;
  char *audience;
  char **rest;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->bus.config_file);
  g_free (options->audience);
  g_strfreev (options->rest);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
check_rest (char **rest, GError **error)
{
  const char *wrong = NULL;
  guint n = rest != NULL ? g_strv_length (rest) : 0;

  if (n == 0)
    wrong = _ ("to which stream? Give its name, such as quota, and the update as JSON");
  else if (n == 1)
    wrong = _ ("what is to be published? Give the update as JSON, or - to read one a line from "
               "standard input");
  else if (n > 2)
    wrong = _ ("more than one update is given; put JSON into single quotes, or give - and one "
               "update a line on standard input");
  if (wrong == NULL)
    return sse_cli_check_text (_ ("the stream's name"), rest[0], error);
  g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE, wrong);
  return FALSE;
}

static gboolean
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    { "audience", 'a', 0, G_OPTION_ARG_FILENAME, &options->audience,
      N_ ("Only for this user, as in their token's sub"), N_ ("SUB") },
    SSE_CLI_BUS_ENTRIES (&options->bus),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL,
      N_ ("STREAM JSON|-") },
    G_OPTION_ENTRY_NULL,
  };

  if (!sse_cli_parse (&sse_cli_publish,
                      _ ("Without --session and --system, the configuration says which bus.\n"
                         "With -, one update a line is read from standard input."),
                      entries, arguments, error))
    return FALSE;
  return check_rest (options->rest, error)
         && (options->audience == NULL
             || sse_cli_check_text ("--audience", options->audience, error));
}

/* ---- one update ---- */

static gboolean
publish_one (GDBusConnection *connection, GBusType bus, const Options *options, GError **error)
{
  const char *update = options->rest[1];
  g_autoptr (GError) local = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *line = NULL;
  const char *id;

  if (!g_utf8_validate (update, -1, NULL))
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE, _ ("the update: not UTF-8"));
      return FALSE;
    }
  answer = g_dbus_connection_call_sync (
      connection, SSE_CLI_BUS_NAME, SSE_CLI_BUS_PATH, SSE_CLI_BUS_PUBLISHER, "Publish",
      sse_cli_bus_make_publish (options->rest[0], update, options->audience),
      G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, SSE_CLI_BUS_TIMEOUT, NULL, &local);
  if (answer != NULL)
    {
      g_variant_get (answer, "(&s)", &id);
      line = g_strconcat (id, "\n", NULL);
      return sse_cli_print (line, error);
    }

  reason = sse_cli_bus_describe (local, bus);
  g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
               sse_cli_bus_judge (local) == SSE_BUS_FAULT_UNKNOWN
                   ? _ ("%s: %s; it may have been taken or not: publish it again")
                   : _ ("%s: %s"),
               options->rest[0], reason);
  return FALSE;
}

/* ---- many updates ---- */

typedef struct
{
  SseFeed *feed;
  guint sources[2];
} Interrupts;

static void
interrupts_clear (Interrupts *interrupts)
{
  for (guint i = 0; i < G_N_ELEMENTS (interrupts->sources); i++)
    g_clear_handle_id (&interrupts->sources[i], g_source_remove);
}

/* The first one ends it in order; without a handler, the next ends it at once. */
static gboolean
on_interrupt (gpointer user_data)
{
  Interrupts *interrupts = user_data;

  interrupts_clear (interrupts);
  sse_feed_stop (interrupts->feed);
  return G_SOURCE_REMOVE;
}

static gboolean
publish_lines (GDBusConnection *connection, GBusType bus, const Options *options, GError **error)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (SseFeed) feed = sse_feed_new (connection, bus, options->rest[0], options->audience,
                                           input, isatty (STDERR_FILENO) && !isatty (STDIN_FILENO));
  Interrupts interrupts = { feed, { 0 } };
  g_autofree char *summary = NULL;
  SseFeedTotals totals;
  gboolean read;

  interrupts.sources[0] = g_unix_signal_add (SIGINT, on_interrupt, &interrupts);
  interrupts.sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, &interrupts);
  read = sse_feed_run (feed, &totals, error);
  interrupts_clear (&interrupts);
  summary = sse_feed_describe (&totals);
  if (!read)
    {
      sse_cli_warn ("%s", summary);
      return FALSE;
    }
  if (totals.refused + totals.unknown > 0)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED, summary);
      return FALSE;
    }
  sse_cli_warn ("%s", summary);
  return TRUE;
}

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GDBusConnection) connection = NULL;
  GBusType bus;

  if (!parse (&options, arguments, error))
    return FALSE;
  connection = sse_cli_bus_connect (&options.bus, &bus, error);
  if (connection == NULL)
    return FALSE;
  if (strcmp (options.rest[1], "-") == 0)
    return publish_lines (connection, bus, &options, error);
  return publish_one (connection, bus, &options, error);
}

const SseCommand sse_cli_publish = {
  "publish",
  N_ ("Publishes updates for a stream, over D-Bus."),
  run,
};
