/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"
#include "sse-intake.h"
#include "sse-streams.h"

G_BEGIN_DECLS

struct _SseHub
{
  GObject parent_instance;

  SseLog *log;
  SseIntake *intake;
  guint max_updates;
  SsePublishingCounters counters;
  SsePublicationRecord record;
  gsize max_update_bytes;
  SseStreamHost host;
  SseStreams *streams;
  SseCanaries *canaries; /* NULL where nobody asks for a sign of life */
  guint n_workers;
  GQueue committed; /* SseUpdate that are to be applied, in order */
  GSource *applier; /* while there are some */
  gboolean loaded;
  gboolean closed;   /* to updates */
  const SseUpdate *own; /* one of the daemon's own that is being taken */
  guint64 due_position; /* that the checkpoint has to cover */
  gboolean due;      /* whether the log waits for a checkpoint, when more is applied */
  gboolean save_all; /* whether that has to have the states of all */
};

/* What comes back from the fan-out. */
guint sse_hub_get_first_combined (SseHub *self);

/* Lets a client in who is not ahead of what was applied. */
void  sse_hub_let_in         (SseStream           *stream,
                              SseCombination      *combination,
                              GPtrArray           *streams,
                              const SseSubscriber *subscriber,
                              gpointer             user_data);

void  sse_hub_take_left      (guint           channel,
                              const char     *user,
                              const char     *last_event_id,
                              SseCloseReason  reason,
                              gpointer        user_data);

/* What comes back from the log. */
void sse_hub_take_committed (SseLog       *log,
                             GPtrArray    *updates,
                             gpointer      user_data);
void sse_hub_take_failed    (SseLog       *log,
                             GPtrArray    *updates,
                             const GError *error,
                             gpointer      user_data);
void sse_hub_take_due       (SseLog       *log,
                             guint64       position,
                             gboolean      full,
                             gpointer      user_data);
void sse_hub_take_changed   (SseLog       *log,
                             gpointer      user_data);
void sse_hub_take_end       (SseLog       *log,
                             guint64       position,
                             gpointer      user_data);
void sse_hub_save           (SseHub       *self);

G_END_DECLS
