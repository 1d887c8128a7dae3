/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-counters.h"
#include "sse-hub.h"

G_BEGIN_DECLS

#define SSE_BUS_NAME "io.github.rivulet.Rivulet"
#define SSE_BUS_PATH "/io/github/rivulet/Rivulet"

/**
 * SseBusFuncs:
 * @issue_token: makes a token (transfer full) for a user and some streams that is good for so many
 *   seconds; sets %SSE_ERROR or %G_DBUS_ERROR
 * @reload: reads the configuration again; sets an error of any domain where it is wrong
 *
 * What is asked of the daemon that is not the hub's to do.
 */
typedef struct
{
  char *(*issue_token) (const char *subject,
                        const char *const *streams,
                        guint seconds,
                        gpointer user_data,
                        GError **error);
  gboolean (*reload) (gpointer user_data, GError **error);
} SseBusFuncs;

/**
 * SseBus:
 *
 * The hub's face on a message bus: the name, the Publisher, the Manager, the Server and the streams'
 * objects.
 * When the bus goes away it is waited for, and the name taken again.
 */
typedef struct _SseBus SseBus;

SseBus *sse_bus_new  (GBusType           type,
                      SseHub            *hub,
                      const SseCounters *counters,
                      const SseBusFuncs *funcs,
                      gpointer           user_data,
                      GError           **error);
void    sse_bus_free (SseBus            *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseBus, sse_bus_free)

G_END_DECLS
