/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseNatsNodes:
 *
 * The nodes of which was heard, by their names. In the main thread.
 */
typedef struct _SseNatsNodes SseNatsNodes;

SseNatsNodes *sse_nats_nodes_new  (void);
void          sse_nats_nodes_hear (SseNatsNodes *self,
                                   char         *name,
                                   guint64       position);
GArray       *sse_nats_nodes_list (SseNatsNodes *self,
                                   guint64       end);
void          sse_nats_nodes_free (SseNatsNodes *self);

G_END_DECLS
