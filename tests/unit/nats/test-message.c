/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-message.h"

#include <string.h>

#define SUBJECT "rivulet.log.updates"
#define DUE     "rivulet.log.checkpoint"
#define ID      "00112233445566778899aabbccddeeff"
#define JSON    "{\"type\":\"a\"}"
#define GOOD    "quota 1 * 12\n" JSON "\n"
/* Before what the updates here say: servers' clocks may be behind. */
#define STORED G_GINT64_CONSTANT (0)

/* One as it may come from anybody. @id: (nullable) */
static SseNatsNote *
read_bytes (const char *id, const char *body, gsize length)
{
  natsMsg *message = NULL;
  SseNatsNote *note;

  g_assert_cmpint (natsMsg_Create (&message, SUBJECT, NULL, body, (int) length), ==, NATS_OK);
  if (id != NULL)
    natsMsgHeader_Set (message, "Nats-Msg-Id", id);
  note = sse_nats_message_read (message, SUBJECT, DUE, 7, STORED);
  natsMsg_Destroy (message);
  g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_UPDATES);
  g_assert_cmpuint (note->sequence, ==, 7);
  return note;
}

static SseNatsNote *
read_message (const char *id, const char *body)
{
  return read_bytes (id, body, strlen (body));
}

/* @time: when it was accepted */
static SseUpdate *
new_update (const char *stream, const char *audience, const char *json, gint64 time)
{
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  SseUpdate *update = sse_update_new (stream, audience, bytes);

  sse_update_set_accepted (update, time);
  return update;
}

static GPtrArray *
new_updates (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
}

static void
assert_update (const SseNatsNote *note, guint i, const SseUpdate *sent)
{
  const SseUpdate *update = note->updates->pdata[i];

  g_assert_nonnull (update);
  g_assert_cmpstr (sse_update_get_stream (update), ==, sse_update_get_stream (sent));
  g_assert_cmpstr (sse_update_get_audience (update), ==, sse_update_get_audience (sent));
  g_assert_true (g_bytes_equal (sse_update_get_json (update), sse_update_get_json (sent)));
  g_assert_cmpint (sse_update_get_accepted (update), ==, sse_update_get_accepted (sent));
  g_assert_cmpuint (sse_update_get_position (update), ==, 42000 + i);
}

static void
test_there_and_back (void)
{
  g_autoptr (GPtrArray) updates = new_updates ();
  natsMsg *message = NULL;
  SseNatsNote *note;

  g_ptr_array_add (updates, new_update ("posts-stats", NULL, JSON, 0));
  g_ptr_array_add (updates, new_update ("quota", "ann", "{\n\"type\": \"b\"}\n", 1790000000123456));
  g_ptr_array_add (updates, new_update ("quota", "é \r\n:%41 \"x\"", JSON, 1790000000123456));
  g_ptr_array_add (updates, new_update ("quota", "00", JSON, 1790000000123457));
  g_ptr_array_add (updates, new_update ("quota", "*", JSON, 1790000000123457));
  g_assert_cmpint (sse_nats_message_new (SUBJECT, ID, updates, "reply", &message), ==, NATS_OK);
  g_assert_cmpstr (natsMsg_GetSubject (message), ==, SUBJECT);
  g_assert_cmpstr (natsMsg_GetReply (message), ==, "reply");
  note = sse_nats_message_read (message, SUBJECT, DUE, 42, STORED);
  g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_UPDATES);
  g_assert_cmpstr (note->id, ==, ID);
  g_assert_cmpuint (note->sequence, ==, 42);
  g_assert_cmpuint (note->position, ==, 42004);
  g_assert_cmpuint (note->updates->len, ==, updates->len);
  for (guint i = 0; i < updates->len; i++)
    assert_update (note, i, updates->pdata[i]);
  sse_nats_note_free (note);
  natsMsg_Destroy (message);
}

/* A person sees what is in it. */
static void
test_text (void)
{
  g_autoptr (GPtrArray) updates = new_updates ();
  natsMsg *message = NULL;
  g_autofree char *text = NULL;

  g_ptr_array_add (updates, new_update ("quota", NULL, JSON, 5));
  g_ptr_array_add (updates, new_update ("posts", "a b", JSON, 6));
  g_assert_cmpint (sse_nats_message_new (SUBJECT, ID, updates, NULL, &message), ==, NATS_OK);
  text = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  g_assert_cmpstr (text, ==, "quota 5 * 12\n" JSON "\nposts 6 a%20b 12\n" JSON "\n");
  natsMsg_Destroy (message);
}

