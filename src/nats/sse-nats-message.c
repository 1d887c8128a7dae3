/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Updates as a message: of each a line `STREAM ACCEPTED AUDIENCE BYTES`, its JSON as it came, and
 * the end of a line, so that `nats sub` shows all of it to a person. ACCEPTED is when, in µs since
 * 1970 UTC; AUDIENCE the user it is for, escaped as in a URI, or `*` for everyone. */

#include "config.h"

#include "sse-nats-message.h"

#include <string.h>

#define ID       "Nats-Msg-Id"
#define EVERYONE "*"

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

/* ---- there ---- */

static void
append_update (GByteArray *body, const SseUpdate *update)
{
  const char *audience = sse_update_get_audience (update);
  g_autofree char *escaped = audience != NULL ? g_uri_escape_string (audience, NULL, FALSE) : NULL;
  gsize length;
  const void *json = g_bytes_get_data (sse_update_get_json (update), &length);
  g_autofree char *line = g_strdup_printf (
      "%s %" G_GINT64_FORMAT " %s %" G_GSIZE_FORMAT "\n", sse_update_get_stream (update),
      sse_update_get_accepted (update), escaped != NULL ? escaped : EVERYONE, length);

  g_byte_array_append (body, (const guint8 *) line, (guint) strlen (line));
  g_byte_array_append (body, json, (guint) length);
  g_byte_array_append (body, (const guint8 *) "\n", 1);
}

static natsStatus
set_id (natsMsg *message, const char *id)
{
  return natsMsgHeader_Set (message, ID, id);
}

/**
 * sse_nats_message_new:
 * @subject: of updates
 * @id: what it is known by
 * @updates: (element-type SseUpdate): parsed and stamped with their time, %SSE_NATS_MAX_UPDATES at
 *   most
 * @reply: (nullable): where the servers answer
 * @message: (out) (transfer full): to be given to natsMsg_Destroy()
 */
natsStatus
sse_nats_message_new (
    const char *subject, const char *id, GPtrArray *updates, const char *reply, natsMsg **message)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  natsStatus status;

  for (guint i = 0; i < updates->len; i++)
    append_update (body, updates->pdata[i]);
  status = natsMsg_Create (message, subject, reply, (const char *) body->data, (int) body->len);
  if (status != NATS_OK)
    return status;
  status = set_id (*message, id);
  if (status != NATS_OK)
    g_clear_pointer (message, natsMsg_Destroy);
  return status;
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
    status = set_id (*message, id);
  if (status == NATS_OK)
    status = natsMsgHeader_Set (*message, "Nats-Expected-Last-Subject-Sequence", expected);
  return status;
}

/* ---- and back ---- */

/* What is left of a body. */
typedef struct
{
  const char *at;
  const char *end;
} Rest;

/* Takes what comes before @mark, and that. */
static gboolean
take_word (Rest *rest, char mark, char **word)
{
  const char *end = memchr (rest->at, mark, (gsize) (rest->end - rest->at));

  if (end == NULL || memchr (rest->at, '\0', (gsize) (end - rest->at)) != NULL)
    return FALSE;
  *word = g_strndup (rest->at, (gsize) (end - rest->at));
  rest->at = end + 1;
  return TRUE;
}

static gboolean
take_json (Rest *rest, gsize length, GBytes **json)
{
  if (length >= (gsize) (rest->end - rest->at) || rest->at[length] != '\n')
    return FALSE;
  *json = g_bytes_new (rest->at, length);
  rest->at += length + 1;
  return TRUE;
}

