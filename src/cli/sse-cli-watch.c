/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli.h"

#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-cli-config.h"
#include "sse-event-printer.h"
#include "sse-follower.h"

/* Of a token signed for one connection, in s: long enough for clocks that differ. */
#define TOKEN_LIFETIME 3600

#define TOKEN_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_."

typedef struct
{
  SseBusChoice bus;
  char *url;
  char *token_file;
  char *secret_file;
  char *subject;
  char *last_event_id;
  gboolean json;
  char **rest;
} Options;

typedef struct
{
  const Options *options;
  const char *environment_token; /* NULL where there is none */
  gboolean colours;
  SseFollower *follower;
} Watch;

static void
options_clear (Options *options)
{
  g_free (options->bus.config_file);
  g_free (options->url);
  g_free (options->token_file);
  g_free (options->secret_file);
  g_free (options->subject);
  g_free (options->last_event_id);
  g_strfreev (options->rest);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
check (const Options *options, GError **error)
{
  if (options->rest == NULL || options->rest[1] != NULL)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                           _ ("give one stream: its name, such as quota, or its path, such as "
                              "/quota/stream"));
      return FALSE;
    }
  return sse_cli_check_text (_ ("the stream"), options->rest[0], error)
         && (options->url == NULL || sse_cli_check_text ("--url", options->url, error))
         && (options->subject == NULL || sse_cli_check_text ("--sub", options->subject, error))
         && (options->last_event_id == NULL
             || sse_cli_check_text ("--last-event-id", options->last_event_id, error));
}

static gboolean
parse (Options *options, char ***arguments, GError **error)
{
  const GOptionEntry entries[] = {
    { "url", 0, 0, G_OPTION_ARG_FILENAME, &options->url,
      N_ ("Where rivuletd is, in place of its first configured address: http://HOST:PORT or "
          "unix:PATH"),
      N_ ("URL") },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options->token_file,
      N_ ("Use the token in FILE, read again for each connection"), N_ ("FILE") },
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &options->secret_file,
      N_ ("Sign one with the secret in FILE, in place of the configured one"), N_ ("FILE") },
    { "sub", 0, 0, G_OPTION_ARG_FILENAME, &options->subject,
      N_ ("Whom to sign a token for, where none is given (default: your login name)"), N_ ("SUB") },
    { "last-event-id", 0, 0, G_OPTION_ARG_FILENAME, &options->last_event_id,
      N_ ("Go on after this event"), N_ ("ID") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_ ("Print each event as one line of JSON"),
      NULL },
    SSE_CLI_BUS_ENTRIES (&options->bus),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL, N_ ("STREAM") },
    G_OPTION_ENTRY_NULL,
  };

  if (!sse_cli_parse (
          &sse_cli_watch,
          _ ("The token is that in the environment's RIVULET_TOKEN, else that in "
             "--token-file,\nelse one signed with the configured secret. STREAM is a "
             "name, for whose path\nrivuletd is asked over D-Bus, or a path. With "
             "--session, it is your own rivuletd\nthat is followed, as systemd runs it."),
          entries, arguments, error))
    return FALSE;
  return check (options, error);
}

/* ---- the token ---- */

static char *
check_token (const char *text, const char *origin, GError **error)
{
  g_autofree char *token = g_strstrip (g_strdup (text));

  if (*token != '\0' && strspn (token, TOKEN_CHARACTERS) == strlen (token))
    return g_steal_pointer (&token);
  g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
               _ ("%s: holds no token: three parts of letters, digits, - and _ with dots between"),
               origin);
  return NULL;
}

static char *
sign_token (SseConfig *config, const Options *options, GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *subject
      = g_strdup (options->subject != NULL ? options->subject : g_get_user_name ());
  const SseClaims claims = {
    .subject = subject,
    .issued = now,
    .expires = (now + TOKEN_LIFETIME) * G_USEC_PER_SEC,
  };

  return sse_cli_config_sign (config, &claims, error);
}

