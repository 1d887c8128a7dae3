/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-call.h"

#include "sse-error.h"
#include "sse-journal.h"

/* Calls to manage that are open at a time: anybody may make them. */
#define MAX_MANAGING 256

/* Refusals that are told in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

/* What a method's handler is connected with. */
typedef struct
{
  SseBusContext *context;
  SseBusGate gate;
  SseBusCallFunc func;
} Method;

static void
free_if_done (SseBusCall *self)
{
  if (!self->is_known || !self->is_answered)
    return;
  self->context->n_open--;
  if (self->gate == SSE_BUS_GATE_MANAGE)
    self->context->n_managing--;
  g_free (self->caller.unit);
  g_free (self);
}

/**
 * sse_bus_call_return:
 * @result: (transfer floating) (nullable): what the method returns, a tuple
 *
 * Ends the call.
 */
void
sse_bus_call_return (SseBusCall *self, GVariant *result)
{
  g_dbus_method_invocation_return_value (self->invocation, result);
  self->is_answered = TRUE;
  free_if_done (self);
}

/* Ends the call. */
void
sse_bus_call_return_error (SseBusCall *self, const GError *error)
{
  g_dbus_method_invocation_return_gerror (self->invocation, error);
  self->is_answered = TRUE;
  free_if_done (self);
}

static void
tell_denied (SseBusCall *self, const GError *error)
{
  const char *method = g_dbus_method_invocation_get_method_name (self->invocation);
  g_autofree char *uid = g_strdup_printf ("%" G_GINT64_FORMAT, self->caller.uid);
  g_autofree char *pid = g_strdup_printf ("%u", self->caller.pid);

  sse_journal (sse_ration_take (&self->context->denied_told, MAX_TOLD, TELL_SPAN)
                   ? G_LOG_LEVEL_MESSAGE
                   : G_LOG_LEVEL_DEBUG,
               SSE_JOURNAL_CALL_DENIED,
               SSE_JOURNAL_FIELDS ({ "SSE_METHOD", method }, { "SSE_CALLER_UID", uid },
                                   { "SSE_CALLER_PID", pid }),
               "%s was refused to uid %s, pid %s: %s", method, uid, pid, error->message);
}

static void
on_judged (const GError *error, gpointer user_data)
{
  SseBusCall *self = user_data;

  if (error == NULL)
    {
      self->func (self);
      return;
    }
  tell_denied (self, error);
  sse_bus_call_return_error (self, error);
}

static void
judge (SseBusCall *self)
{
  g_autoptr (GError) stops = NULL;

  if (!self->context->closing)
    {
      sse_bus_authority_judge (self->context->authority, &self->caller, self->invocation, on_judged,
                               self);
      return;
    }
  stops = g_error_new_literal (SSE_ERROR, SSE_ERROR_STORE_FAILED, "the daemon stops");
  sse_bus_call_return_error (self, stops);
}

static void
on_caller (const SseProcess *caller, gpointer user_data)
{
  SseBusCall *self = user_data;

  self->caller = (SseProcess){ caller->uid, caller->pid, g_strdup (caller->unit) };
  self->is_known = TRUE;
  if (self->is_answered)
    free_if_done (self);
  else if (self->known != NULL)
    self->known (self);
  else if (!sse_bus_authority_is_open (self->context->authority, self->gate))
    judge (self);
}

/* Why no call is taken now; NULL where it is. */
static const char *
find_obstacle (const Method *method, SseError *code)
{
  *code = SSE_ERROR_STORE_FAILED;
  if (method->context->closing)
    return "the daemon stops";
  *code = SSE_ERROR_BUSY;
  if (method->gate == SSE_BUS_GATE_MANAGE && method->context->n_managing >= MAX_MANAGING)
    return "too many calls wait already; try again later";
  return NULL;
}

static void
free_method (gpointer method, GClosure *closure)
{
  g_free (method);
}

/* The handler of each method; the arguments behind the invocation are left to who wants them. */
static gboolean
on_call (gpointer user_data, GDBusMethodInvocation *invocation)
{
  const Method *method = user_data;
  gboolean is_open = sse_bus_authority_is_open (method->context->authority, method->gate);
  SseError code;
  const char *obstacle = find_obstacle (method, &code);
  SseBusCall *call;

  if (obstacle != NULL)
    {
      g_dbus_method_invocation_return_error_literal (invocation, SSE_ERROR, (int) code, obstacle);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  call = g_new0 (SseBusCall, 1);
  call->context = method->context;
  call->invocation = invocation; /* returning it takes the reference */
  call->gate = method->gate;
  call->func = method->func;
  call->context->n_open++;
  if (call->gate == SSE_BUS_GATE_MANAGE)
    call->context->n_managing++;
  /* At once: it may leave before it is answered. */
  sse_bus_callers_ask (call->context->callers, invocation, on_caller, call);
  if (is_open)
    call->func (call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/**
 * sse_bus_call_connect:
 * @skeleton: an interface
 * @signal: that a method of it is called, such as `handle-publish`
 * @context: outlives the interface
 * @gate: who may call it
 * @func: carries out a call that is allowed
 */
void
sse_bus_call_connect (gpointer skeleton,
                      const char *signal,
                      SseBusContext *context,
                      SseBusGate gate,
                      SseBusCallFunc func)
{
  Method *method = g_new (Method, 1);

  *method = (Method){ context, gate, func };
  g_signal_connect_data (skeleton, signal, G_CALLBACK (on_call), method, free_method,
                         G_CONNECT_SWAPPED);
}

/**
 * sse_bus_call_get_arguments:
 *
 * Returns: (transfer none): a tuple
 */
GVariant *
sse_bus_call_get_arguments (SseBusCall *self)
{
  return g_dbus_method_invocation_get_parameters (self->invocation);
}

/**
 * sse_bus_call_with_caller:
 * @func: called when it is known who the caller is, or that nobody knows; at once where that is so
 *   already
 *
 * The call has to end in @func, or later.
 */
void
sse_bus_call_with_caller (SseBusCall *self, SseBusCallFunc func)
{
  if (self->is_known)
    func (self);
  else
    self->known = func;
}
