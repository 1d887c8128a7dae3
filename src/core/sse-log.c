/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log.h"

#include <string.h>

G_DEFINE_INTERFACE (SseLog, sse_log, G_TYPE_OBJECT)

enum
{
  COMMITTED,
  FAILED,
  DUE,
  CHANGED,
  END,
  DIFFERS,
  LOST,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
sse_log_default_init (SseLogInterface *iface)
{
  signals[COMMITTED] = g_signal_new ("committed", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                     NULL, G_TYPE_NONE, 1, G_TYPE_PTR_ARRAY);
  signals[FAILED] = g_signal_new ("failed", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_PTR_ARRAY, G_TYPE_ERROR);
  signals[DUE] = g_signal_new ("due", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_BOOLEAN);
  signals[CHANGED] = g_signal_new ("changed", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[END] = g_signal_new ("end", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 1, G_TYPE_UINT64);
  signals[DIFFERS] = g_signal_new ("differs", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[LOST] = g_signal_new ("lost", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static char *
put_text (char **place, const char *text, gsize length)
{
  char *copy = *place;

  if (text == NULL)
    return NULL;
  memcpy (copy, text, length);
  copy[length] = '\0';
  *place += length + 1;
  return copy;
}

/**
 * sse_log_event_copy:
 *
 * Returns: (transfer full): a copy in one piece, to be given to g_free()
 */
SseLogEvent *
sse_log_event_copy (const SseLogEvent *event)
{
  gsize stream = strlen (event->stream);
  gsize audience = event->audience != NULL ? strlen (event->audience) : 0;
  gsize type = strlen (event->type);
  SseLogEvent *copy = g_malloc (sizeof *copy + stream + audience + type + event->length + 4);
  char *place = (char *) (copy + 1);

  *copy = *event;
  copy->stream = put_text (&place, event->stream, stream);
  copy->audience = put_text (&place, event->audience, audience);
  copy->type = put_text (&place, event->type, type);
  copy->members = put_text (&place, event->members, event->length);
  return copy;
}

/* Frees what is in a #SseLogPart. */
void
sse_log_part_clear (gpointer part)
{
  SseLogPart *self = part;

  g_free (self->stream);
  g_clear_pointer (&self->state, g_variant_unref);
}

/**
 * sse_log_get_epoch:
 *
 * Returns: the current epoch: the first part of every event's id
 */
const char *
sse_log_get_epoch (SseLog *self)
{
  return SSE_LOG_GET_IFACE (self)->get_epoch (self);
}

/**
 * sse_log_append:
 * @updates: (element-type SseUpdate) (transfer full): parsed and stamped with their time
 *
 * Asks for @updates to be kept, all in one commit and with positions in a row; in several commits,
 * in their order, where they are more than one may have. They come back by one of the signals,
 * never before this function has returned.
 */
void
sse_log_append (SseLog *self, GPtrArray *updates)
{
  SSE_LOG_GET_IFACE (self)->append (self, updates);
}

/**
 * sse_log_get_position:
 *
 * Returns: the last position that there is, as far as was told; 0 for none
 */
guint64
sse_log_get_position (SseLog *self)
{
  return SSE_LOG_GET_IFACE (self)->get_position (self);
}

/**
 * sse_log_load:
 * @loader: told of what there is
 * @error: where something cannot be read
 *
 * Gives what the log keeps; once, before anything is appended.
 */
gboolean
sse_log_load (SseLog *self, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->load == NULL || iface->load (self, loader, user_data, error);
}

/**
 * sse_log_covers:
 * @epoch: not the current one
 *
 * Returns: whether the log had @epoch, and @position is not past its end
 */
gboolean
sse_log_covers (SseLog *self, const char *epoch, guint64 position)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->covers != NULL && iface->covers (self, epoch, position);
}

/**
 * sse_log_keep_event:
 * @event: copied
 *
 * Keeps an event for clients that come back late: with the next commit, and not later than the
 * checkpoint that covers it.
 */
void
sse_log_keep_event (SseLog *self, const SseLogEvent *event)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->keep_event != NULL)
    iface->keep_event (self, event);
}

/**
 * sse_log_get_kept:
 *
 * Returns: the position up to which sse_log_read() has all events; %G_MAXUINT64 for a log that
 *   keeps none and will not either
 */
guint64
sse_log_get_kept (SseLog *self)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->get_kept != NULL ? iface->get_kept (self) : G_MAXUINT64;
}

/**
 * sse_log_mark_unapplied:
 * @position: of an update that changed nothing, as it was refused or known already
 *
 * Keeps that, for a source that follows the stream and is restored from before.
 */
void
sse_log_mark_unapplied (SseLog *self, guint64 position)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->mark_unapplied != NULL)
    iface->mark_unapplied (self, position);
}

