/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-publication.h"

#include <string.h>

#include "sse-journal.h"

/* Updates of one call that have a line of their own. */
#define MAX_TOLD 100

/* Refused updates that are told in a span of time, whoever published them. */
#define MAX_REFUSED 500
#define TELL_SPAN   (10 * G_USEC_PER_SEC)

/* Who it is, as fields and in words. */
typedef struct
{
  char uid[24];
  char pid[16];
  const char *unit;
  const char *user;
  gboolean is_process;
  char *words;
} Who;

static gboolean
is_process (const SsePublisher *publisher)
{
  return publisher->user == NULL && publisher->path == NULL;
}

/**
 * sse_publisher_describe:
 *
 * Returns: (transfer full): who it is, to stand behind “by”
 */
char *
sse_publisher_describe (const SsePublisher *publisher)
{
  const SseProcess *process = &publisher->process;

  if (publisher->user != NULL)
    {
      g_autofree char *user = sse_error_clip (publisher->user);

      return g_strdup_printf ("the token of “%s”", user);
    }
  if (publisher->path != NULL)
    return g_strdup_printf ("who posts to %s", publisher->path);
  if (process->uid < 0)
    return g_strdup ("a process that is gone");
  if (process->unit == NULL)
    return g_strdup_printf ("uid %" G_GINT64_FORMAT ", pid %u", process->uid, process->pid);
  return g_strdup_printf ("uid %" G_GINT64_FORMAT ", pid %u (%s)", process->uid, process->pid,
                          process->unit);
}

static void
who_init (Who *self, const SsePublisher *publisher)
{
  const SseProcess *process = &publisher->process;

  g_snprintf (self->uid, sizeof self->uid, "%" G_GINT64_FORMAT, process->uid);
  g_snprintf (self->pid, sizeof self->pid, "%u", process->pid);
  self->is_process = is_process (publisher) && process->uid >= 0;
  self->unit = self->is_process ? process->unit : NULL;
  self->user = publisher->user;
  self->words = sse_publisher_describe (publisher);
}

/* @stream: (nullable): where it is of one; @id: (nullable): where it was accepted */
static void
tell (const char *kind,
      const char *stream,
      const char *audience,
      const char *id,
      const Who *who,
      const char *what)
{
  sse_journal (G_LOG_LEVEL_MESSAGE, kind,
               SSE_JOURNAL_FIELDS (
                   { "SSE_STREAM", stream }, { "SSE_USER", audience }, { "SSE_EVENT_ID", id },
                   { "SSE_POSITION", id != NULL ? strrchr (id, '-') + 1 : NULL },
                   { "SSE_PUBLISHER_UID", who->is_process ? who->uid : NULL },
                   { "SSE_PUBLISHER_PID", who->is_process ? who->pid : NULL },
                   { "SSE_PUBLISHER_UNIT", who->unit }, { "SSE_PUBLISHER_USER", who->user }),
               "%s, by %s", what, who->words);
}

/* @error: (nullable): why it was refused; else @id is its id */
static void
tell_update (const SseUpdate *update, const char *id, const GError *error, const Who *who)
{
  const char *audience = sse_update_get_audience (update);
  g_autofree char *stream = sse_error_clip (sse_update_get_stream (update));
  g_autofree char *user = audience != NULL ? sse_error_clip (audience) : NULL;
  g_autofree char *what = g_strdup_printf (
      "%s: an update%s%s was %s %s", stream, user != NULL ? " for " : "", user != NULL ? user : "",
      error != NULL ? "refused:" : "accepted as", error != NULL ? error->message : id);

  tell (error != NULL ? SSE_JOURNAL_UPDATE_REFUSED : SSE_JOURNAL_UPDATE_ACCEPTED, stream, audience,
        id, who, what);
}

/* Where none of several was taken. */
static void
tell_call (const SsePublication *self, const Who *who)
{
  g_autofree char *what = g_strdup_printf ("a call of %u updates was refused: %s",
                                           self->updates->len, self->error->message);

  tell (SSE_JOURNAL_UPDATE_REFUSED, NULL, NULL, NULL, who, what);
}

static void
tell_each (const SsePublication *self, const Who *who, gboolean accepted_too)
{
  guint n = 0;

  for (guint i = 0; i < self->outcomes->len; i++)
    {
      const SseOutcome *outcome = g_ptr_array_index (self->outcomes, i);

      if ((outcome->error != NULL || accepted_too) && n++ < MAX_TOLD)
        tell_update (g_ptr_array_index (self->updates, i), outcome->id, outcome->error, who);
    }
  if (n > MAX_TOLD)
    g_message ("and %u more updates of the same call, by %s", n - MAX_TOLD, who->words);
}

static gboolean
is_accepted (const SsePublication *self)
{
  for (guint i = 0; self->outcomes != NULL && i < self->outcomes->len; i++)
    if (((SseOutcome *) g_ptr_array_index (self->outcomes, i))->error != NULL)
      return FALSE;
  return self->outcomes != NULL;
}

/**
 * sse_publication_is_told:
 *
 * Returns: whether the journal is to be told of it
 */
gboolean
sse_publication_is_told (const SsePublication *self, const SsePublicationRecord *record)
{
  return record->accepted_too || !is_accepted (self);
}

/* Whether there is room in the journal for one more that was refused; what there was no room for is
 * counted, and told when there is some. */
static gboolean
take_room (SsePublicationRecord *record)
{
  if (!sse_ration_take (&record->refused, MAX_REFUSED, TELL_SPAN))
    {
      record->n_untold++;
      return FALSE;
    }
  if (record->n_untold > 0)
    g_message ("and %u more publications were refused meanwhile", record->n_untold);
  record->n_untold = 0;
  return TRUE;
}

/**
 * sse_publication_tell:
 * @record: what it is told with
 *
 * Says in the log what was refused, why, and who published it; and what was accepted, where that is
 * wanted. Of a large call, of its first updates.
 */
void
sse_publication_tell (const SsePublication *self,
                      const SsePublisher *publisher,
                      SsePublicationRecord *record)
{
  Who who;

  if (is_accepted (self) ? !record->accepted_too : !take_room (record))
    return;
  who_init (&who, publisher);
  if (self->outcomes != NULL)
    tell_each (self, &who, record->accepted_too);
  else if (self->updates->len == 1)
    tell_update (g_ptr_array_index (self->updates, 0), NULL, self->error, &who);
  else
    tell_call (self, &who);
  g_free (who.words);
}
