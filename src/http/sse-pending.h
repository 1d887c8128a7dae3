/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-body.h"
#include "sse-gate.h"
#include "sse-link.h"
#include "sse-request-head.h"
#include "sse-upload.h"

G_BEGIN_DECLS

/**
 * SseRequest:
 * @method: the method
 * @path: the target's path as it was sent
 * @query: (nullable): its query as it was sent
 * @origin: (nullable): the Origin
 * @authorization: (nullable): the Authorization
 * @if_none_match: (nullable): the If-None-Match
 * @content_length: bytes of body, -1 where it does not say
 * @chunked: whether a body comes in chunks
 *
 * What a request's head says, in order in itself.
 */
typedef struct
{
  const char *method;
  const char *path;
  const char *query;
  const char *origin;
  const char *authorization;
  const char *if_none_match;
  gint64 content_length;
  gboolean chunked;
} SseRequest;

/* What holds a whole head, and one byte to see that it is not. */
#define SSE_PENDING_BUFFER_BYTES (SSE_REQUEST_HEAD_MAX_BYTES + 1)

/**
 * SsePending:
 * @link: in the list of those with the same time limit
 * @fd: its socket, non-blocking; -1 once it is somebody else's
 * @admission: (nullable): its admission; %NULL once it is somebody else's
 * @deadline: when its time is over, monotonic, in µs
 * @head: its request's head, as far as it has come
 * @upload: (nullable): its request, once that is one with a body that is taken
 * @body: (nullable): that body, as far as it has come; likewise
 * @watched: whether its socket is waited for
 * @answered: whether it was answered, and is only waited for to hang up
 *
 * A connection whose request has not wholly come yet, or that was answered. Of what it sends,
 * nothing is taken from the socket until it is answered, or found to bring a body.
 */
typedef struct
{
  SseLink link;
  int fd;
  SseAdmission *admission;
  gint64 deadline;
  SseRequestHead head;
  SseUpload *upload;
  SseBody *body;
  gboolean watched;
  gboolean answered;

  /*< private >*/
  gsize n_peeked;
  gsize n_drained;
} SsePending;

#define SSE_PENDING_NEVER G_MAXINT64

SsePending *sse_pending_new            (int               fd,
                                        SseAdmission     *admission);
void        sse_pending_free           (SsePending       *self);
void        sse_pending_free_all       (SseLink          *list);

void        sse_pending_move           (SsePending       *self,
                                        SseLink          *list,
                                        gint64            deadline);
void        sse_pending_postpone_all   (SseLink          *list,
                                        gint64            longer);
gint64      sse_pending_first_deadline (const SseLink    *list);

gboolean    sse_pending_peek           (SsePending       *self,
                                        char             *buffer,
                                        SseHeadVerdict   *verdict);
gboolean    sse_pending_begun          (const SsePending *self);
SseRequest  sse_pending_read           (const SsePending *self,
                                        char             *buffer);
gboolean    sse_pending_open_body      (SsePending       *self,
                                        gsize             max_body,
                                        char             *buffer);
gboolean    sse_pending_read_body      (SsePending       *self,
                                        char             *buffer,
                                        SseAnswer       **refusal);
SseUpload  *sse_pending_steal_upload   (SsePending       *self);

gboolean    sse_pending_answer         (SsePending       *self,
                                        const SseAnswer  *answer,
                                        gboolean          with_body);
gboolean    sse_pending_drain          (SsePending       *self,
                                        char             *buffer);

G_END_DECLS
