/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-publication.h"

#include <string.h>

#include "sse-journal.h"

/* Updates of one call that have a line of their own. */
#define MAX_TOLD 100

/* Numbers as fields, and who it is in words. */
typedef struct
{
  char uid[24];
  char pid[16];
  char *words;
  const SsePublisher *publisher;
} Who;

/**
 * sse_publisher_describe:
 *
 * Returns: (transfer full): who it is, to stand behind “by”
 */
char *
sse_publisher_describe (const SsePublisher *publisher)
{
  if (publisher->user != NULL)
    {
      g_autofree char *user = sse_error_clip (publisher->user);

      return g_strdup_printf ("the token of “%s”", user);
    }
  if (publisher->path != NULL)
    return g_strdup_printf ("who posts to %s", publisher->path);
  if (publisher->uid < 0)
    return g_strdup ("a process that is gone");
  if (publisher->unit == NULL)
    return g_strdup_printf ("uid %" G_GINT64_FORMAT ", pid %u", publisher->uid, publisher->pid);
  return g_strdup_printf ("uid %" G_GINT64_FORMAT ", pid %u (%s)", publisher->uid, publisher->pid,
                          publisher->unit);
}

static void
who_init (Who *self, const SsePublisher *publisher)
{
  g_snprintf (self->uid, sizeof self->uid, "%" G_GINT64_FORMAT, publisher->uid);
  g_snprintf (self->pid, sizeof self->pid, "%u", publisher->pid);
  self->words = sse_publisher_describe (publisher);
  self->publisher = publisher;
}

/* @error: (nullable): why it was refused; @id: (nullable): its id where it was accepted */
static void
tell (const SseUpdate *update, const char *id, const GError *error, const Who *who)
{
  const SsePublisher *publisher = who->publisher;
  const char *stream = sse_update_get_stream (update);
  const char *audience = sse_update_get_audience (update);
  g_autofree char *name = sse_error_clip (stream);
  g_autofree char *user = audience != NULL ? sse_error_clip (audience) : NULL;

  sse_journal (
      G_LOG_LEVEL_MESSAGE, error != NULL ? SSE_JOURNAL_UPDATE_REFUSED : SSE_JOURNAL_UPDATE_ACCEPTED,
      SSE_JOURNAL_FIELDS ({ "SSE_STREAM", name }, { "SSE_USER", audience }, { "SSE_EVENT_ID", id },
                          { "SSE_POSITION", id != NULL ? strrchr (id, '-') + 1 : NULL },
                          { "SSE_PUBLISHER_UID", publisher->uid >= 0 ? who->uid : NULL },
                          { "SSE_PUBLISHER_PID", publisher->pid > 0 ? who->pid : NULL },
                          { "SSE_PUBLISHER_UNIT", publisher->unit },
                          { "SSE_PUBLISHER_USER", publisher->user }),
      "%s: an update%s%s was %s %s, by %s", name, user != NULL ? " for " : "",
      user != NULL ? user : "", error != NULL ? "refused:" : "accepted as",
      error != NULL ? error->message : id, who->words);
}

/* Where none of several was taken. */
static void
tell_call (const SsePublication *self, const Who *who)
{
  const SsePublisher *publisher = who->publisher;

  sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_UPDATE_REFUSED,
               SSE_JOURNAL_FIELDS ({ "SSE_PUBLISHER_UID", publisher->uid >= 0 ? who->uid : NULL },
                                   { "SSE_PUBLISHER_PID", publisher->pid > 0 ? who->pid : NULL },
                                   { "SSE_PUBLISHER_UNIT", publisher->unit },
                                   { "SSE_PUBLISHER_USER", publisher->user }),
               "a call of %u updates was refused: %s, by %s", self->updates->len,
               self->error->message, who->words);
}

static void
tell_each (const SsePublication *self, const Who *who, gboolean accepted_too)
{
  guint n = 0;

  for (guint i = 0; i < self->outcomes->len; i++)
    {
      const SseOutcome *outcome = g_ptr_array_index (self->outcomes, i);

      if ((outcome->error != NULL || accepted_too) && n++ < MAX_TOLD)
        tell (g_ptr_array_index (self->updates, i), outcome->id, outcome->error, who);
    }
  if (n > MAX_TOLD)
    g_message ("and %u more updates of the same call, by %s", n - MAX_TOLD, who->words);
}

/* Whether nothing of it was refused. */
gboolean
sse_publication_is_accepted (const SsePublication *self)
{
  for (guint i = 0; self->outcomes != NULL && i < self->outcomes->len; i++)
    if (((SseOutcome *) g_ptr_array_index (self->outcomes, i))->error != NULL)
      return FALSE;
  return self->outcomes != NULL;
}

/**
 * sse_publication_tell:
 * @accepted_too: whether to tell also of what was accepted
 *
 * Says in the log what was refused, why, and who published it. Of a large call, of its first
 * updates.
 */
void
sse_publication_tell (const SsePublication *self,
                      const SsePublisher *publisher,
                      gboolean accepted_too)
{
  Who who;

  who_init (&who, publisher);
  if (self->outcomes != NULL)
    tell_each (self, &who, accepted_too);
  else if (self->updates->len == 1)
    tell (g_ptr_array_index (self->updates, 0), NULL, self->error, &who);
  else
    tell_call (self, &who);
  g_free (who.words);
}
