/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "sse-config.h"
#include "sse-daemon.h"
#include "sse-language.h"
#include "sse-logging.h"
#include "sse-plugin-loader.h"
#include "sse-settings-list.h"
#include "sse-settings.h"

enum
{
  EXIT_USAGE = 2,
};

typedef struct
{
  char *config_file;
  char **listen;
  char *plugin_dir;
  char *state_dir;
  gboolean session;
  gboolean system;
  gboolean no_bus;
  gboolean check;
  gboolean list;
  gboolean version;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->config_file);
  g_strfreev (options->listen);
  g_free (options->plugin_dir);
  g_free (options->state_dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  g_autofree char *about_config
      = g_strdup_printf (_ ("Read FILE and FILE.d/*.conf in place of %s"), RIVULET_CONFIG_FILE);
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_file, about_config, N_ ("FILE") },
    { "session", 0, 0, G_OPTION_ARG_NONE, &options->session, N_ ("Be on the session's bus"), NULL },
    { "system", 0, 0, G_OPTION_ARG_NONE, &options->system, N_ ("Be on the system's bus"), NULL },
    { "no-bus", 0, 0, G_OPTION_ARG_NONE, &options->no_bus, N_ ("Be on no bus"), NULL },
    { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &options->listen,
      N_ ("Listen on HOST:PORT or unix:PATH; may be repeated"), N_ ("ADDRESS") },
    { "plugin-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->plugin_dir, N_ ("Load plugins from DIR"),
      N_ ("DIR") },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir, N_ ("Keep the log in DIR"),
      N_ ("DIR") },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check,
      N_ ("Say whether it would start, and exit"), NULL },
    { "list-settings", 0, 0, G_OPTION_ARG_NONE, &options->list,
      N_ ("Print all that can be configured, as a configuration file, and exit"), NULL },
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

/* The file of the command line, of a unit's own folder (systemd.exec(5)), or the machine's. */
static char *
choose_config_file (const Options *options)
{
  const char *folder = g_getenv ("CONFIGURATION_DIRECTORY");

  if (options->config_file != NULL)
    return g_strdup (options->config_file);
  if (folder != NULL && *folder != '\0')
    return g_build_filename (folder, "rivulet.conf", NULL);
  return g_strdup (RIVULET_CONFIG_FILE);
}

static SseConfig *
read_config (gpointer user_data, GError **error)
{
  const Options *options = user_data;
  g_autofree char *file = choose_config_file (options);
  g_autoptr (SseConfig) config = sse_config_new (g_getenv ("CREDENTIALS_DIRECTORY"));

  if (!sse_config_load (config, file, options->config_file != NULL, error))
    return NULL;
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
  if (options->state_dir != NULL)
    sse_config_set (config, "log", "directory", options->state_dir, "--state-dir");
  return g_steal_pointer (&config);
}

/* The plugins' settings are only known from the plugins. Where the command line says where these
 * are, no configuration is read. */
static gboolean
list_settings (Options *options, GError **error)
{
  g_autoptr (SseConfig) config = NULL;
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GPtrArray) plugins = NULL;
  g_autofree char *list = NULL;
  const char *directory = options->plugin_dir;

  if (directory == NULL)
    {
      config = read_config (options, error);
      if (config == NULL)
        return FALSE;
      settings = sse_settings_read (config, "plugins", error);
      if (settings == NULL)
        return FALSE;
      directory = sse_settings_get_string (settings, "directory");
    }
  plugins = sse_plugins_load (directory, error);
  if (plugins == NULL)
    return FALSE;
  list = sse_settings_list (plugins);
  if (fputs (list, stdout) != EOF && fflush (stdout) != EOF)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (gint) g_file_error_from_errno (errno),
               _ ("cannot write to standard output: %s"), g_strerror (errno));
  return FALSE;
}

static gboolean
on_reload_signal (gpointer daemon)
{
  sse_daemon_reload (daemon, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_stop_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* Serves until a signal ends it. Before and after, the signals that end it do so at once, as they
 * do by themselves. */
static gboolean
run (SseDaemon *daemon, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint terminate = g_unix_signal_add (SIGTERM, on_stop_signal, loop);
  guint interrupt = g_unix_signal_add (SIGINT, on_stop_signal, loop);
  gboolean started = sse_daemon_start (daemon, error);
  gboolean served = FALSE;

  if (started)
    {
      sse_language_serve ();
      served = sse_daemon_serve (daemon, loop, error);
    }
  g_source_remove (terminate);
  g_source_remove (interrupt);
  if (started)
    sse_daemon_stop (daemon);
  return served;
}

static gboolean
serve (Options *options, GError **error)
{
  g_autoptr (SseDaemon) daemon = sse_daemon_new (read_config, options, g_getenv ("STATE_DIRECTORY"),
                                                 g_getenv ("RUNTIME_DIRECTORY"), error);
  guint reload;
  gboolean served;

  if (daemon == NULL)
    return FALSE;
  if (options->check)
    {
      g_print ("%s\n", _ ("The configuration is in order."));
      return TRUE;
    }

  sse_language_settle ();
  /* It would end the process: one that comes early waits. */
  reload = g_unix_signal_add (SIGHUP, on_reload_signal, daemon);
  served = sse_daemon_load (daemon, error) && run (daemon, error);
  g_source_remove (reload);
  signal (SIGHUP, SIG_IGN);
  return served;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;

  sse_language_init_service ();
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
  if (!(options.list ? list_settings (&options, &error) : serve (&options, &error)))
    {
      g_printerr ("rivuletd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
