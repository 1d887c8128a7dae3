/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* An update as a message: its JSON as it came, its stream at the end of the subject, and the rest
 * in headers, so that `nats sub` shows all of it to a person. */

#include "config.h"

#include "sse-nats-message.h"

#include <string.h>

#define ACCEPTED "Rivulet-Accepted" /* when, in µs since 1970 UTC */
#define AUDIENCE "Rivulet-Audience" /* the user it is for, escaped as in a URI */

/* What came to the servers so long after it was published, in µs, is no update: whoever published
 * it has long been told that it was not taken, or it was taken when it was sent again. The servers
 * have forgotten that after DUPLICATES_NS; clocks may differ by the rest. */
#define MAX_UNDER_WAY (100 * G_USEC_PER_SEC)

/* Before the year 10000: what is later has no form as text. */
#define ACCEPTED_END (G_GINT64_CONSTANT (253402300800) * G_USEC_PER_SEC)

/* What this process's ids begin with: half of each. */
static const char *
get_own_half (void)
{
  static gsize once;
  static char half[17];

  if (g_once_init_enter (&once))
    {
      g_snprintf (half, sizeof half, "%08x%08x", g_random_int (), g_random_int ());
      g_once_init_leave (&once, 1);
    }
  return half;
}

/* Draws an id at random: what the servers and this node know a message by. */
void
sse_nats_message_new_id (char id[SSE_NATS_ID_BYTES])
{
  g_snprintf (id, SSE_NATS_ID_BYTES, "%s%08x%08x", get_own_half (), g_random_int (),
              g_random_int ());
}

static natsStatus
set_headers (natsMsg *message, const char *id, const SseUpdate *update)
{
  const char *audience = sse_update_get_audience (update);
  g_autofree char *accepted
      = g_strdup_printf ("%" G_GINT64_FORMAT, sse_update_get_accepted (update));
  natsStatus status = natsMsgHeader_Set (message, "Nats-Msg-Id", id);

  if (status == NATS_OK)
    status = natsMsgHeader_Set (message, ACCEPTED, accepted);
  if (status == NATS_OK && audience != NULL)
    {
      g_autofree char *escaped = g_uri_escape_string (audience, NULL, FALSE);

      status = natsMsgHeader_Set (message, AUDIENCE, escaped);
    }
  return status;
}

/**
 * sse_nats_message_new:
 * @log: the log's name
 * @id: what it is known by
 * @update: parsed and stamped with its time
 * @reply: where the servers answer
 * @message: (out) (transfer full): to be given to natsMsg_Destroy()
 */
natsStatus
sse_nats_message_new (
    const char *log, const char *id, const SseUpdate *update, const char *reply, natsMsg **message)
{
  g_autofree char *subject
      = g_strdup_printf ("%s.log.update.%s", log, sse_update_get_stream (update));
  gsize length;
  const char *json = g_bytes_get_data (sse_update_get_json (update), &length);
  natsStatus status = natsMsg_Create (message, subject, reply, json, (int) length);

  if (status != NATS_OK)
    return status;
  status = set_headers (*message, id, update);
  if (status != NATS_OK)
    g_clear_pointer (message, natsMsg_Destroy);
  return status;
}

/* NULL where there is none. */
static const char *
get_header (natsMsg *message, const char *name)
{
  const char *value = NULL;

  return natsMsgHeader_Get (message, name, &value) == NATS_OK ? value : NULL;
}

/* Whether what stands in its headers is there and can be read. */
static gboolean
read_headers (natsMsg *message, SseNatsNote *note, gint64 *accepted, char **audience)
{
  const char *id = get_header (message, "Nats-Msg-Id");
  const char *time = get_header (message, ACCEPTED);
  const char *escaped = get_header (message, AUDIENCE);

  /* A longer one is not of a node. It is not cut: it would be taken for another. */
  if (id != NULL && strlen (id) < sizeof note->id)
    g_strlcpy (note->id, id, sizeof note->id);
  if (time == NULL || !g_ascii_string_to_signed (time, 10, 0, ACCEPTED_END - 1, accepted, NULL))
    return FALSE;
  if (escaped == NULL)
    return TRUE;
  *audience = g_uri_unescape_string (escaped, NULL);
  return *audience != NULL && **audience != '\0' && g_utf8_validate (*audience, -1, NULL);
}

/**
 * sse_nats_message_new_due:
 * @subject: of what asks for a checkpoint
 * @id: what it is known by
 * @last: the position of the one before, 0 for none: it is refused where there is another since
 * @reply: where the servers answer
 * @message: (out) (transfer full): to be given to natsMsg_Destroy()
 */
natsStatus
sse_nats_message_new_due (
    const char *subject, const char *id, guint64 last, const char *reply, natsMsg **message)
{
  g_autofree char *expected = g_strdup_printf ("%" G_GUINT64_FORMAT, last);
  natsStatus status = natsMsg_Create (message, subject, reply, NULL, 0);

  if (status == NATS_OK)
    status = natsMsgHeader_Set (*message, "Nats-Msg-Id", id);
  if (status == NATS_OK)
    status = natsMsgHeader_Set (*message, "Nats-Expected-Last-Subject-Sequence", expected);
  return status;
}

/**
 * sse_nats_message_read:
 * @message: one of the stream of updates
 * @due_subject: of what asks for a checkpoint
 * @position: its sequence number
 * @stored: when the servers took it, in µs since 1970 UTC
 *
 * Returns: (transfer full): a note of it. What is no update, as none but nodes publish there, has
 *   none: it is passed over by every node in the same way. One of this process is not parsed: who
 *   waits for it has it
 */
SseNatsNote *
sse_nats_message_read (natsMsg *message, const char *due_subject, guint64 position, gint64 stored)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UPDATE);
  const char *stream = strrchr (natsMsg_GetSubject (message), '.') + 1;
  g_autofree char *audience = NULL;
  g_autoptr (GBytes) json = NULL;
  gint64 accepted = 0;

  note->position = position;
  if (g_str_equal (natsMsg_GetSubject (message), due_subject))
    note->type = SSE_NATS_NOTE_DUE;
  if (!read_headers (message, note, &accepted, &audience) || note->type == SSE_NATS_NOTE_DUE)
    return note;
  note->late = stored - accepted > MAX_UNDER_WAY;
  if (note->late)
    return note;
  json = g_bytes_new (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  note->update = sse_update_new (stream, audience, json);
  if (!g_str_has_prefix (note->id, get_own_half ()) && !sse_update_parse (note->update, NULL))
    {
      g_clear_pointer (&note->update, sse_update_unref);
      return note;
    }
  sse_update_set_accepted (note->update, accepted);
  sse_update_set_position (note->update, position);
  return note;
}