/**
 * sse_log_save:
 * @position: the last one that was applied
 * @parts: (element-type SseLogPart): of all sources that run; the others keep theirs
 * @full: whether all of them have their states
 *
 * Keeps a checkpoint, with the next commit.
 */
void
sse_log_save (SseLog *self, guint64 position, GArray *parts, gboolean full)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->save != NULL)
    iface->save (self, position, parts, full);
}

/**
 * sse_log_read:
 * @stream: a stream's name
 * @user: what others alone may see is left out
 * @position: events behind it are wanted
 * @max_bytes: of events, one at least
 * @func: told of them, later
 *
 * Reads events that sse_log_keep_event() was given.
 *
 * Returns: whether there is a log to be read; @func is not told otherwise
 */
gboolean
sse_log_read (SseLog *self,
              const char *stream,
              const char *user,
              guint64 position,
              gsize max_bytes,
              SseLogRead func,
              gpointer user_data)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->read == NULL)
    return FALSE;
  iface->read (self, stream, user, position, max_bytes, func, user_data);
  return TRUE;
}

/**
 * sse_log_ping:
 * @pong: told when the log has given a sign of life; at once by one that has no thread
 *
 * To be called again only when @pong was told.
 */
void
sse_log_ping (SseLog *self, SseLogPong pong, gpointer user_data)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->ping != NULL)
    iface->ping (self, pong, user_data);
  else
    pong (user_data);
}

/**
 * sse_log_get_error:
 *
 * Returns: (nullable): why nothing can be committed just now, %NULL where it can
 */
const char *
sse_log_get_error (SseLog *self)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->get_error != NULL ? iface->get_error (self) : NULL;
}

/**
 * sse_log_get_lag:
 *
 * Returns: how many messages are there and have not been read here, as far as is known
 */
guint64
sse_log_get_lag (SseLog *self)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->get_lag != NULL ? iface->get_lag (self) : 0;
}

/**
 * sse_log_list_nodes:
 *
 * Returns: (transfer container) (element-type SseLogNode): those that share it, this one among
 * them, by their names; none where it is this one's alone. The names are the log's, until it tells
 * of something again
 */
GArray *
sse_log_list_nodes (SseLog *self)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  return iface->list_nodes != NULL ? iface->list_nodes (self)
                                   : g_array_new (FALSE, FALSE, sizeof (SseLogNode));
}

/**
 * sse_log_ask_end:
 *
 * Asks where the log ends, what was not told yet included.
 *
 * Returns: whether there can be such, as other nodes have a part in it
 */
gboolean
sse_log_ask_end (SseLog *self)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->ask_end == NULL)
    return FALSE;
  iface->ask_end (self);
  return TRUE;
}

/**
 * sse_log_note_applied:
 * @position: up to where what was committed has been applied
 *
 * Tells a log that reads ahead how far it may.
 */
void
sse_log_note_applied (SseLog *self, guint64 position)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (self);

  if (iface->note_applied != NULL)
    iface->note_applied (self, position);
}

/**
 * sse_log_is_durable:
 *
 * Returns: whether what it has outlives the process
 */
gboolean
sse_log_is_durable (SseLog *self)
{
  return SSE_LOG_GET_IFACE (self)->load != NULL;
}

/* Tells that @updates are kept, each at its position. */
void
sse_log_emit_committed (SseLog *self, GPtrArray *updates)
{
  g_signal_emit (self, signals[COMMITTED], 0, updates);
}

/* Tells that it is unknown whether @updates were kept. */
void
sse_log_emit_failed (SseLog *self, GPtrArray *updates, const GError *error)
{
  g_signal_emit (self, signals[FAILED], 0, updates, error);
}

/* Asks for a checkpoint. @position: that it has to cover @full: whether with all states */
void
sse_log_emit_due (SseLog *self, guint64 position, gboolean full)
{
  g_signal_emit (self, signals[DUE], 0, position, full);
}

/* Tells that sse_log_get_error() has another answer. */
void
sse_log_emit_changed (SseLog *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Tells where the log ends, looked at since the last time that this was told. */
void
sse_log_emit_end (SseLog *self, guint64 position)
{
  g_signal_emit (self, signals[END], 0, position);
}

/* Tells that a stream is not what it is elsewhere, and why that may be. */
void
sse_log_emit_differs (SseLog *self, const char *stream, const char *why)
{
  g_signal_emit (self, signals[DIFFERS], 0, stream, why);
}

/* Tells that the log is another one. */
void
sse_log_emit_lost (SseLog *self, const GError *error)
{
  g_signal_emit (self, signals[LOST], 0, error);
}
