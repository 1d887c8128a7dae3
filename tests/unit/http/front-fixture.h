/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-front.h"

#include "fixture.h"

#define HOST "Host: localhost\r\n"
#define POST "POST /probe/hook HTTP/1.1\r\n" HOST "X-Twice: one\r\nx-twice: two\r\n"

/* Of connections, as the settings say it. */
typedef struct
{
  gint64 total;
  gint64 per_address;
  gint64 per_user;
} Limits;

/**
 * Fixture:
 * @query: what follows the path, with a good token of the user 42
 *
 * A front with a hub of one stream, "probe". The data of a test are its limits, or %NULL for
 * @fixture_many.
 */
typedef struct
{
  SseHub *hub;
  SseToken *token;
  SseCounters counters;
  SseFront *front;
  const char *address;
  char *query;
  GObject *source;
  guint n_descriptors;
} Fixture;

extern const Limits fixture_many;

void      fixture_warm_up       (void);
GVariant *fixture_make_settings (const char    *listen,
                                 const char    *base_path,
                                 const char    *origin,
                                 const Limits  *limits);
void      fixture_start         (Fixture       *fixture,
                                 const Limits  *limits);
void      fixture_stop          (Fixture       *fixture);
void      fixture_set_up        (Fixture       *fixture,
                                 gconstpointer  limits);
void      fixture_tear_down     (Fixture       *fixture,
                                 gconstpointer  limits);

char     *fixture_make_query    (Fixture       *fixture,
                                 const char    *user);
int       fixture_ask           (Fixture       *fixture,
                                 const char    *method,
                                 const char    *target,
                                 const char    *rest);
int       fixture_ask_from      (Fixture       *fixture,
                                 const char    *source,
                                 const char    *target);
char     *fixture_get_answer    (Fixture       *fixture,
                                 const char    *method,
                                 const char    *target,
                                 const char    *rest);
int       fixture_follow_from   (Fixture       *fixture,
                                 const char    *source,
                                 const char    *target);
int       fixture_post          (Fixture       *fixture,
                                 const char    *body);
void      fixture_assert_served (Fixture       *fixture,
                                 const char    *source);

void      assert_in             (const char    *answer,
                                 const char    *part);
void      assert_turned_away    (int            fd);
void      close_all             (int           *fds,
                                 guint          n);
