/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-gate.h"

#include "sse-ration.h"
#include "sse-tally.h"

/* Let in beyond the limits. Of one address there are fewer, so that one alone can't have all. */
#define HEADROOM             64
#define HEADROOM_PER_ADDRESS 16

/* Between two messages that the same limit was met, in µs. */
#define TELL_SPAN (10 * G_USEC_PER_SEC)

struct _SseGate
{
  SseGateOptions options;
  SseCounters *counters;
  SseGateLeft left; /* NULL once closed */
  gpointer user_data;

  guint n_connections;
  guint n_served;
  guint64 body_bytes;
  SseTally *addresses; /* NULL where there never was a limit; likewise the users */
  SseTally *users;

  SseRation total_told;
  SseRation address_told;
  SseRation user_told;
};

/* There is one for each client for as long as it is there: it has to be small. */
struct _SseAdmission
{
  SseTicket ticket; /* the first, so that one is the other */
  SseGate *gate;
  SseCount *address; /* NULL where it is not counted; likewise the user */
  SseCount *user;
  guint32 ref_count;
  guint32 served : 1;
  guint32 body_bytes : 31;
};

#define MAX_BODY_BYTES (G_MAXUINT32 >> 1)

/* ---- the gate ---- */

/**
 * sse_gate_configure:
 * @options: limits from now on; whoever is there already stays
 */
void
sse_gate_configure (SseGate *self, const SseGateOptions *options)
{
  g_return_if_fail (options->max_body_bytes <= MAX_BODY_BYTES);

  self->options = *options;
  if (options->max_per_address > 0 && self->addresses == NULL)
    self->addresses = sse_tally_new ();
  if (options->max_per_user > 0 && self->users == NULL)
    self->users = sse_tally_new ();
}

/**
 * sse_gate_new:
 * @options: limits; copied
 * @counters: where it counts, until it is closed
 * @left: told of each connection that is gone, until the gate is closed
 * @user_data: for @left
 */
SseGate *
sse_gate_new (const SseGateOptions *options,
              SseCounters *counters,
              SseGateLeft left,
              gpointer user_data)
{
  SseGate *self = g_new0 (SseGate, 1);

  self->counters = counters;
  self->left = left;
  self->user_data = user_data;
  sse_gate_configure (self, options);
  return self;
}

static void
free_if_unused (SseGate *self)
{
  if (self->left != NULL || self->n_connections > 0)
    return;
  g_clear_pointer (&self->addresses, sse_tally_free);
  g_clear_pointer (&self->users, sse_tally_free);
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
  self->counters = NULL;
  free_if_unused (self);
}

guint
sse_gate_get_connections (const SseGate *self)
{
  return self->n_connections;
}

/**
 * sse_gate_is_full:
 *
 * Returns: whether there is room for nobody, not even to be told so
 */
gboolean
sse_gate_is_full (const SseGate *self)
{
  return self->n_connections >= (guint64) self->options.max_connections + HEADROOM;
}

/**
 * sse_gate_refuse_body:
 * @body_bytes: what a request's body will be; nothing where negative
 *
 * To be asked before it comes. Room is not kept for it: else those who announce much and send
 * nothing would leave none for others.
 *
 * Returns: (transfer full) (nullable): the answer where there is no room for it, else %NULL
 */
SseAnswer *
sse_gate_refuse_body (const SseGate *self, gint64 body_bytes)
{
  SseAnswer *refusal;

  if (body_bytes <= 0 || (guint64) body_bytes + self->body_bytes <= self->options.max_body_bytes)
    return NULL;
  refusal = sse_answer_new_message (503, "Too many bodies are under way");
  sse_answer_add_field (refusal, "Retry-After", "1");
  return refusal;
}

/* ---- who is turned away ---- */

static void
turn_away_for_total (SseGate *self)
{
  self->counters->refused_by_total++;
  if (sse_ration_take (&self->total_told, 1, TELL_SPAN))
    g_message ("a client is turned away: %u connections are served, which is all that "
               "max-connections and the descriptors allow",
               self->n_served);
}

static void
turn_away_for_address (SseGate *self)
{
  self->counters->refused_by_address++;
  if (sse_ration_take (&self->address_told, 1, TELL_SPAN))
    g_message ("a client is turned away: its address has %u connections already "
               "(max-connections-per-address)",
               self->options.max_per_address);
}

static void
turn_away_for_user (SseGate *self)
{
  self->counters->refused_by_user++;
  if (sse_ration_take (&self->user_told, 1, TELL_SPAN))
    g_message ("a client is turned away: its user follows %u streams already "
               "(max-connections-per-user)",
               self->options.max_per_user);
}

