/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-command.h"
#include "sse-fanout.h"
#include "sse-headcount.h"
#include "sse-mailbox.h"
#include "sse-worker.h"

G_BEGIN_DECLS

/**
 * SseFanoutSlot:
 * @worker: %NULL when it has stopped
 * @outbox: commands that the worker is given at the end of the main context's iteration
 * @n_clients: including those whose leaving was not told yet
 * @n_by_channel: likewise
 *
 * A worker, as the main thread knows it.
 */
typedef struct
{
  SseWorker *worker;
  SseMailList outbox;
  guint n_clients;
  guint *n_by_channel;
} SseFanoutSlot;

/**
 * SseFanout:
 * @inbox: where workers post notes
 * @notes: taken from there, not told yet
 * @slots: (array length=options.n_workers)
 * @clients: in all slots
 */
struct _SseFanout
{
  SseFanoutOptions options;
  SseFanoutLeft left;
  gpointer user_data;
  GSource *flusher;
  GSource *teller;
  SseMailbox inbox;
  SseMailList notes;
  SseFanoutSlot *slots;
  SseHeadcount clients;
};

void sse_fanout_post  (SseFanoutSlot *slot,
                       SseCommand    *command);
void sse_listing_take (SseListing    *self,
                       GPtrArray     *clients);

G_END_DECLS
