/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-counters.h"
#include "sse-outcome.h"
#include "sse-update.h"

G_BEGIN_DECLS

/* Of a user's name, in bytes. */
#define SSE_INTAKE_MAX_AUDIENCE 1024

/**
 * SseIntakeOptions:
 * @max_update_bytes: the largest update
 * @max_updates: updates that may be under way
 * @max_bytes: the same in bytes
 */
typedef struct
{
  gsize max_update_bytes;
  guint max_updates;
  gsize max_bytes;
} SseIntakeOptions;

/**
 * SseIntake:
 *
 * Where publishers' calls wait: parsed, checked for their shape, put into the log in the order in
 * which they came, and answered when all their updates have an outcome. Bounded in number and
 * bytes.
 */
typedef struct _SseIntake SseIntake;

typedef gboolean (*SseIntakeCheck) (const SseUpdate *update, gpointer user_data, GError **error);
typedef void (*SseIntakeAppend) (GPtrArray *updates, gpointer user_data);

SseIntake *sse_intake_new       (const SseIntakeOptions *options,
                                 SseIntakeCheck          check_stream,
                                 SseIntakeCheck          check_shape,
                                 SseIntakeAppend         append,
                                 gpointer                user_data,
                                 SsePublishingCounters  *counters);
void       sse_intake_free      (SseIntake              *self);
void       sse_intake_configure (SseIntake              *self,
                                 const SseIntakeOptions *options);
void       sse_intake_take      (SseIntake              *self,
                                 GPtrArray              *updates,
                                 GTask                  *task);
void       sse_intake_note_committed
                                (SseIntake              *self,
                                 GPtrArray              *updates);
gboolean   sse_intake_has       (SseIntake              *self,
                                 const SseUpdate        *update);
void       sse_intake_settle    (SseIntake              *self,
                                 const SseUpdate        *update,
                                 SseOutcome             *outcome);
gboolean   sse_intake_is_empty  (SseIntake              *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseIntake, sse_intake_free)

G_END_DECLS
