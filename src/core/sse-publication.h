/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-outcome.h"
#include "sse-ration.h"
#include "sse-update.h"

G_BEGIN_DECLS

/**
 * SseProcess:
 * @uid: its user, -1 where that is not known
 * @pid: 0 where that is not known
 * @unit: (nullable): the unit of systemd that it is in
 *
 * A process of this machine, as those say who know.
 */
typedef struct
{
  gint64 uid;
  guint32 pid;
  char *unit;
} SseProcess;

/**
 * SsePublisher:
 * @process: who called over D-Bus, where the others are not set
 * @user: (nullable): whose token it showed, where it came over HTTP
 * @path: (nullable): where it was posted to, where that takes no token but a signature
 *
 * Who published.
 */
typedef struct
{
  SseProcess process;
  const char *user;
  const char *path;
} SsePublisher;

/**
 * SsePublicationRecord:
 * @accepted_too: whether the journal is told of accepted updates too
 *
 * What the journal is told of publications, and was: of those that were refused not more than it can
 * hold. Zeros to begin with.
 */
typedef struct
{
  gboolean accepted_too;

  /*< private >*/
  SseRation refused;
  guint n_untold;
} SsePublicationRecord;

/**
 * SsePublication:
 * @updates: (element-type SseUpdate): what was published in one call
 * @outcomes: (nullable) (element-type SseOutcome): what became of each
 * @error: (nullable): why all of it was refused, where there are no outcomes
 *
 * A publisher's call that is answered.
 */
typedef struct
{
  GPtrArray *updates;
  GPtrArray *outcomes;
  GError *error;
} SsePublication;

gboolean sse_publication_is_told (const SsePublication       *self,
                                  const SsePublicationRecord *record);
void     sse_publication_tell    (const SsePublication       *self,
                                  const SsePublisher         *publisher,
                                  SsePublicationRecord       *record);
char    *sse_publisher_describe  (const SsePublisher         *publisher);

G_END_DECLS
