/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseView:
 * @initial_type: the event type a client gets on connecting, "stats"
 * @update_type: the event type when it changed, "stats-update"
 *
 * A part of a source's state of which only the newest counts. A source's views are an array that
 * ends with a %NULL @initial_type, in the order in which a newcomer gets them.
 */
typedef struct
{
  const char *initial_type;
  const char *update_type;
} SseView;

#define SSE_MAX_VIEWS 8

/**
 * SseTouch:
 * @SSE_TOUCH_NONE: the view is as it was
 * @SSE_TOUCH_STALE: newcomers need a new rendering, nobody needs to be sent it
 * @SSE_TOUCH_SEND: it is rendered again and sent to all who see it
 */
typedef enum
{
  SSE_TOUCH_NONE,
  SSE_TOUCH_STALE,
  SSE_TOUCH_SEND,
} SseTouch;

/**
 * SseBatch:
 *
 * What applying one update yields: at most one appended event, and touched views. Both are for
 * the update's audience (everyone, where it has none).
 */
typedef struct _SseBatch SseBatch;

SseBatch   *sse_batch_new               (void);
void        sse_batch_free              (SseBatch       *self);
void        sse_batch_clear             (SseBatch       *self);

void        sse_batch_append            (SseBatch       *self,
                                         const char     *event_type,
                                         const char     *members);
void        sse_batch_touch             (SseBatch       *self,
                                         const SseView  *view,
                                         SseTouch        touch);
void        sse_batch_set_stale_for_all (SseBatch       *self);

const char *sse_batch_get_event_type    (const SseBatch *self);
const char *sse_batch_get_members       (const SseBatch *self,
                                         gsize          *length);
SseTouch    sse_batch_get_touch         (const SseBatch *self,
                                         const SseView  *view);
gboolean    sse_batch_is_stale_for_all  (const SseBatch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseBatch, sse_batch_free)

G_END_DECLS
