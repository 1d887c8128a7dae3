/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SSE_REQUEST_HEAD_MAX_BYTES  16384
#define SSE_REQUEST_HEAD_MAX_FIELDS 64

/**
 * SseHeadVerdict:
 * @SSE_HEAD_INCOMPLETE: in order as far as it has come
 * @SSE_HEAD_COMPLETE: all of it is there and in order
 * @SSE_HEAD_REFUSED: whatever comes, it is not taken
 */
typedef enum
{
  SSE_HEAD_INCOMPLETE,
  SSE_HEAD_COMPLETE,
  SSE_HEAD_REFUSED,
} SseHeadVerdict;

/* A part of the head, by its place in it. */
typedef struct
{
  guint16 start;
  guint16 length;
} SseSpan;

/**
 * SseRequestHead:
 * @status: of a refused one: the status that it is answered with
 * @reason: of a refused one: why, for people; nothing of the request is in it
 * @length: of a complete one: its bytes, the empty line included; likewise all that follows
 * @method: the method
 * @path: the target's path, as it was sent
 * @query: its query, as it was sent; empty where there is none; likewise what follows
 * @origin: the Origin
 * @authorization: the Authorization
 * @if_none_match: the If-None-Match
 * @content_length: the body's bytes as announced, -1 where it was not; what no #gint64 holds is
 *   %G_MAXINT64
 * @chunked: whether a body comes in chunks
 * @expects_continue: whether the body comes only once it is told to (RFC 9110, section 10.1.1)
 * @minor: 0 or 1, of HTTP/1
 *
 * A request's head while it comes in. It is judged strictly, so that nothing remains in it that
 * two programs could read differently. It is plain data, and needs no freeing.
 */
typedef struct
{
  guint status;
  const char *reason;

  guint16 length;
  SseSpan method;
  SseSpan path;
  SseSpan query;
  SseSpan origin;
  SseSpan authorization;
  SseSpan if_none_match;
  gint64 content_length;
  gboolean chunked;
  gboolean expects_continue;
  guint minor;

  /*< private >*/
  guint16 at;   /* bytes judged already */
  guint16 mark; /* where the current part began */
  SseSpan name;
  guint8 state;
  guint8 n_hex; /* digits of an escape that are still due */
  guint8 n_fields;
  guint16 seen; /* a bit for each known field */
} SseRequestHead;

void           sse_request_head_init  (SseRequestHead *self);
SseHeadVerdict sse_request_head_judge (SseRequestHead *self,
                                       const char     *bytes,
                                       gsize           length);

G_END_DECLS
