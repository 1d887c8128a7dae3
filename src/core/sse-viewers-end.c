/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

/* Who is to leave, whatever they wait for. */

#include "config.h"

#include "sse-combination.h"
#include "sse-viewers-private.h"

/**
 * sse_viewers_end_user:
 * @user: whose clients are to leave
 */
void
sse_viewers_end_user (SseViewers *self, const char *user)
{
  if (!g_hash_table_contains (self->users, user))
    return;
  sse_entrance_dismiss (&self->entrance, user);
  sse_fanout_end_user (self->host->fanout, self->channel, user);
}

/* All clients are to leave, those too that follow other streams on the same connection. */
void
sse_viewers_end_all (SseViewers *self)
{
  const GArray *places = self->everyone->places;

  sse_entrance_dismiss_channel (&self->entrance, self->channel);
  sse_fanout_end_channel (self->host->fanout, self->channel);
  for (guint i = 0; places != NULL && i < places->len; i++)
    sse_combinations_end_channel (self->host->combinations,
                                  g_array_index (places, SsePlace, i).channel);
}
