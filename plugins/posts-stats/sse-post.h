/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SsePostStatus:
 *
 * A post's status, in the order in which the lists are shown.
 */
typedef enum
{
  SSE_POST_DRAFT,
  SSE_POST_READY,
  SSE_POST_SCHEDULED,
  SSE_POST_PUBLISHED,
  SSE_POST_FAILED,
} SsePostStatus;

#define SSE_N_POST_STATUSES (SSE_POST_FAILED + 1)

/* The keys of counters and lists by status: "drafts" and so on; %NULL-terminated. */
extern const char *const sse_post_lists[];

#define SSE_POST_UNDATED G_MININT64

/**
 * SsePost:
 * @id: its id as text
 * @status: its status
 * @created: its `createdAt`, in µs since 1970 UTC; %SSE_POST_UNDATED where it has none
 * @sequence: grows with every post that is accepted
 * @json: (nullable): all its members, encoded as clients get them; %NULL where only @id and
 *   @status are kept
 * @length: bytes of @json
 *
 * One post as it is kept.
 */
typedef struct
{
  char *id;
  SsePostStatus status;
  gint64 created;
  guint64 sequence;
  char *json;
  gsize length;
} SsePost;

gboolean      sse_post_check       (JsonObject    *object,
                                    const char    *where,
                                    GError       **error);
SsePostStatus sse_post_get_status  (JsonObject    *object);

SsePost      *sse_post_new         (JsonObject    *object,
                                    guint64        sequence);
SsePost      *sse_post_new_reduced (const char    *id,
                                    SsePostStatus  status);
void          sse_post_free        (SsePost       *self);

void          sse_post_reduce      (SsePost       *self);
gsize         sse_post_get_bytes   (const SsePost *self);
int           sse_post_compare     (const SsePost *self,
                                    const SsePost *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SsePost, sse_post_free)

G_END_DECLS
