/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-outcome.h"
#include "sse-update.h"

G_BEGIN_DECLS

/**
 * SsePublisher:
 * @uid: the process's user, -1 where that is not known
 * @pid: the process, 0 where it is not known
 * @unit: (nullable): its unit of systemd
 * @user: (nullable): whose token it showed, where it came over HTTP
 * @path: (nullable): where it was posted to, where that takes no token but a signature
 *
 * Who published, as those say who know.
 */
typedef struct
{
  gint64 uid;
  guint32 pid;
  const char *unit;
  const char *user;
  const char *path;
} SsePublisher;

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

gboolean sse_publication_is_accepted (const SsePublication *self);
void     sse_publication_tell        (const SsePublication *self,
                                      const SsePublisher   *publisher,
                                      gboolean              accepted_too);
char    *sse_publisher_describe      (const SsePublisher   *publisher);

G_END_DECLS
