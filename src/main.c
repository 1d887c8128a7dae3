/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "sse-config.h"
#include "sse-daemon.h"
#include "sse-logging.h"

enum
{
  EXIT_USAGE = 2,
};

typedef struct
{
  char *config_file;
  char **listen;
  char *plugin_dir;
  gboolean session;
  gboolean system;
  gboolean no_bus;
  gboolean check;
  gboolean version;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->config_file);
  g_strfreev (options->listen);
  g_free (options->plugin_dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_file,
      N_ ("Read FILE and FILE.d/*.conf in place of " RIVULET_CONFIG_FILE), N_ ("FILE") },
    { "session", 0, 0, G_OPTION_ARG_NONE, &options->session, N_ ("Be on the session's bus"), NULL },
    { "system", 0, 0, G_OPTION_ARG_NONE, &options->system, N_ ("Be on the system's bus"), NULL },
    { "no-bus", 0, 0, G_OPTION_ARG_NONE, &options->no_bus, N_ ("Be on no bus"), NULL },
    { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &options->listen,
      N_ ("Listen on HOST:PORT or unix:PATH; may be repeated"), N_ ("ADDRESS") },
    { "plugin-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->plugin_dir, N_ ("Load plugins from DIR"),
      N_ ("DIR") },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check,
      N_ ("Say whether it would start, and exit"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version and exit"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
                                _ ("Serves streams of updates to browsers as Server-Sent Events."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("“%s” is not an option; rivuletd takes no other arguments"), (*argv)[1]);
      return FALSE;
    }
  if (options->session + options->system + options->no_bus > 1)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           _ ("only one of --session, --system and --no-bus can be given"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
load_config (const Options *options, SseConfig *config, GError **error)
{
  const char *file = options->config_file != NULL ? options->config_file : RIVULET_CONFIG_FILE;

  if (!sse_config_load (config, file, options->config_file != NULL, error))
    return FALSE;
  if (options->listen != NULL)
    {
      g_autofree char *addresses = g_strjoinv (";", options->listen);

      sse_config_set (config, "http", "listen", addresses, "--listen");
    }
  if (options->session)
    sse_config_set (config, "bus", "bus", "session", "--session");
  if (options->system)
    sse_config_set (config, "bus", "bus", "system", "--system");
  if (options->no_bus)
    sse_config_set (config, "bus", "bus", "none", "--no-bus");
  if (options->plugin_dir != NULL)
    sse_config_set (config, "plugins", "directory", options->plugin_dir, "--plugin-dir");
  return TRUE;
}

static gboolean
on_stop_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
serve (const Options *options, GError **error)
{
  g_autoptr (SseConfig) config = sse_config_new (g_getenv ("CREDENTIALS_DIRECTORY"));
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SseDaemon) daemon = NULL; /* behind the loop, which signals use to the end */

  if (!load_config (options, config, error))
    return FALSE;
  daemon = sse_daemon_new (config, error);
  if (daemon == NULL)
    return FALSE;
  if (options->check)
    {
      g_print ("%s\n", _ ("The configuration is in order."));
      return TRUE;
    }

  g_unix_signal_add (SIGTERM, on_stop_signal, loop);
  g_unix_signal_add (SIGINT, on_stop_signal, loop);
  if (!sse_daemon_start (daemon, error))
    return FALSE;
  g_main_loop_run (loop);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  sse_logging_init ();

  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("rivuletd: %s\n%s\n", error->message, _ ("Try “rivuletd --help”."));
      return EXIT_USAGE;
    }
  if (options.version)
    {
      g_print ("rivuletd %s\n", RIVULET_VERSION);
      return EXIT_SUCCESS;
    }
  if (!serve (&options, &error))
    {
      g_printerr ("rivuletd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
