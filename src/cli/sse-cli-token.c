/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <inttypes.h>

#include <glib/gi18n-lib.h>

#include "sse-cli-config.h"

#define DEFAULT_LIFETIME 3600
#define MAX_LIFETIME     (G_GINT64_CONSTANT (10) * 366 * 24 * 3600)

typedef struct
{
  char *subject;
  gint64 lifetime; /* seconds */
  GStrv streams;   /* NULL: all */
  GStrv publish;   /* NULL: none */
  char *config_file;
  char *secret_file;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->subject);
  g_strfreev (options->streams);
  g_strfreev (options->publish);
  g_free (options->config_file);
  g_free (options->secret_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
check_streams (const char *option, GStrv streams, GError **error)
{
  for (char **stream = streams; stream != NULL && *stream != NULL; stream++)
    if (!sse_cli_check_text (option, *stream, error))
      return FALSE;
  return TRUE;
}

static gboolean
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    { "sub", 0, 0, G_OPTION_ARG_FILENAME, &options->subject, N_ ("The user whom it names"),
      N_ ("SUB") },
    { "expires-in", 0, 0, G_OPTION_ARG_INT64, &options->lifetime,
      N_ ("Good for so many seconds (default: 3600)"), N_ ("SECONDS") },
    { "stream", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->streams,
      N_ ("Good for this stream alone, and others that are named like this (default: all)"),
      N_ ("STREAM") },
    { "publish", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->publish,
      N_ ("Lets publish to this stream over HTTP, and others that are named like this "
          "(default: none)"),
      N_ ("STREAM") },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_file,
      N_ ("rivuletd's configuration, in place of the installed one"), N_ ("FILE") },
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &options->secret_file,
      N_ ("Sign with the secret in FILE, in place of the configured one"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL,
  };

  if (!sse_cli_parse (&sse_cli_token, NULL, entries, arguments, error))
    return FALSE;
  if (g_strv_length (*arguments) > 1)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                   _ ("“%s”: only options are taken; the user is given as --sub SUB"),
                   (*arguments)[1]);
      return FALSE;
    }
  if (options->subject == NULL)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                           _ ("whose token? Give --sub SUB"));
      return FALSE;
    }
  if (options->lifetime < 1 || options->lifetime > MAX_LIFETIME)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                   _ ("--expires-in: %" PRId64 " is not a number of seconds from 1 to %" PRId64),
                   options->lifetime, MAX_LIFETIME);
      return FALSE;
    }
  return check_streams ("--stream", options->streams, error)
         && check_streams ("--publish", options->publish, error)
         && sse_cli_check_text ("--sub", options->subject, error);
}

/* What they point to stays the options'. */
static SseClaims
make_claims (const Options *options)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  return (SseClaims){
    .subject = options->subject,
    .issued = now,
    .expires = (now + options->lifetime) * G_USEC_PER_SEC,
    .streams = options->streams,
    .publish = options->publish,
  };
}

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { .lifetime = DEFAULT_LIFETIME };
  g_autoptr (SseConfig) config = NULL;
  g_autofree char *token = NULL;
  g_autofree char *line = NULL;
  SseClaims claims;

  if (!parse (&options, arguments, error))
    return FALSE;
  config = sse_cli_config_load_signing (options.config_file, options.secret_file, FALSE, error);
  if (config == NULL)
    return FALSE;
  claims = make_claims (&options);
  token = sse_cli_config_sign (config, &claims, error);
  if (token == NULL)
    return FALSE;
  line = g_strconcat (token, "\n", NULL);
  return sse_cli_print (line, error);
}

const SseCommand sse_cli_token = {
  "token",
  N_ ("Prints a token that rivuletd takes, signed with its secret."),
  run,
};
