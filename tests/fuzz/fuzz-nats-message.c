/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message of the stream: the end of its subject, lines `name: value`, an empty one, and the body.
 * The node that sent it and all others have to take it for the same, and what they take for updates
 * is the same once more where a node sends that. */

#include "sse-nats-message.h"

#include <string.h>

#include "fuzz.h"

#define LOG       "rivulet"
#define SUBJECT   "rivulet.log.updates"
#define DUE       "rivulet.log.checkpoint"
#define ID_HEADER "Nats-Msg-Id"
#define OTHERS_ID "00112233445566778899aabbccddeeff"
#define SEQUENCE  42
/* When the servers took it, in µs: what was accepted at 0 came too late. */
#define STORED G_GINT64_CONSTANT (100000001)

/* What the server would not have taken has no field. */
static void
add_header (natsMsg *message, FuzzText line)
{
  g_autofree char *text = fuzz_text_dup (line);
  g_auto (GStrv) parts = g_strsplit (text, ": ", 2);

  if (g_strv_length (parts) == 2 && *parts[0] != '\0')
    g_assert_cmpint (natsMsgHeader_Add (message, parts[0], parts[1]), ==, NATS_OK);
}

/* @id: (nullable): what it is known by, whatever it says of that itself */
static natsMsg *
make_message (FuzzText input, const char *id)
{
  g_autofree char *end = fuzz_text_dup (fuzz_text_take_line (&input));
  g_autofree char *subject = g_strconcat (LOG ".log.", end, NULL);
  FuzzText body = input;
  natsMsg *message = NULL;
  FuzzText line;

  while (fuzz_text_take_line (&body).length > 0)
    continue;
  g_assert_cmpint (natsMsg_Create (&message, subject, NULL, body.bytes, (int) body.length), ==,
                   NATS_OK);
  if (id != NULL)
    g_assert_cmpint (natsMsgHeader_Set (message, ID_HEADER, id), ==, NATS_OK);
  while ((line = fuzz_text_take_line (&input)).length > 0)
    add_header (message, line);
  return message;
}

/* What a node makes of it, which is not done with before all are parsed. */
static SseNatsNote *
read_message (natsMsg *message)
{
  SseNatsNote *note = sse_nats_message_read (message, SUBJECT, DUE, SEQUENCE, STORED);

  g_assert_cmpuint (note->sequence, ==, SEQUENCE);
  g_assert_cmpint (note->type, ==,
                   g_str_equal (natsMsg_GetSubject (message), DUE) ? SSE_NATS_NOTE_DUE
                                                                   : SSE_NATS_NOTE_UPDATES);
  for (guint i = 0; note->updates != NULL && i < note->updates->len; i++)
    if (note->updates->pdata[i] != NULL && !sse_update_parse (note->updates->pdata[i], NULL))
      g_clear_pointer ((SseUpdate **) &note->updates->pdata[i], sse_update_unref);
  return note;
}

static void
assert_id (const SseNatsNote *note, natsMsg *message)
{
  const char *id = NULL;

  if (natsMsgHeader_Get (message, ID_HEADER, &id) == NATS_OK && strlen (id) < SSE_NATS_ID_BYTES)
    g_assert_cmpstr (note->id, ==, id);
  else
    g_assert_cmpstr (note->id, ==, "");
}

static void
assert_same (const SseUpdate *update, const SseUpdate *other)
{
  g_assert_cmpint (update == NULL, ==, other == NULL);
  if (update == NULL)
    return;
  g_assert_cmpstr (sse_update_get_stream (update), ==, sse_update_get_stream (other));
  g_assert_cmpstr (sse_update_get_audience (update), ==, sse_update_get_audience (other));
  g_assert_true (g_bytes_equal (sse_update_get_json (update), sse_update_get_json (other)));
  g_assert_cmpint (sse_update_get_accepted (update), ==, sse_update_get_accepted (other));
}

