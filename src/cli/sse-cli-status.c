/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-observer.h"
#include "sse-status.h"

/* To the upper left corner, with nothing below. */
#define CLEAR_SCREEN "\033[H\033[2J"

typedef struct
{
  SseBusChoice bus;
  gboolean watch;
  gboolean json;
} Options;

typedef struct
{
  const Options *options;
  GBusType bus;
  gboolean redraw;
  SseObserver *observer;
  char *shown; /* NULL before the first time */
} Status;

static void
options_clear (Options *options)
{
  g_free (options->bus.config_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    { "watch", 'w', 0, G_OPTION_ARG_NONE, &options->watch,
      N_ ("Go on, and print it again when something changes"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_ ("Print it as one line of JSON"), NULL },
    SSE_CLI_BUS_ENTRIES (&options->bus),
    G_OPTION_ENTRY_NULL,
  };

  if (!sse_cli_parse (&sse_cli_status,
                      _ ("Without --session and --system, the configuration says which bus."),
                      entries, arguments, error))
    return FALSE;
  if (g_strv_length (*arguments) > 1)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                   _ ("“%s”: only options are taken; “rivulet clients STREAM” tells of one stream"),
                   (*arguments)[1]);
      return FALSE;
    }
  return TRUE;
}

/* Takes @text, one state of things; where it is what was shown last, nothing has changed. */
static void
show (Status *status, char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *whole = NULL;
  GError *error = NULL;

  if (g_strcmp0 (status->shown, text) == 0)
    {
      g_free (text);
      return;
    }
  if (!status->options->watch || status->options->json)
    whole = g_strdup (text);
  else if (status->redraw)
    whole = g_strdup_printf (CLEAR_SCREEN "%s\n%s", time, text);
  else
    whole = g_strdup_printf ("%s%s\n%s", status->shown != NULL ? "\n" : "", time, text);
  g_free (status->shown);
  status->shown = text;
  if (!sse_cli_print (whole, &error) || !status->options->watch)
    sse_observer_stop (status->observer, error);
}

/* As SseObserverCalls.seen. */
static void
on_seen (GVariant *server, GVariant *objects, gpointer user_data)
{
  Status *status = user_data;

  show (status, status->options->json ? sse_status_print_json (server, objects)
                                      : sse_status_print_readable (server, objects,
                                                                   status->bus == G_BUS_TYPE_SYSTEM
                                                                       ? _ ("on the system bus")
                                                                       : _ ("on the session bus")));
}

/* As SseObserverCalls.away. */
static void
on_away (gpointer user_data)
{
  Status *status = user_data;

  if (!status->options->watch)
    sse_observer_stop (status->observer,
                       g_error_new_literal (SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                                            sse_cli_bus_describe_absence (status->bus)));
  else if (status->options->json)
    show (status, sse_status_print_json (NULL, NULL));
  else
    show (status, g_strdup (_ ("rivuletd is away; waiting for it\n")));
}

static gboolean
on_interrupt (gpointer observer)
{
  sse_observer_stop (observer, NULL);
  return G_SOURCE_CONTINUE;
}

/* Whoever read standard output is gone. */
static gboolean
on_output_closed (int fd, GIOCondition condition, gpointer observer)
{
  sse_observer_stop (observer, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
run (char ***arguments, GError **error)
{
  const SseObserverCalls calls = { on_seen, on_away };
  g_auto (Options) options = { 0 };
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (SseObserver) observer = NULL;
  Status status = { &options, G_BUS_TYPE_NONE, sse_cli_is_terminal (), NULL, NULL };
  gboolean done;

  if (!parse (&options, arguments, error))
    return FALSE;
  connection = sse_cli_bus_connect (&options.bus, &status.bus, error);
  if (connection == NULL)
    return FALSE;
  observer = sse_observer_new (connection, status.bus, &calls, &status);
  status.observer = observer;
  if (options.watch)
    g_unix_signal_add (SIGINT, on_interrupt, observer);
  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_output_closed, observer);
  done = sse_observer_run (observer, error);
  g_clear_pointer (&status.shown, g_free);
  return done;
}

const SseCommand sse_cli_status = {
  "status",
  N_ ("Tells how rivuletd and its streams are."),
  run,
};
