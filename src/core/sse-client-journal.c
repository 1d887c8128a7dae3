/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-client-journal.h"

#include "sse-error.h"
#include "sse-journal.h"

/* Clients of which it is told that they miss something, in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

static void
tell (const SseClientRecord *client,
      GLogLevelFlags level,
      const char *kind,
      const char *reason,
      const char *what)
{
  g_autofree char *user = NULL;
  g_autofree char *position = NULL;

  /* Of most clients nothing is to be told, and there are many of them. */
  if (g_log_writer_default_would_drop (level, G_LOG_DOMAIN))
    return;
  user = sse_error_clip (client->user);
  position = g_strdup_printf ("%" G_GUINT64_FORMAT, client->position);
  sse_journal (level, kind,
               SSE_JOURNAL_FIELDS ({ "SSE_STREAM", client->stream }, { "SSE_USER", client->user },
                                   { "SSE_LAST_EVENT_ID", client->last_event_id },
                                   { "SSE_POSITION", position }, { "SSE_CLOSE_REASON", reason }),
               "%s: a client of “%s” %s, at position %s", client->stream, user, what, position);
}

static GLogLevelFlags
choose_level (SseRation *ration, gboolean missing)
{
  return missing && sse_ration_take (ration, MAX_TOLD, TELL_SPAN) ? G_LOG_LEVEL_MESSAGE
                                                                  : G_LOG_LEVEL_DEBUG;
}

/**
 * sse_client_journal_came:
 * @afresh: whether it came back and can't be given what it missed
 *
 * To be called when a client has what it must get first.
 */
void
sse_client_journal_came (SseClientJournal *self, const SseClientRecord *client, gboolean afresh)
{
  tell (client, choose_level (&self->afresh, afresh),
        afresh ? SSE_JOURNAL_CLIENT_AFRESH : SSE_JOURNAL_CLIENT_CAME, NULL,
        afresh                          ? "starts afresh, as what it missed is not known"
        : client->last_event_id != NULL ? "came back"
                                        : "came");
}

/**
 * sse_client_journal_closed:
 *
 * To be called when a client is gone.
 */
void
sse_client_journal_closed (SseClientJournal *self,
                           const SseClientRecord *client,
                           SseCloseReason reason)
{
  static const char *const words[] = {
    [SSE_CLOSE_GONE] = "hung up",
    [SSE_CLOSE_EXPIRED] = "was closed, as its token has expired",
    [SSE_CLOSE_OVERFLOW] = "was closed, as it reads too slowly",
    [SSE_CLOSE_STOPPED] = "was closed, as the service stops",
    [SSE_CLOSE_REVOKED] = "was closed, as its token was revoked",
    [SSE_CLOSE_DISABLED] = "was closed, as a stream that it follows was disabled",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (words) == SSE_N_CLOSE_REASONS);
  tell (client, choose_level (&self->closed, reason == SSE_CLOSE_OVERFLOW),
        SSE_JOURNAL_CLIENT_CLOSED, sse_close_reason_get_name (reason), words[reason]);
}
