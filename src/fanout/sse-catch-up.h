/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>

#include "sse-client.h"
#include "sse-fanout.h"

G_BEGIN_DECLS

/**
 * SseCatchUp:
 * @worker: the number of the worker that has the client
 * @fed: (nullable): whom the main thread tells; %NULL when the last slice was given
 * @client: (nullable): the client, which the worker alone looks at; %NULL when it left, or is behind
 *   no more
 *
 * A client that is behind, as the main thread and its worker both know it.
 */
struct _SseCatchUp
{
  atomic_uint ref_count;
  guint worker;
  SseFanoutFed fed;
  gpointer user_data;
  SseClient *client;
};

SseCatchUp *sse_catch_up_new   (guint         worker,
                                SseFanoutFed  fed,
                                gpointer      user_data);
SseCatchUp *sse_catch_up_ref   (SseCatchUp   *self);
void        sse_catch_up_unref (SseCatchUp   *self);

void        sse_catch_up_tell  (SseCatchUp   *self,
                                gboolean      gone);

G_END_DECLS
