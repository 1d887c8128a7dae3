/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SseObserverCalls:
 * @seen: called with what is to be seen of rivuletd, at first and after each change: the properties
 *   of `Server`, an a{sv}, and what the ObjectManager has, an a{oa{sa{sv}}}
 * @away: called where it is not on the bus, at first or any more
 */
typedef struct
{
  void (*seen) (GVariant *server, GVariant *objects, gpointer user_data);
  void (*away) (gpointer user_data);
} SseObserverCalls;

/**
 * SseObserver:
 *
 * Looks at rivuletd over D-Bus again and again, as it goes and comes back. It is not started for
 * that.
 */
typedef struct _SseObserver SseObserver;

SseObserver *sse_observer_new  (GDBusConnection        *connection,
                                GBusType                bus,
                                const SseObserverCalls *calls,
                                gpointer                user_data);
void         sse_observer_free (SseObserver            *self);
gboolean     sse_observer_run  (SseObserver            *self,
                                GError                **error);
void         sse_observer_stop (SseObserver            *self,
                                GError                 *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseObserver, sse_observer_free)

G_END_DECLS
