/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "sse-update.h"

G_BEGIN_DECLS

#define SSE_TYPE_LOG (sse_log_get_type ())
G_DECLARE_INTERFACE (SseLog, sse_log, SSE, LOG, GObject)

/**
 * SseLogEvent:
 * @stream: the stream's name
 * @position: the position of the update that it came of
 * @accepted: when that was accepted, in µs since 1970 UTC
 * @audience: (nullable): the user it is for, %NULL for everyone
 * @type: the event type
 * @members: the members behind `type`, JSON without braces
 * @length: of @members, in bytes
 *
 * An appended event.
 */
typedef struct
{
  const char *stream;
  guint64 position;
  gint64 accepted;
  const char *audience;
  const char *type;
  const char *members;
  gsize length;
} SseLogEvent;

SseLogEvent *sse_log_event_copy (const SseLogEvent *event);

/**
 * SseLogLoader:
 * @streams: (array zero-terminated=1): names of the streams that run; the log is kept for them from
 *   here on, where that is not so yet
 * @max_events: of each stream, that are wanted
 * @max_bytes: the same in bytes
 * @part: takes a source's part of the checkpoint: its state at @position, %NULL where it had none
 * @begin_events: says that of a stream's events those behind @after follow
 * @event: takes an event that its source's part covers, ascending in a stream
 * @update: takes an update behind the part that is oldest, parsed, ascending; @applied says whether
 *   it was applied as far as the log knows
 *
 * Whom a log gives what it keeps, in this order.
 */
typedef struct
{
  const char *const *streams;
  guint max_events;
  gsize max_bytes;
  void (*part) (const char *stream, guint64 position, GVariant *state, gpointer user_data);
  void (*begin_events) (const char *stream, guint64 after, gpointer user_data);
  void (*event) (const SseLogEvent *event, gpointer user_data);
  void (*update) (SseUpdate *update, gboolean applied, gpointer user_data);
} SseLogLoader;

/**
 * SseLogRead:
 * @events: (element-type SseLogEvent) (nullable): those that were asked for; %NULL where they are
 *   not to be had any more
 * @position: up to where these are all
 *
 * Told once of what was read, in the main context.
 */
typedef void (*SseLogRead) (GPtrArray *events, guint64 position, gpointer user_data);

/**
 * SseLogPart:
 * @stream: the stream's name
 * @state: (nullable): what its source's save() gave; %NULL: the same as in the checkpoint before
 *
 * A source's part of a checkpoint.
 */
typedef struct
{
  char *stream;
  GVariant *state;
} SseLogPart;

void sse_log_part_clear (gpointer part);

/**
 * SseLogNode:
 * @name: what it calls itself
 * @position: how far it has read the log
 * @lag: how many of the log's messages it has not read yet
 *
 * One of those that share a log.
 */
typedef struct
{
  const char *name;
  guint64 position;
  guint64 lag;
} SseLogNode;

/* Told once, in the main context, whatever state the log is in. */
typedef void (*SseLogPong) (gpointer user_data);

/**
 * SseLogInterface:
 * @get_epoch: the current epoch, a text without hyphen
 * @append: takes updates that shall have positions in a row in one commit, or not be committed
 *   at all, unless they are more than a commit may have; returns at once
 * @get_position: the last position there is
 * @load: gives what it keeps. This and what follows may be left out by a log that keeps nothing.
 * @covers: whether a position of an earlier epoch is not past that epoch's end
 * @keep_event: keeps an appended event, with the next commit
 * @get_kept: the position up to which all events are kept
 * @mark_unapplied: keeps that the update at a position was not applied, likewise
 * @save: keeps a checkpoint at @position: the parts of all sources that run, all with their states
 *   if it is @full
 * @read: reads events behind a position that everyone or @user sees
 * @ping: asks whoever commits for a sign of life, one at a time
 * @get_error: (nullable): why nothing can be committed just now
 * @get_lag: how many messages, of one update or several, there were when it was looked at last, and
 *   have not been read here yet, of any node
 * @list_nodes: those that share it and were heard of lately, by their names
 * @ask_end: asks where it ends by now, what other nodes appended included; told by `end`
 * @note_applied: takes how far what was committed has been applied
 *
 * Where accepted updates are kept, in order. What was appended comes back in the order in which it
 * was appended, later, in the main context, by one of two signals:
 *
 * - `committed (GPtrArray *updates)`: #SseUpdate with their positions, ascending over all
 *   emissions. There may be some that nobody waits for: they had failed, and reached the log all
 *   the same.
 * - `failed (GPtrArray *updates, GError *error)`: #SseUpdate as one append gave them, of which it
 *   is unknown whether they were kept; %SSE_ERROR_STORE_FAILED
 *
 * And two that say something of the log:
 *
 * - `due (guint64 position, gboolean full)`: it wants a checkpoint, at @position or later
 * - `changed ()`: get_error() has another answer, and get_position() perhaps
 *
 * Two of a log that is shared by several nodes:
 *
 * - `end (guint64 position)`: it was found to end there, or before; get_position() may have another
 *   answer
 *
 * - `differs (const char *stream, const char *why)`: the stream's source is in another state here
 *   than at another node that has applied the same
 *
 * And one after which there are no others:
 *
 * - `lost (GError *error)`: the log is not any more what was applied. Who begins again gets what
 *   there is
 */
