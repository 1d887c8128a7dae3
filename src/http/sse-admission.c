/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-admission.h"

struct _SseGate
{
  guint64 max_body_bytes;
  SseGateLeft left; /* NULL once closed */
  gpointer user_data;
  guint n_connections;
  guint64 body_bytes;
};

struct _SseAdmission
{
  guint ref_count;
  SseGate *gate;
  guint64 body_bytes;
};

/**
 * sse_gate_new:
 * @max_body_bytes: what may be announced of bodies at once
 * @left: told of each connection that is gone, until the gate is closed
 * @user_data: for @left
 */
SseGate *
sse_gate_new (guint64 max_body_bytes, SseGateLeft left, gpointer user_data)
{
  SseGate *self = g_new0 (SseGate, 1);

  self->max_body_bytes = max_body_bytes;
  self->left = left;
  self->user_data = user_data;
  return self;
}

static void
free_if_unused (SseGate *self)
{
  if (self->left == NULL && self->n_connections == 0)
    g_free (self);
}

/**
 * sse_gate_close:
 *
 * Ends the gate; it is freed with the last connection that it let in.
 */
void
sse_gate_close (SseGate *self)
{
  self->left = NULL;
  free_if_unused (self);
}

guint
sse_gate_get_connections (const SseGate *self)
{
  return self->n_connections;
}

/**
 * sse_gate_refuse:
 * @body_bytes: what a request's body will be; nothing where negative
 *
 * Returns: (transfer full) (nullable): the answer where there is no room for it, else %NULL
 */
SseAnswer *
sse_gate_refuse (const SseGate *self, gint64 body_bytes)
{
  SseAnswer *refusal;

  if (body_bytes <= 0 || (guint64) body_bytes + self->body_bytes <= self->max_body_bytes)
    return NULL;
  refusal = sse_answer_new_message (503, "Too many bodies are under way");
  sse_answer_add_field (refusal, "Retry-After", "1");
  return refusal;
}

/**
 * sse_gate_admit:
 * @body_bytes: what its request's body will be; nothing where negative
 *
 * Returns: (transfer full): one more connection
 */
SseAdmission *
sse_gate_admit (SseGate *self, gint64 body_bytes)
{
  SseAdmission *admission = g_new0 (SseAdmission, 1);

  admission->ref_count = 1;
  admission->gate = self;
  admission->body_bytes = (guint64) MAX (body_bytes, 0);
  self->n_connections++;
  self->body_bytes += admission->body_bytes;
  return admission;
}

SseAdmission *
sse_admission_ref (SseAdmission *self)
{
  self->ref_count++;
  return self;
}

void
sse_admission_unref (SseAdmission *self)
{
  SseGate *gate = self->gate;

  if (--self->ref_count > 0)
    return;
  gate->n_connections--;
  gate->body_bytes -= self->body_bytes;
  g_free (self);
  if (gate->left != NULL)
    gate->left (gate->user_data);
  else
    free_if_unused (gate);
}
