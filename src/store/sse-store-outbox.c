/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-store-outbox.h"

/* Behind what brings more of it. */
#define COMMIT_PRIORITY (G_PRIORITY_DEFAULT + 1)

/* The longest that a job that is waited for stays here, in µs, where the main context is busy. */
#define MAX_WAIT 2000

struct _SseStoreOutbox
{
  SseStoreWriter *writer; /* NULL until it is there */
  SseMailList jobs;
  gint64 since;       /* since when one of them is waited for, monotonic, in µs; 0: none is */
  GSource *committer; /* ready when all that was there is dispatched */
  GSource *timekeeper;
};

typedef struct
{
  GSource source;
  SseStoreOutbox *outbox;
} OutboxSource;

static gboolean
committer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  sse_store_outbox_flush (((OutboxSource *) source)->outbox);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs committer_funcs = { .dispatch = committer_dispatch };

/* Never ready: being asked is what it is for, in each iteration, also where the committer's turn
 * does not come. */
static gboolean
timekeeper_prepare (GSource *source, int *timeout)
{
  SseStoreOutbox *self = ((OutboxSource *) source)->outbox;

  if (self->since > 0 && g_get_monotonic_time () - self->since >= MAX_WAIT)
    sse_store_outbox_flush (self);
  *timeout = -1;
  return FALSE;
}

static GSourceFuncs timekeeper_funcs = { .prepare = timekeeper_prepare };

static GSource *
add_source (SseStoreOutbox *self, GSourceFuncs *funcs, const char *name, int priority)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GSource *source = g_source_new (funcs, sizeof (OutboxSource));

  ((OutboxSource *) source)->outbox = self;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  g_source_attach (source, context);
  return source;
}

SseStoreOutbox *
sse_store_outbox_new (void)
{
  SseStoreOutbox *self = g_new0 (SseStoreOutbox, 1);

  self->committer = add_source (self, &committer_funcs, "store's committer", COMMIT_PRIORITY);
  /* First in each iteration: where another source is ready, those behind it are not asked. */
  self->timekeeper = add_source (self, &timekeeper_funcs, "store's timekeeper", G_MININT);
  return self;
}

static void
remove_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* What was not flushed is given up. */
void
sse_store_outbox_free (SseStoreOutbox *self)
{
  SseMail *mail;

  while ((mail = sse_mail_list_pop (&self->jobs)) != NULL)
    sse_store_job_free ((SseStoreJob *) mail);
  remove_source (self->committer);
  remove_source (self->timekeeper);
  g_free (self);
}

/**
 * sse_store_outbox_start:
 * @writer: gets what there is, and all that comes
 */
void
sse_store_outbox_start (SseStoreOutbox *self, SseStoreWriter *writer)
{
  self->writer = writer;
  sse_store_outbox_flush (self);
}

/**
 * sse_store_outbox_add:
 * @job: (transfer full): one that nobody waits for
 */
void
sse_store_outbox_add (SseStoreOutbox *self, SseStoreJob *job)
{
  sse_mail_list_push (&self->jobs, &job->mail);
}

/**
 * sse_store_outbox_post:
 * @job: (transfer full): one that is waited for
 */
void
sse_store_outbox_post (SseStoreOutbox *self, SseStoreJob *job)
{
  sse_store_outbox_add (self, job);
  if (self->since > 0)
    return;
  self->since = g_get_monotonic_time ();
  g_source_set_ready_time (self->committer, 0);
}

/**
 * sse_store_outbox_flush:
 *
 * Gives the writer, if there is one, all that there is.
 */
void
sse_store_outbox_flush (SseStoreOutbox *self)
{
  if (self->writer != NULL)
    sse_store_writer_post (self->writer, &self->jobs);
  self->since = 0;
  g_source_set_ready_time (self->committer, -1);
}
