/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "sse-cli.h"
#include "sse-language.h"

enum
{
  EXIT_USAGE = 2,
};

static const SseCommand *const commands[] = { &sse_cli_token,  &sse_cli_publish, &sse_cli_watch,
                                              &sse_cli_status, &sse_cli_clients, &sse_cli_revoke };

/* A standard stream that is closed would be a number that the next socket gets. Reading finds the
 * end at once, writing fails. */
static void
open_standard_streams (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

static char *
describe_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "\n  %-10s %s", commands[i]->name,
                            g_dgettext (GETTEXT_PACKAGE, commands[i]->summary));
  g_string_append_printf (text, "\n\n%s", _ ("“rivulet COMMAND --help” tells more of each."));
  return g_string_free (text, FALSE);
}

static const SseCommand *
find_command (const char *name, GError **error)
{
  g_autoptr (GString) there = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (strcmp (commands[i]->name, name) == 0)
        return commands[i];
      g_string_append_printf (there, "%s%s", i > 0 ? ", " : "", commands[i]->name);
    }
  g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
               _ ("“%s” is not a command; there are: %s"), name, there->str);
  return NULL;
}

/* The options before a command: all that are there end the program. */
static gboolean
run_without_command (char ***arguments, GError **error)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version and exit"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("COMMAND [ARGUMENT…]"));
  g_autofree char *description = describe_commands ();

  g_option_context_set_summary (context, _ ("Makes tokens for, publishes to, follows and looks "
                                            "after the streams of rivuletd."));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse_strv (context, arguments, error))
    return FALSE;
  if (version)
    return sse_cli_print ("rivulet " RIVULET_VERSION "\n", error);
  g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE, _ ("no command is given"));
  return FALSE;
}

static gboolean
run (char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  g_autofree char *name = NULL;
  const SseCommand *command;

  if (argv[0] == NULL || argv[1] == NULL || *argv[1] == '-')
    {
      arguments = g_strdupv (argv);
      return run_without_command (&arguments, error);
    }
  command = find_command (argv[1], error);
  if (command == NULL)
    return FALSE;

  name = g_strdup_printf ("rivulet %s", command->name);
  g_set_prgname (name);
  arguments = g_strdupv (argv + 1);
  g_free (arguments[0]);
  arguments[0] = g_steal_pointer (&name);
  return command->run (&arguments, error);
}

/* What --help says. GLib does not look at whether it could be written, and ends with 0. */
static void
print_help (const char *text)
{
  g_autoptr (GError) error = NULL;

  if (sse_cli_print (text, &error) || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_PIPE))
    return;
  sse_cli_warn ("%s", error->message);
  exit (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  open_standard_streams ();
  signal (SIGPIPE, SIG_IGN);
  sse_language_init ();
  g_set_prgname ("rivulet");
  g_set_print_handler (print_help);

  if (run (argv, &error))
    return EXIT_SUCCESS;
  /* Whoever read our output has had enough of it. */
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_PIPE))
    return EXIT_SUCCESS;

  sse_cli_warn ("%s", error->message);
  if (error->domain == G_OPTION_ERROR
      || g_error_matches (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE))
    {
      g_printerr (_ ("Try “%s --help”.\n"), g_get_prgname ());
      return EXIT_USAGE;
    }
  return EXIT_FAILURE;
}
