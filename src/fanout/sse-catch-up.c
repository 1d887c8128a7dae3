/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-catch-up.h"

/**
 * sse_catch_up_new:
 * @worker: the number of the worker that gets the client
 * @fed: told in the main thread
 * @user_data: for @fed
 *
 * Returns: (transfer full): what is known of a client that has not joined yet; one reference is for
 *   whom @fed tells, until the last slice was given or it was told that the client is gone
 */
SseCatchUp *
sse_catch_up_new (guint worker, SseFanoutFed fed, gpointer user_data)
{
  SseCatchUp *self = g_new0 (SseCatchUp, 1);

  atomic_init (&self->ref_count, 1);
  self->worker = worker;
  self->fed = fed;
  self->user_data = user_data;
  return self;
}

/* In any thread. */
SseCatchUp *
sse_catch_up_ref (SseCatchUp *self)
{
  atomic_fetch_add_explicit (&self->ref_count, 1, memory_order_relaxed);
  return self;
}

/* In any thread. */
void
sse_catch_up_unref (SseCatchUp *self)
{
  if (atomic_fetch_sub_explicit (&self->ref_count, 1, memory_order_acq_rel) == 1)
    g_free (self);
}

/**
 * sse_catch_up_tell:
 * @gone: whether the client left
 *
 * In the main thread. Tells whom it is for, unless the last slice was given.
 */
void
sse_catch_up_tell (SseCatchUp *self, gboolean gone)
{
  SseFanoutFed fed = self->fed;

  if (fed == NULL)
    return;

  if (gone)
    self->fed = NULL;
  fed (gone, self->user_data);
  if (gone)
    sse_catch_up_unref (self);
}
