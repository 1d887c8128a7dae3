/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

#include "config.h"

#include "sse-nats-log.h"

#include "sse-error.h"
#include "sse-nats-log-private.h"
#include "sse-nats-streams.h"

/* Between two looks at who waits, in ms. */
#define TICK_MS 250
/* Between attempts to begin, in ms. */
#define RETRY_MS 250

static void sse_nats_log_iface_init (SseLogInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseNatsLog,
                               sse_nats_log,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_LOG, sse_nats_log_iface_init))

/* ---- sending ---- */

static void
fail (SseNatsLog *self, GPtrArray *updates)
{
  g_autoptr (GError) error = NULL;
  const char *why = self->error != NULL ? self->error : self->unsent;

  if (updates->len == 0)
    return;
  g_set_error (&error, SSE_ERROR, SSE_ERROR_STORE_FAILED,
               "whether it was taken is unknown, push it again: %s",
               why != NULL ? why : "NATS: it did not come back in time");
  sse_log_emit_failed (SSE_LOG (self), updates, error);
}

static gboolean
on_tick (gpointer user_data)
{
  g_autoptr (SseNatsLog) self = g_object_ref (SSE_NATS_LOG (user_data));
  g_autoptr (GPtrArray) late = sse_nats_waiting_look (self->waiting, self->sequence);

  fail (self, late);
  if (!sse_nats_waiting_is_empty (self->waiting))
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->ticker, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
start_ticker (SseNatsLog *self)
{
  if (self->ticker != NULL)
    return;
  self->ticker = g_timeout_source_new (TICK_MS);
  g_source_set_static_name (self->ticker, "NATS log's ticker");
  g_source_set_callback (self->ticker, on_tick, self, NULL);
  g_source_attach (self->ticker, g_source_get_context (self->teller));
}

static gboolean
on_turn (gpointer user_data)
{
  SseNatsLog *self = SSE_NATS_LOG (user_data);

  g_clear_pointer (&self->sender, g_source_unref);
  sse_nats_waiting_post (self->waiting, self->sequence);
  return G_SOURCE_REMOVE;
}

/* What is published in one turn of the main loop is sent in the next one, together. */
static void
start_sender (SseNatsLog *self)
{
  if (self->sender != NULL)
    return;
  self->sender = g_idle_source_new ();
  g_source_set_priority (self->sender, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->sender, "NATS log's sender");
  g_source_set_callback (self->sender, on_turn, self, NULL);
  g_source_attach (self->sender, g_source_get_context (self->teller));
}

static void
sse_nats_log_append (SseLog *log, GPtrArray *updates)
{
  SseNatsLog *self = SSE_NATS_LOG (log);

  sse_nats_waiting_send (self->waiting, updates, self->sequence);
  g_ptr_array_unref (updates);
  start_sender (self);
  start_ticker (self);
}

/* ---- the log ---- */

static const char *
sse_nats_log_get_epoch (SseLog *log)
{
  return SSE_NATS_LOG (log)->epoch.name;
}

static guint64
sse_nats_log_get_position (SseLog *log)
{
  return SSE_NATS_LOG (log)->position;
}

static guint64
sse_nats_log_get_lag (SseLog *log)
{
  SseNatsLog *self = SSE_NATS_LOG (log);

  return self->end - self->sequence;
}

static GArray *
sse_nats_log_list_nodes (SseLog *log)
{
  SseNatsLog *self = SSE_NATS_LOG (log);

  return sse_nats_nodes_list (self->nodes, self->end);
}

static void
sse_nats_log_save (SseLog *log, guint64 position, GArray *parts, gboolean full)
{
  if (full)
    sse_nats_dues_save (SSE_NATS_LOG (log)->dues, position, parts);
}

static void
sse_nats_log_ask_end (SseLog *log)
{
  sse_nats_follower_ask (SSE_NATS_LOG (log)->follower, FALSE);
}

static void
sse_nats_log_note_applied (SseLog *log, guint64 position)
{
  sse_nats_mark_set_applied (SSE_NATS_LOG (log)->mark, position);
}

static void
sse_nats_log_ping (SseLog *log, SseLogPong pong, gpointer user_data)
{
  SseNatsLog *self = SSE_NATS_LOG (log);
  SseNatsJob *job = g_new0 (SseNatsJob, 1);
  SseMailList jobs = { 0 };

  job->type = SSE_NATS_JOB_PING;
  self->pong = pong;
  self->pong_data = user_data;
  sse_mail_list_push (&jobs, &job->mail);
  sse_mailbox_post (sse_nats_publisher_get_inbox (self->publisher), &jobs);
}

static const char *
sse_nats_log_get_error (SseLog *log)
{
  return SSE_NATS_LOG (log)->error;
}

static void
sse_nats_log_iface_init (SseLogInterface *iface)
{
  iface->get_epoch = sse_nats_log_get_epoch;
  iface->append = sse_nats_log_append;
  iface->get_position = sse_nats_log_get_position;
  iface->load = sse_nats_log_load;
  iface->save = sse_nats_log_save;
  iface->get_lag = sse_nats_log_get_lag;
  iface->list_nodes = sse_nats_log_list_nodes;
  iface->ask_end = sse_nats_log_ask_end;
  iface->note_applied = sse_nats_log_note_applied;
  iface->ping = sse_nats_log_ping;
  iface->get_error = sse_nats_log_get_error;
}

/* ---- the object ---- */

static void
remove_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
drop_notes (SseNatsLog *self)
{
  SseMailList notes = { 0 };
  SseMail *mail;

  sse_mailbox_take (&self->notes, &notes);
  while ((mail = sse_mail_list_pop (&notes)) != NULL)
    sse_nats_note_free ((SseNatsNote *) mail);
}

/* What is read passes the mark, and all of them tell the notes. */
static void
sse_nats_log_dispose (GObject *object)
{
  SseNatsLog *self = SSE_NATS_LOG (object);

  g_clear_pointer (&self->sender, remove_source);
  g_clear_pointer (&self->ticker, remove_source);
  g_clear_pointer (&self->teller, remove_source);
  g_clear_pointer (&self->follower, sse_nats_follower_free);
  g_clear_pointer (&self->presence, sse_nats_presence_free);
  g_clear_pointer (&self->publisher, sse_nats_publisher_free);
  g_clear_pointer (&self->saver, sse_nats_saver_free);
  g_clear_pointer (&self->mark, sse_nats_mark_free);
  g_clear_pointer (&self->link, sse_nats_link_free);
  if (self->has_notes)
    drop_notes (self);
  G_OBJECT_CLASS (sse_nats_log_parent_class)->dispose (object);
}

static void
sse_nats_log_finalize (GObject *object)
{
  SseNatsLog *self = SSE_NATS_LOG (object);

  if (self->has_notes)
    sse_mailbox_clear (&self->notes);
  g_clear_pointer (&self->waiting, sse_nats_waiting_free);
  g_clear_pointer (&self->dues, sse_nats_dues_free);
  sse_nats_nodes_free (self->nodes);
  g_clear_pointer (&self->checkpoint, sse_nats_checkpoint_free);
  g_clear_pointer (&self->states, g_variant_unref);
  g_free (self->node);
  sse_nats_epoch_clear (&self->epoch);
  g_free (self->error);
  g_free (self->unsent);
  G_OBJECT_CLASS (sse_nats_log_parent_class)->finalize (object);
}

static void
sse_nats_log_class_init (SseNatsLogClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = sse_nats_log_dispose;
  object_class->finalize = sse_nats_log_finalize;
}

static void
sse_nats_log_init (SseNatsLog *self)
{
  self->nodes = sse_nats_nodes_new ();
}

/* What servers are asked at the start, until @until, monotonic, in µs: they may have no leader at
 * the moment, or not have found each other yet. */
static gboolean
begin (SseNatsLog *self, const SseNatsOptions *options, gint64 until, GError **error)
{
  const SseNatsPlace known = { sse_nats_mark_get_epoch (self->mark), sse_nats_mark_get (self->mark),
                               sse_nats_mark_get_id (self->mark) };
  SseNatsExtent extent;

  for (guint i = 0;; i++)
    {
      g_autoptr (GError) local = NULL;

      if (sse_nats_streams_have (self->link, options, &local)
          && sse_nats_epoch_agree (self->link, &known, &self->epoch, &extent, &local)
          && sse_nats_checkpoint_load (self->link, extent.first, &self->checkpoint, &self->states,
                                       &local))
        break;
      if (!g_error_matches (local, SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY)
          || g_get_monotonic_time () >= until)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (i == 0)
        g_message ("%s; it is tried again for a while ([nats] connect-seconds)", local->message);
      nats_Sleep (RETRY_MS);
    }
  self->end = extent.last;
  return TRUE;
}

/**
 * sse_nats_log_new:
 * @options: looked at here alone
 * @error: %SSE_NATS_ERROR where no server or no fit stream can be had; %G_FILE_ERROR where this
 *   node can't keep how far it was
 *
 * Connects, makes the streams where there are none, agrees with other nodes on an epoch, and gets
 * the checkpoint to begin with.
 *
 * Returns: (transfer full): a log to be loaded
 */
SseLog *
sse_nats_log_new (const SseNatsOptions *options, GError **error)
{
  g_autoptr (SseNatsLog) self = g_object_new (SSE_TYPE_NATS_LOG, NULL);
  gint64 until = g_get_monotonic_time () + options->connect_ms * G_GINT64_CONSTANT (1000);

  self->node = g_strdup (options->node);
  self->deadline_ms = options->deadline_ms;
  self->dues = sse_nats_dues_new (options->checkpoint_updates, options->retain_updates,
                                  options->retain_seconds * G_USEC_PER_SEC);
  self->has_notes = sse_mailbox_init (&self->notes, error);
  if (!self->has_notes)
    return NULL;
  self->mark = sse_nats_mark_new (options->directory, &self->notes, error);
  if (self->mark == NULL)
    return NULL;
  self->link = sse_nats_link_new (options, &self->notes, error);
  if (self->link == NULL || !begin (self, options, until, error))
    return NULL;
  return SSE_LOG (g_steal_pointer (&self));
}
