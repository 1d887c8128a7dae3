/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-gate.h"
#include "sse-request-head.h"

G_BEGIN_DECLS

/**
 * SseUpload:
 * @fd: the client's socket, from which the request was taken
 * @admission: its connection's
 * @path: the target's path as it was sent
 * @query: (nullable): its query as it was sent
 * @fields: (element-type utf8 utf8): the header fields, names in lower case, the values of those
 *   that are there more than once joined by ", "
 * @body: (nullable): the body; %NULL until all of it has come
 *
 * A request that brings something, whose client waits for the answer.
 */
typedef struct
{
  int fd;
  SseAdmission *admission;
  char *path;
  char *query;
  GHashTable *fields;
  GBytes *body;
} SseUpload;

SseUpload *sse_upload_new     (const SseRequestHead *head,
                               const char           *bytes);
void       sse_upload_free    (SseUpload            *self);
void       sse_upload_hang_up (SseUpload            *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseUpload, sse_upload_free)

G_END_DECLS