static void
assert_all_same (const SseNatsNote *note, const SseNatsNote *other)
{
  g_assert_cmpuint (note->position, ==, other->position);
  g_assert_cmpint (note->updates == NULL, ==, other->updates == NULL);
  if (note->updates == NULL)
    return;
  g_assert_cmpuint (note->updates->len, ==, other->updates->len);
  for (guint i = 0; i < note->updates->len; i++)
    assert_same (note->updates->pdata[i], other->updates->pdata[i]);
}

/* As the hub relies on it. */
static void
check_update (const SseUpdate *update, guint64 position)
{
  const char *audience = sse_update_get_audience (update);
  g_autoptr (GDateTime) accepted
      = g_date_time_new_from_unix_utc (sse_update_get_accepted (update) / G_USEC_PER_SEC);

  g_assert_true (g_str_is_ascii (sse_update_get_stream (update)));
  g_assert_null (strpbrk (sse_update_get_stream (update), ". \n"));
  g_assert_true (audience == NULL || (*audience != '\0' && g_utf8_validate (audience, -1, NULL)));
  g_assert_cmpint (sse_update_get_accepted (update), >=, 0);
  g_assert_nonnull (accepted);
  g_assert_cmpuint (sse_update_get_position (update), ==, position);
  g_assert_nonnull (sse_update_get_object (update));
}

/* Returns: (transfer full): those that are there; each is as it should be */
static GPtrArray *
check_updates (const SseNatsNote *note)
{
  GPtrArray *there = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  g_assert_cmpuint (note->updates->len, >, 0);
  g_assert_cmpuint (note->position, ==, SEQUENCE * 1000 + note->updates->len - 1);
  for (guint i = 0; i < note->updates->len; i++)
    {
      SseUpdate *update = note->updates->pdata[i];

      if (update == NULL)
        continue;
      check_update (update, SEQUENCE * 1000 + i);
      g_ptr_array_add (there, sse_update_ref (update));
    }
  return there;
}

static void
check_sent (GPtrArray *updates)
{
  char id[SSE_NATS_ID_BYTES];
  natsMsg *message = NULL;
  SseNatsNote *note;

  sse_nats_message_new_id (id);
  g_assert_cmpint (sse_nats_message_new (SUBJECT, id, updates, "reply", &message), ==, NATS_OK);
  note = read_message (message);
  g_assert_cmpstr (note->id, ==, id);
  if (note->late)
    g_assert_null (note->updates);
  else
    for (guint i = 0; i < updates->len; i++)
      assert_same (note->updates->pdata[i], updates->pdata[i]);
  sse_nats_note_free (note);
  natsMsg_Destroy (message);
}

static void
check_message (FuzzText input)
{
  natsMsg *message = make_message (input, NULL);
  SseNatsNote *note = read_message (message);

  assert_id (note, message);
  if (note->updates != NULL)
    {
      g_autoptr (GPtrArray) there = check_updates (note);

      if (there->len > 0)
        check_sent (there);
    }
  sse_nats_note_free (note);
  natsMsg_Destroy (message);
}

/* Who sent it knows it by an id of its own, and does not parse it at once. Both have as many
 * headers: where there are more, libnats 3.4 may take one for another whose name begins so. */
static void
check_own (FuzzText input)
{
  char id[SSE_NATS_ID_BYTES];
  natsMsg *messages[2];
  SseNatsNote *notes[2];

  sse_nats_message_new_id (id);
  for (guint i = 0; i < 2; i++)
    {
      messages[i] = make_message (input, i == 0 ? id : OTHERS_ID);
      notes[i] = read_message (messages[i]);
    }
  g_assert_cmpstr (notes[0]->id, ==, id);
  assert_all_same (notes[0], notes[1]);
  for (guint i = 0; i < 2; i++)
    {
      sse_nats_note_free (notes[i]);
      natsMsg_Destroy (messages[i]);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static gboolean is_open;
  FuzzText input = fuzz_text_new (data, size);

  /* Messages are made without a connection, which would do this. */
  if (!is_open)
    is_open = nats_Open (-1) == NATS_OK;
  check_message (input);
  check_own (input);
  return 0;
}
