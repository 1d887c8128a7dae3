/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-gate.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

/* Those that are let in beyond the limits. */
#define HEADROOM             64
#define HEADROOM_PER_ADDRESS 16

typedef struct
{
  SseGate *gate;
  SseCounters counters;
  guint n_left;
  guint n_messages;
} Fixture;

static Fixture *logging;
static char *last_message;

static GLogWriterOutput
keep_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0)
      {
        g_free (last_message);
        last_message = g_strdup (fields[i].value);
        logging->n_messages++;
      }
  return G_LOG_WRITER_HANDLED;
}

static void
on_left (gpointer user_data)
{
  ((Fixture *) user_data)->n_left++;
}

static void
set_up (Fixture *fixture, gconstpointer options)
{
  logging = fixture;
  fixture->gate = sse_gate_new (options, &fixture->counters, on_left, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer options)
{
  g_assert_cmpuint (sse_gate_get_connections (fixture->gate), ==, 0);
  g_assert_cmpuint (fixture->counters.connections, ==, 0);
  sse_gate_close (fixture->gate);
}

static struct sockaddr_storage
make_peer (const char *text)
{
  struct sockaddr_storage peer = { 0 };
  struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons (1234) };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons (1234) };

  if (strcmp (text, "unix") == 0)
    peer.ss_family = AF_UNIX;
  else if (inet_pton (AF_INET, text, &ipv4.sin_addr) == 1)
    memcpy (&peer, &ipv4, sizeof ipv4);
  else if (inet_pton (AF_INET6, text, &ipv6.sin6_addr) == 1)
    memcpy (&peer, &ipv6, sizeof ipv6);
  else
    g_assert_not_reached ();
  return peer;
}

/* NULL where it is not even let in. */
static SseAdmission *
enter (Fixture *fixture, const char *peer)
{
  const struct sockaddr_storage native = make_peer (peer);

  return sse_gate_admit (fixture->gate, &native);
}

/* One that stays; NULL where there is no room. */
static SseAdmission *
stay (Fixture *fixture, const char *peer)
{
  g_autoptr (SseAdmission) admission = enter (fixture, peer);

  if (admission == NULL || !sse_admission_has_room (admission))
    return NULL;
  sse_admission_serve (admission);
  return g_steal_pointer (&admission);
}

/* One that follows a stream; NULL where its user has too many. */
static SseTicket *
follow (Fixture *fixture, const char *user)
{
  g_autoptr (SseAdmission) admission = stay (fixture, "192.0.2.1");

  g_assert_nonnull (admission);
  if (!sse_admission_take_user (admission, user))
    return NULL;
  return sse_admission_make_ticket (g_steal_pointer (&admission));
}

static void
leave (SseTicket *ticket)
{
  ticket->release (ticket);
}

static const SseGateOptions three = { .max_connections = 3, .max_body_bytes = 1000 };

static void
test_total (Fixture *fixture, gconstpointer options)
{
  SseAdmission *admissions[3];
  SseAdmission *fourth;

  for (guint i = 0; i < G_N_ELEMENTS (admissions); i++)
    admissions[i] = stay (fixture, "192.0.2.1");
  g_assert_null (stay (fixture, "192.0.2.2"));
  g_assert_cmpuint (fixture->counters.refused_by_total, ==, 1);
  g_assert_cmpuint (fixture->counters.connections, ==, 3);
  g_assert_cmpuint (fixture->counters.accepted, ==, 4);
  g_assert_nonnull (strstr (last_message, "3 connections"));
  g_assert_nonnull (strstr (last_message, "max-connections"));

  sse_admission_unref (admissions[1]);
  fourth = stay (fixture, "192.0.2.2");
  g_assert_nonnull (fourth);
  g_assert_cmpuint (fixture->n_left, ==, 2);
  sse_admission_unref (admissions[0]);
  sse_admission_unref (admissions[2]);
  sse_admission_unref (fourth);
}

/* Those that only wait take no place from those that are served, and there is an end to them. */
static void
test_headroom (Fixture *fixture, gconstpointer options)
{
  SseAdmission *waiting[HEADROOM + 3];

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_assert_false (sse_gate_is_full (fixture->gate));
      waiting[i] = enter (fixture, "192.0.2.1");
    }
  g_assert_true (sse_gate_is_full (fixture->gate));
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      gboolean room = sse_admission_has_room (waiting[i]);

      g_assert_true (room == (i < 3));
      if (room)
        sse_admission_serve (waiting[i]);
    }
  g_assert_cmpuint (fixture->counters.refused_by_total, ==, HEADROOM);
  g_assert_cmpuint (fixture->n_messages, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    sse_admission_unref (waiting[i]);
}