/* What a server held up has no updates, even for who published them: the newest of them tells. */
static void
test_late (void)
{
  const struct
  {
    gint64 stored;
    gboolean late;
  } cases[] = { { 0, FALSE }, { 1000, FALSE }, { 100001000, FALSE }, { 100001001, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) updates = new_updates ();
      char id[SSE_NATS_ID_BYTES];
      natsMsg *message = NULL;
      SseNatsNote *note;

      sse_nats_message_new_id (id);
      g_ptr_array_add (updates, new_update ("quota", NULL, JSON, 0));
      g_ptr_array_add (updates, new_update ("quota", NULL, JSON, 1000));
      g_assert_cmpint (sse_nats_message_new (SUBJECT, id, updates, NULL, &message), ==, NATS_OK);
      note = sse_nats_message_read (message, SUBJECT, DUE, 1, cases[i].stored);
      g_assert_true (note->late == cases[i].late);
      g_assert_true ((note->updates == NULL) == cases[i].late);
      g_assert_cmpuint (note->position, ==, cases[i].late ? 1000 : 1001);
      sse_nats_note_free (note);
      natsMsg_Destroy (message);
    }
}

/* A body that is not in order is none of a node's: nothing of it is taken. */
static void
test_no_updates (void)
{
  const char *bodies[] = {
    "",
    "\n",
    JSON,
    "quota 1 * 12\n" JSON,
    "quota 1 * 12\n" JSON "x",
    "quota 1 * 11\n" JSON "\n",
    "quota 1 * 13\n" JSON "\n",
    "quota 1 * 14\n" JSON "\n",
    "quota 1 * 2147483648\n" JSON "\n",
    "quota 1 * -1\n" JSON "\n",
    "quota 1 * \n" JSON "\n",
    "quota 1 *\n" JSON "\n",
    " 1 * 12\n" JSON "\n",
    "Quota 1 * 12\n" JSON "\n",
    "quo.ta 1 * 12\n" JSON "\n",
    "quota  * 12\n" JSON "\n",
    "quota -1 * 12\n" JSON "\n",
    "quota 1.5 * 12\n" JSON "\n",
    "quota 253402300800000000 * 12\n" JSON "\n", /* the year 10000 */
    "quota 9223372036854775808 * 12\n" JSON "\n",
    "quota 1  12\n" JSON "\n",
    "quota 1 %00 12\n" JSON "\n",
    "quota 1 %FF 12\n" JSON "\n",
    "quota 1 %4 12\n" JSON "\n",
    GOOD "x",
    GOOD "\n",
    GOOD "quota 1 * 12\n" JSON,
  };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      SseNatsNote *note = read_message (ID, bodies[i]);

      g_test_message ("“%s”", bodies[i]);
      g_assert_null (note->updates);
      g_assert_false (note->late);
      g_assert_cmpuint (note->position, ==, 7000);
      sse_nats_note_free (note);
    }
}

/* A zero in a line is no end of a word. */
static void
test_zeros (void)
{
  const char body[] = "quota 1\0 * 12\n" JSON "\n";
  SseNatsNote *note = read_bytes (ID, body, sizeof body - 1);

  g_assert_null (note->updates);
  sse_nats_note_free (note);
}

/* Of a body that is in order, each update is there or not for itself, at its own place. */
static void
test_some (void)
{
  SseNatsNote *note
      = read_message (ID, GOOD "quota 1 * 0\n\nquota 1 * 2\n[]\nquota 1 * 10\n{\"type\":1}\n" GOOD);

  g_assert_cmpuint (note->updates->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_true ((note->updates->pdata[i] != NULL) == (i % 4 == 0));
  g_assert_cmpuint (sse_update_get_position (note->updates->pdata[4]), ==, 7004);
  g_assert_cmpuint (note->position, ==, 7004);
  sse_nats_note_free (note);
}

/* Nodes write updates nowhere else. */
static void
test_elsewhere (void)
{
  const char *subjects[] = { "rivulet.log.updates", "rivulet.log.others", "rivulet.log.updates.a" };

  for (guint i = 0; i < G_N_ELEMENTS (subjects); i++)
    {
      natsMsg *message = NULL;
      SseNatsNote *note;

      g_assert_cmpint (natsMsg_Create (&message, subjects[i], NULL, GOOD, strlen (GOOD)), ==,
                       NATS_OK);
      note = sse_nats_message_read (message, SUBJECT, DUE, 7, STORED);
      g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_UPDATES);
      g_assert_true ((note->updates != NULL) == (i == 0));
      sse_nats_note_free (note);
      natsMsg_Destroy (message);
    }
}

