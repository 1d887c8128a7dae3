/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SSE_CLI_BUS_NAME      "io.github.rivulet.Rivulet"
#define SSE_CLI_BUS_PATH      "/io/github/rivulet/Rivulet"
#define SSE_CLI_BUS_PUBLISHER "io.github.rivulet.Rivulet1.Publisher"
#define SSE_CLI_BUS_MANAGER   "io.github.rivulet.Rivulet1.Manager"
#define SSE_CLI_BUS_SERVER    "io.github.rivulet.Rivulet1.Server"
#define SSE_CLI_BUS_STREAM    "io.github.rivulet.Rivulet1.Stream"

/* How long one answer may take, in ms. */
#define SSE_CLI_BUS_TIMEOUT 60000

/**
 * SseBusChoice:
 * @session: `--session` is given
 * @system: `--system` is given
 * @config_file: (nullable) (owned): what `--config` gives
 *
 * What the command line says of the bus that rivuletd is on.
 */
typedef struct
{
  gboolean session;
  gboolean system;
  char *config_file;
} SseBusChoice;

/* The options that say it, for a subcommand's GOptionEntry array. */
#define SSE_CLI_BUS_ENTRIES(choice)                                                               \
  { "session", 0, 0, G_OPTION_ARG_NONE, &(choice)->session,                                       \
    N_ ("rivuletd is on the session's bus"), NULL },                                              \
  { "system", 0, 0, G_OPTION_ARG_NONE, &(choice)->system, N_ ("rivuletd is on the system's bus"), \
    NULL },                                                                                       \
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &(choice)->config_file,                              \
    N_ ("rivuletd's configuration, in place of the installed one"), N_ ("FILE") }

/**
 * SseBusFault:
 * @SSE_BUS_FAULT_REFUSED: this update was not taken; others may be
 * @SSE_BUS_FAULT_UNUSABLE: nothing was taken, and others won't be either
 * @SSE_BUS_FAULT_UNKNOWN: no answer came: it may have been taken
 */
typedef enum
{
  SSE_BUS_FAULT_REFUSED,
  SSE_BUS_FAULT_UNUSABLE,
  SSE_BUS_FAULT_UNKNOWN,
} SseBusFault;

GDBusConnection *sse_cli_bus_connect          (const SseBusChoice  *choice,
                                               GBusType            *bus,
                                               GError             **error);
SseBusFault      sse_cli_bus_judge            (const GError        *error);
char            *sse_cli_bus_describe         (const GError        *error,
                                               GBusType             bus);
const char      *sse_cli_bus_describe_absence (GBusType             bus);
GVariant        *sse_cli_bus_make_publish     (const char          *stream,
                                               const char          *update,
                                               const char          *audience);
GPtrArray       *sse_cli_bus_list_streams     (GVariant            *objects);
GPtrArray       *sse_cli_bus_get_streams      (GDBusConnection     *connection,
                                               GDBusCallFlags       flags,
                                               GError             **error);
char            *sse_cli_bus_find_path        (GDBusConnection     *connection,
                                               GBusType             bus,
                                               const char          *stream,
                                               GError             **error);
GVariant        *sse_cli_bus_manage           (GDBusConnection     *connection,
                                               GBusType             bus,
                                               const char          *method,
                                               GVariant            *arguments,
                                               const char          *type,
                                               GDBusCallFlags       flags,
                                               SseBusFault         *fault,
                                               GError             **error);

G_END_DECLS
