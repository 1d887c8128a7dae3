/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-authority.h"
#include "sse-bus-callers.h"
#include "sse-bus.h"
#include "sse-ration.h"

G_BEGIN_DECLS

/**
 * SseBusContext:
 * @hub: (not owned): what updates and revocations go to
 * @callers: who calls
 * @authority: who may
 * @funcs: what else is asked
 * @user_data: for @funcs
 * @n_open: calls that are not answered yet
 * @n_managing: those of the Manager among them
 * @closing: whether no call is taken any more
 * @denied_told: of calls that were not allowed
 *
 * What the methods of the root object's interfaces work with; it outlives these.
 */
typedef struct
{
  SseHub *hub;
  SseBusCallers *callers;
  SseBusAuthority *authority;
  const SseBusFuncs *funcs;
  gpointer user_data;
  guint n_open;
  guint n_managing;
  gboolean closing;
  SseRation denied_told;
} SseBusContext;

G_END_DECLS
