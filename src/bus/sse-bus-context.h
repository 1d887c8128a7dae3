/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-authority.h"
#include "sse-bus-callers.h"
#include "sse-bus.h"

G_BEGIN_DECLS

/**
 * SseBusContext:
 * @hub: (not owned): what updates and revocations go to
 * @callers: (not owned): who calls
 * @authority: (not owned): who may
 * @funcs: what else is asked
 * @user_data: for @funcs
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
} SseBusContext;

G_END_DECLS