struct _SseLogInterface
{
  GTypeInterface parent_iface;

  const char *(*get_epoch) (SseLog *self);
  void (*append) (SseLog *self, GPtrArray *updates);
  guint64 (*get_position) (SseLog *self);

  gboolean (*load) (SseLog *self, const SseLogLoader *loader, gpointer user_data, GError **error);
  gboolean (*covers) (SseLog *self, const char *epoch, guint64 position);
  void (*keep_event) (SseLog *self, const SseLogEvent *event);
  guint64 (*get_kept) (SseLog *self);
  void (*mark_unapplied) (SseLog *self, guint64 position);
  void (*save) (SseLog *self, guint64 position, GArray *parts, gboolean full);
  void (*read) (SseLog *self,
                const char *stream,
                const char *user,
                guint64 position,
                gsize max_bytes,
                SseLogRead func,
                gpointer user_data);
  void (*ping) (SseLog *self, SseLogPong pong, gpointer user_data);
  const char *(*get_error) (SseLog *self);
  guint64 (*get_lag) (SseLog *self);
  GArray *(*list_nodes) (SseLog *self);
  void (*ask_end) (SseLog *self);
  void (*note_applied) (SseLog *self, guint64 position);
};

const char *sse_log_get_epoch      (SseLog             *self);
void        sse_log_append         (SseLog             *self,
                                    GPtrArray          *updates);
guint64     sse_log_get_position   (SseLog             *self);
gboolean    sse_log_load           (SseLog             *self,
                                    const SseLogLoader *loader,
                                    gpointer            user_data,
                                    GError            **error);
gboolean    sse_log_covers         (SseLog             *self,
                                    const char         *epoch,
                                    guint64             position);
void        sse_log_keep_event     (SseLog             *self,
                                    const SseLogEvent  *event);
guint64     sse_log_get_kept       (SseLog             *self);
void        sse_log_mark_unapplied (SseLog             *self,
                                    guint64             position);
void        sse_log_save           (SseLog             *self,
                                    guint64             position,
                                    GArray             *parts,
                                    gboolean            full);
gboolean    sse_log_read           (SseLog             *self,
                                    const char         *stream,
                                    const char         *user,
                                    guint64             position,
                                    gsize               max_bytes,
                                    SseLogRead          func,
                                    gpointer            user_data);
void        sse_log_ping           (SseLog             *self,
                                    SseLogPong          pong,
                                    gpointer            user_data);
const char *sse_log_get_error      (SseLog             *self);
guint64     sse_log_get_lag        (SseLog             *self);
GArray     *sse_log_list_nodes     (SseLog             *self);
gboolean    sse_log_ask_end        (SseLog             *self);
void        sse_log_note_applied   (SseLog             *self,
                                    guint64             position);
gboolean    sse_log_is_durable     (SseLog             *self);

/* For implementations. */
void        sse_log_emit_committed (SseLog             *self,
                                    GPtrArray          *updates);
void        sse_log_emit_failed    (SseLog             *self,
                                    GPtrArray          *updates,
                                    const GError       *error);
void        sse_log_emit_due       (SseLog             *self,
                                    guint64             position,
                                    gboolean            full);
void        sse_log_emit_changed   (SseLog             *self);
void        sse_log_emit_end       (SseLog             *self,
                                    guint64             position);
void        sse_log_emit_differs   (SseLog             *self,
                                    const char         *stream,
                                    const char         *why);
void        sse_log_emit_lost      (SseLog             *self,
                                    const GError       *error);

G_END_DECLS
