/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SseBusChanges:
 *
 * Tells the bus what has changed of an interface's properties, at most once a second, however often
 * they change.
 */
typedef struct _SseBusChanges SseBusChanges;

SseBusChanges *sse_bus_changes_new  (GDBusInterfaceSkeleton *skeleton,
                                     const char             *restless);
void           sse_bus_changes_free (SseBusChanges          *self);
void           sse_bus_changes_note (SseBusChanges          *self);

void           sse_bus_changes_emit (GDBusInterfaceSkeleton *skeleton,
                                     GVariant               *changed);

G_END_DECLS