static const SseGateOptions one_per_address
    = { .max_connections = 1000, .max_per_address = 1, .max_body_bytes = 1000 };

static void
assert_same (Fixture *fixture, const char *one, const char *other, gboolean same)
{
  SseAdmission *first = stay (fixture, one);
  SseAdmission *second = stay (fixture, other);

  g_test_message ("%s and %s", one, other);
  g_assert_nonnull (first);
  g_assert_true ((second == NULL) == same);
  sse_admission_unref (first);
  g_clear_pointer (&second, sse_admission_unref);
}

static void
test_addresses (Fixture *fixture, gconstpointer options)
{
  const struct
  {
    const char *one;
    const char *other;
    gboolean same;
  } cases[] = {
    { "192.0.2.1", "192.0.2.1", TRUE },
    { "192.0.2.1", "192.0.2.2", FALSE },
    { "192.0.2.1", "::ffff:192.0.2.1", TRUE },
    { "::ffff:192.0.2.1", "::ffff:192.0.2.2", FALSE },
    { "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", TRUE },
    { "2001:db8:0:1::1", "2001:db8:0:2::1", FALSE },
    { "2001:db8:1::1", "2001:db8:0:1::1", FALSE },
    { "::1", "::ffff:127.0.0.1", FALSE },
    { "unix", "unix", FALSE },
    { "unix", "0.0.0.0", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 before = fixture->counters.refused_by_address;

      assert_same (fixture, cases[i].one, cases[i].other, cases[i].same);
      g_assert_cmpuint (fixture->counters.refused_by_address, ==, before + (cases[i].same ? 1 : 0));
    }
  g_assert_nonnull (strstr (last_message, "max-connections-per-address"));
  g_assert_null (strstr (last_message, "192.0.2"));
  g_assert_cmpuint (fixture->counters.refused_by_total, ==, 0);
}

static void
test_address_headroom (Fixture *fixture, gconstpointer options)
{
  SseAdmission *waiting[1 + HEADROOM_PER_ADDRESS];
  SseAdmission *other;

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    waiting[i] = enter (fixture, "192.0.2.1");
  g_assert_null (enter (fixture, "192.0.2.1"));
  g_assert_cmpuint (fixture->counters.refused_by_address, ==, 1);
  g_assert_cmpuint (fixture->counters.connections, ==, G_N_ELEMENTS (waiting));
  g_assert_cmpuint (fixture->n_left, ==, 0);
  other = enter (fixture, "192.0.2.2");
  g_assert_nonnull (other);
  sse_admission_unref (other);

  sse_admission_unref (waiting[0]);
  waiting[0] = enter (fixture, "192.0.2.1");
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_assert_nonnull (waiting[i]);
      sse_admission_unref (waiting[i]);
    }
}

static const SseGateOptions two_per_user
    = { .max_connections = 1000, .max_per_user = 2, .max_body_bytes = 1000 };

static void
test_users (Fixture *fixture, gconstpointer options)
{
  SseTicket *first = follow (fixture, "42");
  SseTicket *second = follow (fixture, "42");
  SseTicket *other = follow (fixture, "43");

  g_assert_true (first != NULL && second != NULL && other != NULL);
  g_assert_null (follow (fixture, "42"));
  g_assert_cmpuint (fixture->counters.refused_by_user, ==, 1);
  g_assert_nonnull (strstr (last_message, "2 streams"));
  g_assert_nonnull (strstr (last_message, "max-connections-per-user"));
  g_assert_null (strstr (last_message, "42"));

  leave (first);
  first = follow (fixture, "42");
  g_assert_nonnull (first);
  g_assert_null (follow (fixture, "42"));
  leave (first);
  leave (second);
  leave (other);
}

/* One with a user counts as long as anybody holds it, and then neither it nor its user. */
static void
test_held (Fixture *fixture, gconstpointer options)
{
  SseAdmission *admission = stay (fixture, "192.0.2.1");
  SseTicket *ticket;

  g_assert_true (sse_admission_take_user (admission, "42"));
  ticket = sse_admission_make_ticket (sse_admission_ref (admission));
  sse_admission_unref (admission);
  g_assert_cmpuint (fixture->n_left, ==, 0);
  g_assert_cmpuint (sse_gate_get_connections (fixture->gate), ==, 1);
  leave (ticket);
  g_assert_cmpuint (fixture->n_left, ==, 1);
}

