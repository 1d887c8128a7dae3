/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-plugin.h"

G_BEGIN_DECLS

/**
 * SseTestSource:
 * @source: the source of the plugin that this test is linked with
 * @batch: what the last update yielded
 * @now: when the next update is accepted, in µs since 1970 UTC
 * @position: the last update's
 *
 * A source, driven as the hub drives it. JSON texts are written with ' for ", so that they can be
 * read.
 */
typedef struct
{
  SseSource *source;
  SseBatch *batch;
  gint64 now;
  guint64 position;
} SseTestSource;

SseTestSource *sse_test_source_new            (void);
SseTestSource *sse_test_source_new_restored   (SseTestSource *self);
void           sse_test_source_free           (SseTestSource *self);

SseVerdict     sse_test_source_publish        (SseTestSource *self,
                                               const char    *stream,
                                               const char    *audience,
                                               const char    *json,
                                               GError       **error);
void           sse_test_source_apply          (SseTestSource *self,
                                               const char    *audience,
                                               const char    *format,
                                               ...) G_GNUC_PRINTF (3, 4);
void           sse_test_source_unchanged      (SseTestSource *self,
                                               const char    *audience,
                                               const char    *json);
void           sse_test_source_refuse         (SseTestSource *self,
                                               const char    *audience,
                                               const char    *json,
                                               const char    *message);
void           sse_test_source_refuse_invalid (SseTestSource *self,
                                               const char    *json,
                                               const char    *message);

char          *sse_test_source_render         (SseTestSource *self,
                                               guint          view,
                                               const char    *audience);
void           sse_test_source_assert_view    (SseTestSource *self,
                                               guint          view,
                                               const char    *audience,
                                               const char    *members);
void           sse_test_source_assert_event   (SseTestSource *self,
                                               const char    *event_type,
                                               const char    *members);
void           sse_test_source_assert_touch   (SseTestSource *self,
                                               guint          view,
                                               SseTouch       touch);

GBytes        *sse_test_source_save           (SseTestSource *self);
void           sse_test_source_assert_same    (SseTestSource *self,
                                               SseTestSource *other);
void           sse_test_source_assert_saved   (SseTestSource *self,
                                               const char    *text);
void           sse_test_source_assert_bad     (const char    *text,
                                               const char    *message);

char          *sse_test_json                  (const char    *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseTestSource, sse_test_source_free)

G_END_DECLS
