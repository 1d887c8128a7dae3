/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-authority.h"

#include <unistd.h>

#include "sse-bus-polkit.h"
#include "sse-error.h"

struct _SseBusAuthority
{
  GBusType type;
  SseBusPolkit *polkit;
};

static void
judge (SseBusJudged judged, gpointer user_data, SseError code, const char *why)
{
  g_autoptr (GError) error = g_error_new_literal (SSE_ERROR, (int) code, why);

  judged (error, user_data);
}

/**
 * sse_bus_authority_is_open:
 *
 * Returns: whether all that come to the gate may pass, as the bus has let through only who may
 */
gboolean
sse_bus_authority_is_open (SseBusAuthority *self, SseBusGate gate)
{
  return gate == SSE_BUS_GATE_PUBLISH && self->type == G_BUS_TYPE_SYSTEM;
}

/**
 * sse_bus_authority_judge:
 * @caller: who called
 * @invocation: at a gate that is not open
 * @judged: told whether they may, at once or later
 * @user_data: for @judged
 */
void
sse_bus_authority_judge (SseBusAuthority *self,
                         const SseProcess *caller,
                         GDBusMethodInvocation *invocation,
                         SseBusJudged judged,
                         gpointer user_data)
{
  if (caller->uid < 0)
    judge (judged, user_data, SSE_ERROR_BUSY,
           "the bus does not say who calls; whoever does has to wait for the answer");
  else if (caller->uid == 0)
    judged (NULL, user_data);
  else if (self->type == G_BUS_TYPE_SYSTEM)
    sse_bus_polkit_ask (self->polkit, (guint32) caller->uid, invocation, judged, user_data);
  else if (caller->uid == getuid ())
    judged (NULL, user_data);
  else
    judge (judged, user_data, SSE_ERROR_NOT_AUTHORIZED,
           "on a session's bus it is for the session's user");
}

/**
 * sse_bus_authority_new:
 * @type: the bus it is for
 */
SseBusAuthority *
sse_bus_authority_new (GBusType type)
{
  SseBusAuthority *self = g_new0 (SseBusAuthority, 1);

  self->type = type;
  self->polkit = sse_bus_polkit_new ();
  return self;
}

/**
 * sse_bus_authority_close:
 *
 * Has those told soon who wait for somebody to be asked, and asks nobody any more.
 */
void
sse_bus_authority_close (SseBusAuthority *self)
{
  sse_bus_polkit_close (self->polkit);
}

/* To come when nobody waits any more. */
void
sse_bus_authority_free (SseBusAuthority *self)
{
  sse_bus_polkit_free (self->polkit);
  g_free (self);
}
