/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SseBusCallers:
 *
 * Who it is that calls, as the bus knows them: their user, their process and its unit of systemd.
 */
typedef struct _SseBusCallers SseBusCallers;

/**
 * SseBusCaller:
 * @uid: its user, -1 where the bus does not say, as it has left
 * @pid: its process, 0 likewise
 * @unit: (nullable): the unit that is in
 */
typedef struct
{
  gint64 uid;
  guint32 pid;
  char *unit;
} SseBusCaller;

typedef void (*SseBusCallersTold) (const SseBusCaller *caller, gpointer user_data);

SseBusCallers *sse_bus_callers_new  (void);
void           sse_bus_callers_free (SseBusCallers         *self);
void           sse_bus_callers_close
                                    (SseBusCallers         *self);
void           sse_bus_callers_forget
                                    (SseBusCallers         *self);
void           sse_bus_callers_ask  (SseBusCallers         *self,
                                     GDBusMethodInvocation *invocation,
                                     SseBusCallersTold      told,
                                     gpointer               user_data);

G_END_DECLS
