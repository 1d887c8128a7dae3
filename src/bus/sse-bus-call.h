/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-context.h"

G_BEGIN_DECLS

/**
 * SseBusCall:
 * @context: what it works with
 * @invocation: the method call
 * @caller: who it is, once that is known
 * @data: of who carries it out
 *
 * A call of the root object's methods, from when it came until it is answered. Each ends with one
 * of the functions that return something.
 */
typedef struct _SseBusCall SseBusCall;

typedef void (*SseBusCallFunc) (SseBusCall *call);

struct _SseBusCall
{
  SseBusContext *context;
  GDBusMethodInvocation *invocation;
  SseProcess caller;
  gpointer data;

  /*< private >*/
  SseBusGate gate;
  SseBusCallFunc func;
  SseBusCallFunc known; /* NULL unless something waits for the caller to be known */
  gboolean is_known;
  gboolean is_answered;
};

void      sse_bus_call_connect      (gpointer        skeleton,
                                     const char     *signal,
                                     SseBusContext  *context,
                                     SseBusGate      gate,
                                     SseBusCallFunc  func);
GVariant *sse_bus_call_get_arguments
                                    (SseBusCall     *self);
void      sse_bus_call_with_caller  (SseBusCall     *self,
                                     SseBusCallFunc  func);
void      sse_bus_call_return       (SseBusCall     *self,
                                     GVariant       *result);
void      sse_bus_call_return_error (SseBusCall     *self,
                                     const GError   *error);

G_END_DECLS
