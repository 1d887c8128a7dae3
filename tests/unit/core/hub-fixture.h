/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"

G_BEGIN_DECLS

/* A log that does nothing until it is told how what is pending ends. */
#define TEST_TYPE_LOG (test_log_get_type ())
G_DECLARE_FINAL_TYPE (TestLog, test_log, TEST, LOG, GObject)

struct _TestLog
{
  GObject parent_instance;
  GPtrArray *pending; /* arrays of updates, one for each append */
  guint64 position;
};

void test_log_finish (TestLog *self, gboolean ok);

#define CONFLATE_MS 20
#define RESUME_EVENTS 3
#define SLICE_BYTES 1000

/* A hub: with two streams, "probe" and "other" which follows it, if no other probes are named. */
typedef struct
{
  TestLog *log; /* NULL where it has another */
  SseHub *hub;
  SseHubOptions options;
  GPtrArray *answers; /* texts: an id, or an error's message */
} Fixture;

void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

void fixture_begin (Fixture *fixture, SseLog *log, const char *const *probes);
void fixture_end (Fixture *fixture);
void fixture_set_conflate (Fixture *fixture, guint conflate_ms);
void fixture_push (Fixture *fixture,
                   const char *stream,
                   const char *audience,
                   const char *kind,
                   const char *value);
void fixture_publish (Fixture *fixture,
                      const char *stream,
                      const char *audience,
                      const char *kind,
                      const char *value);
void fixture_wait (Fixture *fixture, guint n_answers);
const char *fixture_last_answer (Fixture *fixture);

typedef struct
{
  int fd;
  GString *text;  /* what arrived and was not expected yet; the current epoch is told as "ep" */
  char *id_start; /* how an id in that begins */
} Client;

/* @last_event_id: (nullable): where it begins with "ep-", that is the current epoch */
Client *client_new (Fixture *fixture,
                    const char *stream,
                    const char *user,
                    const char *last_event_id);
/* Of several streams on one connection; NULL where there are too many other combinations. */
Client *client_new_combined (Fixture *fixture,
                             const char *const *streams,
                             const char *user,
                             const char *last_event_id);
void client_free (Client *client);
gboolean client_read (Client *client, int ms);
void client_expect (Client *client, const char *expected);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

#define EVENT(position, type, value)                                                               \
  "id: ep-" position "\nevent: " type "\ndata: {\"type\":\"" type "\",\"value\":\"" value "\"}"    \
  "\n\n"
#define START(position, value) "HEAD\nretry: 7\n\n" EVENT (position, "value", value)

G_END_DECLS