/* As SseFollowerCalls.get_token. */
static char *
get_token (gpointer user_data, GError **error)
{
  Watch *watch = user_data;
  const Options *options = watch->options;
  g_autoptr (SseConfig) config = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;

  if (watch->environment_token != NULL)
    return check_token (watch->environment_token, "RIVULET_TOKEN", error);
  if (options->token_file != NULL)
    return g_file_get_contents (options->token_file, &text, NULL, error)
               ? check_token (text, options->token_file, error)
               : NULL;
  config = sse_cli_config_load_signing (options->bus.config_file, options->secret_file,
                                        options->bus.session, &local);
  if (config != NULL)
    text = sign_token (config, options, &local);
  if (text == NULL)
    g_set_error (error, local->domain, local->code,
                 _ ("RIVULET_TOKEN and --token-file give no token, and none can be signed: %s"),
                 local->message);
  return g_steal_pointer (&text);
}

/* ---- output ---- */

/* As SseFollowerCalls.event. */
static void
on_event (const SseReceivedEvent *event, gpointer user_data)
{
  Watch *watch = user_data;
  g_autofree char *line = NULL;
  GError *error = NULL;

  if (watch->options->json)
    {
      line = sse_event_print_json (event);
    }
  else
    {
      g_autoptr (GDateTime) now = g_date_time_new_now_local ();
      g_autofree char *time = g_date_time_format (now, "%H:%M:%S");

      line = sse_event_print_readable (event, time, watch->colours);
    }
  if (!sse_cli_print (line, &error))
    sse_follower_stop (watch->follower, error);
}

/* As SseFollowerCalls.notice. */
static void
on_notice (const char *text, gpointer user_data)
{
  sse_cli_warn ("%s", text);
}

static gboolean
on_interrupt (gpointer follower)
{
  sse_follower_stop (follower, NULL);
  return G_SOURCE_CONTINUE;
}

/* Whoever read standard output is gone: the next event need not be waited for to know. */
static gboolean
on_output_closed (int fd, GIOCondition condition, gpointer follower)
{
  sse_follower_stop (follower, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
can_show_colours (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return sse_cli_is_terminal () && (no_color == NULL || *no_color == '\0');
}

/* ---- where the stream is ---- */

static char *
find_path (const Options *options, GError **error)
{
  const char *stream = options->rest[0];
  g_autoptr (GDBusConnection) connection = NULL;
  GBusType bus;

  if (*stream == '/')
    return g_strdup (stream);
  connection = sse_cli_bus_connect (&options->bus, &bus, error);
  return connection != NULL ? sse_cli_bus_find_path (connection, bus, stream, error) : NULL;
}

static char *
find_url (const Options *options, GError **error)
{
  g_autoptr (SseConfig) config = NULL;

  if (options->url != NULL)
    return g_strdup (options->url);
  /* What the machine's configuration tells is the system's, which must not get this user's token.
   */
  if (options->bus.session && options->bus.config_file == NULL)
    return sse_cli_config_find_own_url (error);
  config = sse_cli_config_load (options->bus.config_file, error);
  return config != NULL ? sse_cli_config_get_url (config, error) : NULL;
}

static gboolean
run (char ***arguments, GError **error)
{
  g_auto (Options) options = { 0 };
  const SseFollowerCalls calls = { get_token, on_event, on_notice };
  const char *environment_token = g_getenv ("RIVULET_TOKEN");
  g_autofree char *url = NULL;
  g_autofree char *path = NULL;
  g_autoptr (SseFollower) follower = NULL;
  Watch watch;

  if (!parse (&options, arguments, error))
    return FALSE;
  if (environment_token != NULL && *environment_token == '\0')
    environment_token = NULL;
  if (environment_token != NULL && (options.token_file != NULL || options.subject != NULL))
    sse_cli_warn (_ ("RIVULET_TOKEN is set, so --token-file and --sub count for nothing"));
  url = find_url (&options, error);
  if (url == NULL)
    return FALSE;
  path = find_path (&options, error);
  if (path == NULL)
    return FALSE;

  watch = (Watch){ &options, environment_token, can_show_colours (), NULL };
  follower = sse_follower_new (url, path, options.last_event_id, &calls, &watch, error);
  if (follower == NULL)
    return FALSE;
  watch.follower = follower;
  g_unix_signal_add (SIGINT, on_interrupt, follower);
  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_output_closed, follower);
  return sse_follower_run (follower, error);
}

const SseCommand sse_cli_watch = {
  "watch",
  N_ ("Follows a stream, and prints its events as they come."),
  run,
};
