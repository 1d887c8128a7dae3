/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-intake.h"

G_BEGIN_DECLS

/**
 * SseIntakeCall:
 * @intake: %NULL once that is gone
 * @outcomes: (element-type SseOutcome): in the order of @updates
 * @n_open: updates without outcome
 * @bytes: that they are counted as
 * @came: when, monotonic, in µs
 *
 * One call of a publisher.
 */
typedef struct
{
  SseIntake *intake;
  SseIntakeCheck check_shape;
  gpointer user_data;
  GTask *task;
  GPtrArray *updates;
  GPtrArray *outcomes;
  guint n_open;
  gsize bytes;
  gint64 came;
  gboolean judging;
} SseIntakeCall;

struct _SseIntake
{
  SseIntakeOptions options;
  SseIntakeCheck check_stream;
  SseIntakeCheck check_shape;
  SseIntakeAppend append;
  gpointer user_data;
  SsePublishingCounters *counters;

  GQueue waiting;     /* SseIntakeCalls not in the log yet, in order */
  GHashTable *places; /* SseUpdate → Place, of what is in the log and has no outcome */
  GHashTable *calls;  /* all SseIntakeCalls */
  guint n_updates;    /* under way */
  gsize bytes;
  gint64 last_accepted;
};

gboolean sse_intake_check_unparsed (SseIntake           *self,
                                    const SseUpdate     *update,
                                    GError             **error);
gboolean sse_intake_check_room     (SseIntake           *self,
                                    guint                n_updates,
                                    gsize                bytes,
                                    GError             **error);
gboolean sse_intake_judge          (const SseIntakeCall *call,
                                    GError             **error);
void     sse_intake_prefix_error   (const SseIntakeCall *call,
                                    guint                index,
                                    GError             **error);

G_END_DECLS
