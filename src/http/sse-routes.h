/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-cors.h"
#include "sse-receiver.h"
#include "sse-script.h"
#include "sse-stream.h"

G_BEGIN_DECLS

/**
 * SseRoute:
 * @stream: (nullable): what is followed with GET
 * @combined: whether what is followed are the streams that the query names
 * @receiver: (nullable): what takes a POST
 * @script: (nullable): what pages load with GET
 * @published: (nullable): the name of what may be a stream, which takes updates with POST; a part
 *   of the path that was looked for
 *
 * What is at a path; nothing where all are %NULL or %FALSE.
 */
typedef struct
{
  SseStream *stream;
  gboolean combined;
  SseReceiver *receiver;
  const SseAsset *script;
  const char *published;
} SseRoute;

/**
 * SseRoutes:
 *
 * Which paths there are: those of the streams and their receivers, /streams, the scripts for pages
 * and, where updates are taken, /publish/STREAM; as they stand and again under each base path.
 */
typedef struct _SseRoutes SseRoutes;

gboolean   sse_routes_check_base_paths (const char *const *base_paths,
                                        GError           **error);

SseRoutes *sse_routes_new              (GPtrArray         *streams,
                                        const char *const *base_paths,
                                        gboolean           publish);
void       sse_routes_free             (SseRoutes         *self);

SseRoute   sse_routes_find             (SseRoutes         *self,
                                        const char        *path);
SseAnswer *sse_routes_refuse           (const SseRoute    *route,
                                        const char        *method,
                                        gint64             content_length,
                                        gboolean           chunked);
SseCorsUse sse_route_get_use           (const SseRoute    *route);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseRoutes, sse_routes_free)

G_END_DECLS