/* The gate outlives its owner, what it counts for does not. */
static void
test_closed (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  SseTicket *ticket;

  set_up (fixture, &two_per_user);
  ticket = follow (fixture, "42");
  sse_gate_close (fixture->gate);
  logging = NULL;
  g_free (fixture);
  leave (ticket);
}

static void
test_bodies (Fixture *fixture, gconstpointer options)
{
  SseAdmission *first = enter (fixture, "192.0.2.1");
  SseAnswer *refusal;

  g_assert_null (sse_gate_refuse_body (fixture->gate, 1000));
  refusal = sse_gate_refuse_body (fixture->gate, 1001);
  g_assert_nonnull (refusal);
  sse_answer_free (refusal);

  g_assert_null (sse_admission_hold_body (first, 599));
  g_assert_null (sse_admission_hold_body (first, 1));
  refusal = sse_admission_hold_body (first, 401);
  g_assert_cmpuint (sse_answer_get_status (refusal), ==, 503);
  sse_answer_free (refusal);
  g_assert_null (sse_gate_refuse_body (fixture->gate, 400));
  g_assert_null (sse_gate_refuse_body (fixture->gate, -1));
  refusal = sse_gate_refuse_body (fixture->gate, 401);
  g_assert_cmpuint (sse_answer_get_status (refusal), ==, 503);
  sse_answer_free (refusal);

  sse_admission_release_body (first);
  g_assert_null (sse_gate_refuse_body (fixture->gate, 1000));
  g_assert_null (sse_admission_hold_body (first, 1000));
  sse_admission_unref (first);
  g_assert_null (sse_gate_refuse_body (fixture->gate, 1000));
}

static SseAdmission *
assert_stays (Fixture *fixture, const char *peer)
{
  SseAdmission *admission = stay (fixture, peer);

  g_assert_nonnull (admission);
  return admission;
}

/* Whoever is there stays; a limit that was not there counts those who come from then on. */
static void
test_other_limits (Fixture *fixture, gconstpointer options)
{
  const SseGateOptions one = { .max_connections = 1, .max_body_bytes = 1000 };
  const SseGateOptions one_each
      = { .max_connections = 100, .max_per_address = 1, .max_per_user = 1, .max_body_bytes = 1000 };
  SseAdmission *first = assert_stays (fixture, "192.0.2.1");
  SseAdmission *second = assert_stays (fixture, "192.0.2.1");
  SseAdmission *third, *waiting;
  SseTicket *ticket;

  sse_gate_configure (fixture->gate, &one);
  g_assert_null (stay (fixture, "192.0.2.1"));
  g_assert_cmpuint (sse_gate_get_connections (fixture->gate), ==, 2);

  sse_gate_configure (fixture->gate, &one_each);
  third = assert_stays (fixture, "192.0.2.2");
  g_assert_null (stay (fixture, "192.0.2.2"));
  waiting = enter (fixture, "192.0.2.2");
  ticket = follow (fixture, "ann");
  g_assert_null (stay (fixture, "192.0.2.1"));
  g_assert_false (sse_admission_take_user (first, "ann"));

  sse_gate_configure (fixture->gate, options);
  g_assert_null (stay (fixture, "192.0.2.2")); /* there are more than three of all */
  sse_admission_unref (second);
  sse_admission_unref (first);
  g_assert_true (sse_admission_has_room (waiting));
  sse_admission_unref (waiting);
  second = assert_stays (fixture, "192.0.2.2");
  g_assert_true (sse_admission_take_user (second, "ann"));
  sse_admission_unref (second);
  sse_admission_unref (third);
  leave (ticket);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_message, NULL, NULL);
#define ADD(name, options, func)                                                                   \
  g_test_add ("/http/gate/" name, Fixture, options, set_up, func, tear_down)
  ADD ("total", &three, test_total);
  ADD ("headroom", &three, test_headroom);
  ADD ("addresses", &one_per_address, test_addresses);
  ADD ("address-headroom", &one_per_address, test_address_headroom);
  ADD ("users", &two_per_user, test_users);
  ADD ("held", &two_per_user, test_held);
  ADD ("bodies", &three, test_bodies);
  ADD ("other-limits", &three, test_other_limits);
  g_test_add_func ("/http/gate/closed", test_closed);
  return g_test_run ();
}