/* Positions have room for so many. */
static void
test_most (void)
{
  for (guint n = SSE_NATS_MAX_UPDATES; n <= SSE_NATS_MAX_UPDATES + 1; n++)
    {
      g_autoptr (GString) body = g_string_new (NULL);
      SseNatsNote *note;

      for (guint i = 0; i < n; i++)
        g_string_append (body, GOOD);
      note = read_message (ID, body->str);
      g_assert_true ((note->updates == NULL) == (n > SSE_NATS_MAX_UPDATES));
      sse_nats_note_free (note);
    }
}

/* An id that is longer than those of nodes is none: cut, it would be another. */
static void
test_long_ids (void)
{
  SseNatsNote *note = read_message (ID "0", GOOD);

  g_assert_cmpstr (note->id, ==, "");
  sse_nats_note_free (note);
  note = read_message (NULL, GOOD);
  g_assert_cmpstr (note->id, ==, "");
  g_assert_nonnull (note->updates);
  sse_nats_note_free (note);
}

static void
test_dues (void)
{
  natsMsg *message = NULL;
  const char *expected = NULL;
  SseNatsNote *note;

  g_assert_cmpint (sse_nats_message_new_due (DUE, ID, 99, "reply", &message), ==, NATS_OK);
  g_assert_cmpint (natsMsgHeader_Get (message, "Nats-Expected-Last-Subject-Sequence", &expected),
                   ==, NATS_OK);
  g_assert_cmpstr (expected, ==, "99");
  note = sse_nats_message_read (message, SUBJECT, DUE, 100, STORED);
  g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_DUE);
  g_assert_cmpstr (note->id, ==, ID);
  g_assert_cmpuint (note->position, ==, 100000);
  g_assert_null (note->updates);
  sse_nats_note_free (note);
  natsMsg_Destroy (message);
}

/* What this process sent is not parsed once more; it is nobody else's who says so. */
static void
test_own (void)
{
  const char *body = "quota 1 * 2\n[]\n";
  char id[SSE_NATS_ID_BYTES];
  SseNatsNote *note;

  sse_nats_message_new_id (id);
  note = read_message (id, body);
  g_assert_nonnull (note->updates->pdata[0]);
  sse_nats_note_free (note);
  note = read_message (ID, body);
  g_assert_null (note->updates->pdata[0]);
  sse_nats_note_free (note);
}

static void
test_ids_differ (void)
{
  char first[SSE_NATS_ID_BYTES], second[SSE_NATS_ID_BYTES];

  sse_nats_message_new_id (first);
  sse_nats_message_new_id (second);
  g_assert_cmpuint (strlen (first), ==, SSE_NATS_ID_BYTES - 1);
  g_assert_cmpuint (strspn (first, "0123456789abcdef"), ==, SSE_NATS_ID_BYTES - 1);
  g_assert_cmpstr (first, !=, second);
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);
  /* Messages are made without a connection, which would do this. */
  g_assert_cmpint (nats_Open (-1), ==, NATS_OK);
  g_test_add_func ("/nats/message/there-and-back", test_there_and_back);
  g_test_add_func ("/nats/message/text", test_text);
  g_test_add_func ("/nats/message/late", test_late);
  g_test_add_func ("/nats/message/no-updates", test_no_updates);
  g_test_add_func ("/nats/message/zeros", test_zeros);
  g_test_add_func ("/nats/message/some", test_some);
  g_test_add_func ("/nats/message/most", test_most);
  g_test_add_func ("/nats/message/elsewhere", test_elsewhere);
  g_test_add_func ("/nats/message/long-ids", test_long_ids);
  g_test_add_func ("/nats/message/dues", test_dues);
  g_test_add_func ("/nats/message/own", test_own);
  g_test_add_func ("/nats/message/ids-differ", test_ids_differ);
  code = g_test_run ();
  nats_Close ();
  return code;
}