/* Counts one more of its address; FALSE where there are so many that none of them is even told. */
static gboolean
take_address (SseGate *self, const struct sockaddr_storage *peer, SseCount **address)
{
  char name[SSE_PEER_NAME_BYTES];
  SseCount *count;

  *address = NULL;
  if (self->options.max_per_address == 0 || !sse_peer_get_name (peer, name))
    return TRUE;
  count = sse_tally_add (self->addresses, name);
  if (count->n > (guint64) self->options.max_per_address + HEADROOM_PER_ADDRESS)
    {
      sse_tally_drop (self->addresses, count);
      return FALSE;
    }
  *address = count;
  return TRUE;
}

/* ---- admissions ---- */

static void
release (SseTicket *ticket)
{
  sse_admission_unref ((SseAdmission *) ticket);
}

/**
 * sse_gate_admit:
 * @peer: who was accepted
 *
 * Counts one more connection, and that it was turned away where it is one too many of its address.
 *
 * Returns: (transfer full) (nullable): %NULL where it is to be closed at once
 */
SseAdmission *
sse_gate_admit (SseGate *self, const struct sockaddr_storage *peer)
{
  SseCount *address;
  SseAdmission *admission;

  self->counters->accepted++;
  if (!take_address (self, peer, &address))
    {
      turn_away_for_address (self);
      return NULL;
    }
  admission = g_new0 (SseAdmission, 1);
  admission->ticket.release = release;
  admission->gate = self;
  admission->address = address;
  admission->ref_count = 1;
  self->counters->connections = ++self->n_connections;
  return admission;
}

SseAdmission *
sse_admission_ref (SseAdmission *self)
{
  self->ref_count++;
  return self;
}

static void
forget (SseAdmission *self)
{
  SseGate *gate = self->gate;

  gate->n_connections--;
  gate->body_bytes -= self->body_bytes;
  if (self->served)
    gate->n_served--;
  if (self->address != NULL)
    {
      if (self->served)
        self->address->n_served--;
      sse_tally_drop (gate->addresses, self->address);
    }
  if (self->user != NULL)
    sse_tally_drop (gate->users, self->user);
  g_free (self);
}

void
sse_admission_unref (SseAdmission *self)
{
  SseGate *gate = self->gate;

  if (--self->ref_count > 0)
    return;
  forget (self);
  if (gate->left == NULL)
    {
      free_if_unused (gate);
      return;
    }
  gate->counters->connections = gate->n_connections;
  gate->left (gate->user_data);
}

/**
 * sse_admission_has_room:
 *
 * To be asked of one that would stay, before it is served.
 *
 * Returns: whether there is room for it, in all and of its address; counts where there is not
 */
gboolean
sse_admission_has_room (SseAdmission *self)
{
  SseGate *gate = self->gate;

  if (self->address != NULL && gate->options.max_per_address > 0
      && self->address->n_served >= gate->options.max_per_address)
    {
      turn_away_for_address (gate);
      return FALSE;
    }
  if (gate->n_served >= gate->options.max_connections)
    {
      turn_away_for_total (gate);
      return FALSE;
    }
  return TRUE;
}

/**
 * sse_admission_serve:
 *
 * From here on it counts as one that is served. Once for each.
 */
void
sse_admission_serve (SseAdmission *self)
{
  g_return_if_fail (!self->served);

  self->served = TRUE;
  self->gate->n_served++;
  if (self->address != NULL)
    self->address->n_served++;
}

/**
 * sse_admission_hold_body:
 * @more: bytes of its request that have come, and are kept
 *
 * Counts them among all bodies, until sse_admission_release_body() or until it is gone.
 *
 * Returns: (transfer full) (nullable): the answer where there is no room for them, else %NULL
 */
SseAnswer *
sse_admission_hold_body (SseAdmission *self, gsize more)
{
  SseAnswer *refusal = sse_gate_refuse_body (self->gate, (gint64) more);

  if (refusal == NULL)
    {
      self->body_bytes = (self->body_bytes + (guint32) more) & MAX_BODY_BYTES;
      self->gate->body_bytes += more;
    }
  return refusal;
}

void
sse_admission_release_body (SseAdmission *self)
{
  self->gate->body_bytes -= self->body_bytes;
  self->body_bytes = 0;
}

/**
 * sse_admission_take_user:
 * @user: who it is that is to follow a stream
 *
 * Counts it among the streams of its user. Once for each.
 *
 * Returns: whether there is room for it; counts where there is not
 */
gboolean
sse_admission_take_user (SseAdmission *self, const char *user)
{
  SseGate *gate = self->gate;
  SseCount *count;

  g_return_val_if_fail (self->user == NULL, FALSE);

  if (gate->options.max_per_user == 0)
    return TRUE;
  count = sse_tally_add (gate->users, user);
  if (count->n > gate->options.max_per_user)
    {
      sse_tally_drop (gate->users, count);
      turn_away_for_user (gate);
      return FALSE;
    }
  self->user = count;
  return TRUE;
}

/**
 * sse_admission_make_ticket:
 * @self: (transfer full): goes along with the ticket
 *
 * Returns: (transfer full): what lets go of it when it is released
 */
SseTicket *
sse_admission_make_ticket (SseAdmission *self)
{
  return &self->ticket;
}
