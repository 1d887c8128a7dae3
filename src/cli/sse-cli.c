/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

G_DEFINE_QUARK (sse_cli_error_quark, sse_cli_error)

/**
 * sse_cli_parse:
 * @description: what else `--help` says, translated
 * @entries: the subcommand's options
 * @arguments: (inout): from "rivulet NAME" on
 * @error: %G_OPTION_ERROR
 *
 * Reads a subcommand's options. Given `--help`, prints it and ends the process with status 0.
 */
gboolean
sse_cli_parse (const SseCommand *command,
               const char *description,
               const GOptionEntry *entries,
               char ***arguments,
               GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, g_dgettext (GETTEXT_PACKAGE, command->summary));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return g_option_context_parse_strv (context, arguments, error);
}

/**
 * sse_cli_check_text:
 * @option: how a message names it, "--sub"
 * @text: what it was given
 * @error: %SSE_CLI_ERROR_USAGE where that is empty, not UTF-8 or has control characters
 */
gboolean
sse_cli_check_text (const char *option, const char *text, GError **error)
{
  const char *wrong = NULL;

  if (*text == '\0')
    wrong = _ ("must not be empty");
  else if (!g_utf8_validate (text, -1, NULL))
    wrong = _ ("must be UTF-8");
  else
    for (const char *p = text; *p != '\0' && wrong == NULL; p = g_utf8_next_char (p))
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        wrong = _ ("must not have control characters");

  if (wrong != NULL)
    g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE, _ ("%s: %s"), option, wrong);
  return wrong == NULL;
}

static gboolean
is_unseen (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR
         || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* As in JSON, where what needs more than 16 bits is two surrogates. */
static void
append_escaped (GString *text, gunichar c)
{
  if (c < 0x10000)
    g_string_append_printf (text, "\\u%04x", c);
  else
    g_string_append_printf (text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                            0xdc00 + ((c - 0x10000) & 0x3ff));
}

/**
 * sse_cli_tame:
 * @text: from elsewhere
 *
 * Puts a text on one line, and so that a terminal takes nothing in it for a command, nor shows what
 * stands around it in another order: line ends and tabs become spaces, other control characters and
 * those that are not seen become escapes. What was JSON stays the same JSON, where the former lie
 * between values and the latter in strings only.
 *
 * Returns: (transfer full): UTF-8
 */
char *
sse_cli_tame (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *tame = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || c == '\r' || c == '\t')
        g_string_append_c (tame, ' ');
      else if (is_unseen (c))
        append_escaped (tame, c);
      else
        g_string_append_unichar (tame, c);
    }
  return g_string_free (tame, FALSE);
}

/**
 * sse_cli_print:
 * @text: UTF-8, with its line end
 * @error: the domain %G_FILE_ERROR
 *
 * Writes to standard output at once. %G_FILE_ERROR_PIPE says that nobody reads it any more.
 */
gboolean
sse_cli_print (const char *text, GError **error)
{
  if (fputs (text, stdout) != EOF && fflush (stdout) != EOF)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (gint) g_file_error_from_errno (errno),
               _ ("cannot write to standard output: %s"), g_strerror (errno));
  return FALSE;
}

/**
 * sse_cli_is_terminal:
 *
 * Returns: whether standard output is a terminal that does more than print
 */
gboolean
sse_cli_is_terminal (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDOUT_FILENO) && term != NULL && strcmp (term, "dumb") != 0;
}

/**
 * sse_cli_warn:
 * @format: one line, without line end
 *
 * Says something on standard error.
 */
void
sse_cli_warn (const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *tame = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  tame = sse_cli_tame (message);
  g_printerr ("rivulet: %s\n", tame);
}