/* As plugins may name them. */
static gboolean
is_stream (const char *word)
{
  return *word != '\0' && word[strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* @audience: (out) (nullable) */
static gboolean
read_audience (const char *word, char **audience)
{
  if (g_str_equal (word, EVERYONE))
    return TRUE;
  *audience = g_uri_unescape_string (word, NULL);
  return *audience != NULL && **audience != '\0' && g_utf8_validate (*audience, -1, NULL);
}

/* Returns: (nullable): one that is not parsed; %NULL where there is none */
static SseUpdate *
take_update (Rest *rest)
{
  g_autofree char *stream = NULL, *accepted = NULL, *escaped = NULL, *length = NULL;
  g_autofree char *audience = NULL;
  g_autoptr (GBytes) json = NULL;
  gint64 time;
  guint64 n_bytes;
  SseUpdate *update;

  if (!take_word (rest, ' ', &stream) || !take_word (rest, ' ', &accepted)
      || !take_word (rest, ' ', &escaped) || !take_word (rest, '\n', &length) || !is_stream (stream)
      || !read_audience (escaped, &audience)
      || !g_ascii_string_to_signed (accepted, 10, 0, ACCEPTED_END - 1, &time, NULL)
      || !g_ascii_string_to_unsigned (length, 10, 0, G_MAXINT, &n_bytes, NULL)
      || !take_json (rest, n_bytes, &json))
    return NULL;
  update = sse_update_new (stream, audience, json);
  sse_update_set_accepted (update, time);
  return update;
}

static void
free_update (gpointer update)
{
  if (update != NULL)
    sse_update_unref (update);
}

/* Returns: (transfer full) (nullable): all that the message has; %NULL where that is not in order
 */
static GPtrArray *
take_updates (natsMsg *message)
{
  const char *body = natsMsg_GetData (message);
  Rest rest = { body, body + natsMsg_GetDataLength (message) };
  g_autoptr (GPtrArray) updates = g_ptr_array_new_with_free_func (free_update);

  while (rest.at < rest.end)
    {
      SseUpdate *update = updates->len < SSE_NATS_MAX_UPDATES ? take_update (&rest) : NULL;

      if (update == NULL)
        return NULL;
      g_ptr_array_add (updates, update);
    }
  return updates->len > 0 ? g_steal_pointer (&updates) : NULL;
}

static gboolean
is_late (GPtrArray *updates, gint64 stored)
{
  const SseUpdate *newest = updates->pdata[updates->len - 1];

  return stored - sse_update_get_accepted (newest) > MAX_UNDER_WAY;
}

/* Gives them their positions. One that can't be parsed makes room for %NULL. */
static void
place_updates (SseNatsNote *note, gboolean own)
{
  for (guint i = 0; i < note->updates->len; i++)
    {
      SseUpdate *update = note->updates->pdata[i];

      note->position = sse_nats_position (note->sequence, i);
      sse_update_set_position (update, note->position);
      if (own || sse_update_parse (update, NULL))
        continue;
      sse_update_unref (update);
      note->updates->pdata[i] = NULL;
    }
}

/* A longer one is not of a node. It is not cut: it would be taken for another. */
static void
read_id (natsMsg *message, SseNatsNote *note)
{
  const char *id = NULL;

  if (natsMsgHeader_Get (message, ID, &id) == NATS_OK && strlen (id) < sizeof note->id)
    g_strlcpy (note->id, id, sizeof note->id);
}

/**
 * sse_nats_message_read:
 * @message: one of the stream of updates
 * @update_subject: of updates
 * @due_subject: of what asks for a checkpoint
 * @sequence: its sequence number
 * @stored: when the servers took it, in µs since 1970 UTC
 *
 * Returns: (transfer full): a note of it. What has no updates, as none but nodes publish there, has
 *   none: it is passed over by every node in the same way. Those of this process are not parsed:
 *   who waits for them has them
 */
SseNatsNote *
sse_nats_message_read (natsMsg *message,
                       const char *update_subject,
                       const char *due_subject,
                       guint64 sequence,
                       gint64 stored)
{
  const char *subject = natsMsg_GetSubject (message);
  gboolean due = g_str_equal (subject, due_subject);
  SseNatsNote *note = sse_nats_note_new (due ? SSE_NATS_NOTE_DUE : SSE_NATS_NOTE_UPDATES);

  note->sequence = sequence;
  note->position = sse_nats_position (sequence, 0);
  read_id (message, note);
  if (g_str_equal (subject, update_subject))
    note->updates = take_updates (message);
  if (note->updates == NULL)
    return note;
  note->late = is_late (note->updates, stored);
  if (note->late)
    g_clear_pointer (&note->updates, g_ptr_array_unref);
  else
    place_updates (note, g_str_has_prefix (note->id, get_own_half ()));
  return note;
}
