/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "sse-fanout.h"

/* A fan-out with real sockets; what it tells is kept in order. */

#define NEVER G_MAXINT64

typedef struct
{
  SseFanout *fanout;
  GPtrArray *left; /* "0 ann gone", … */
  guint n_joined;
  guint n_released; /* tickets: each client has one */
  guint n_expected; /* of those who left, by fixture_expect_left() */
} Fixture;

extern const SseFanoutOptions default_options;

typedef void (*FixtureTest) (Fixture *self, gconstpointer options);

void     fixture_add_test    (const char             *path,
                              const SseFanoutOptions *options,
                              FixtureTest             test);
void     fixture_set_up      (Fixture                *self,
                              const SseFanoutOptions *options);
void     fixture_stop        (Fixture                *self);
void     fixture_tear_down   (Fixture                *self);

int      fixture_join        (Fixture                *self,
                              guint                   channel,
                              const char             *user,
                              gboolean                chunked);
int      fixture_join_full   (Fixture                *self,
                              const SseJoin          *join,
                              const char *const      *first);
int      fixture_join_small  (Fixture                *self,
                              const SseJoin          *join,
                              const char *const      *first);
void     fixture_join_fd     (Fixture                *self,
                              const SseJoin          *join,
                              const char *const      *first);

SseCatchUp *fixture_join_behind (Fixture                *self,
                              const SseJoin          *join,
                              const char *const      *first,
                              SseFanoutFed            fed,
                              gpointer                user_data);

void     fixture_send        (Fixture                *self,
                              guint                   channel,
                              const char             *user,
                              const char             *body);
void     fixture_send_size   (Fixture                *self,
                              guint                   channel,
                              const char             *user,
                              gsize                   size);
void     fixture_send_view   (Fixture                *self,
                              guint                   channel,
                              const char             *user,
                              guint                   view,
                              const char             *body);

void     fixture_wait_input  (int                     fd);
void     fixture_wait_queued (Fixture                *self,
                              guint                   channel,
                              guint64                 bytes);
void     fixture_wait_worker (Fixture                *self,
                              guint                   channel);
void     fixture_wait_left   (Fixture                *self,
                              guint                   n);
char    *fixture_read        (int                     fd,
                              gsize                   length);
char    *fixture_read_all    (int                     fd);
void     fixture_expect      (int                     fd,
                              const char             *text);
void     fixture_expect_end  (int                     fd);
void     fixture_expect_left (Fixture                *self,
                              const char             *text);
void     fixture_wait_told   (Fixture                *self,
                              const char             *text);

GPtrArray *make_frames       (const char *const      *texts);
void     make_pair           (int                     fds[2]);
void     make_small_pair     (int                     fds[2]);
void     make_tcp_pair       (int                     fds[2]);
guint    count_descriptors   (void);
