/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SseCliError:
 * @SSE_CLI_ERROR_USAGE: the command line is wrong
 * @SSE_CLI_ERROR_FAILED: what was asked for could not be done
 *
 * Why a subcommand ends; messages name the input and what to do about it.
 */
typedef enum
{
  SSE_CLI_ERROR_USAGE,
  SSE_CLI_ERROR_FAILED,
} SseCliError;

#define SSE_CLI_ERROR (sse_cli_error_quark ())
GQuark   sse_cli_error_quark (void);

/**
 * SseCommand:
 * @name: what it is called on the command line
 * @summary: one sentence for `--help`, to be translated
 * @run: does it; @arguments are those after the subcommand, with "rivulet NAME" in front
 */
typedef struct
{
  const char *name;
  const char *summary;
  gboolean (*run) (char ***arguments, GError **error);
} SseCommand;

extern const SseCommand sse_cli_clients;
extern const SseCommand sse_cli_publish;
extern const SseCommand sse_cli_revoke;
extern const SseCommand sse_cli_status;
extern const SseCommand sse_cli_token;
extern const SseCommand sse_cli_watch;

gboolean sse_cli_parse       (const SseCommand   *command,
                              const char         *description,
                              const GOptionEntry *entries,
                              char             ***arguments,
                              GError            **error);
gboolean sse_cli_check_text  (const char         *option,
                              const char         *text,
                              GError            **error);
char    *sse_cli_tame        (const char         *text);
gboolean sse_cli_print       (const char         *text,
                              GError            **error);
gboolean sse_cli_is_terminal (void);
void     sse_cli_warn        (const char         *format,
                              ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
