/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-message.h"

#include <string.h>

#define LOG "rivulet"
#define DUE "rivulet.log.checkpoint"
#define ID  "00112233445566778899aabbccddeeff"
/* Before what the updates here say: servers' clocks may be behind. */
#define STORED G_GINT64_CONSTANT (0)

/* One as it may come from anybody. @accepted, @audience, @id: (nullable) */
static SseNatsNote *
read_message (const char *subject,
              const char *id,
              const char *accepted,
              const char *audience,
              const char *json)
{
  natsMsg *message = NULL;
  SseNatsNote *note;

  g_assert_cmpint (natsMsg_Create (&message, subject, NULL, json, (int) strlen (json)), ==,
                   NATS_OK);
  if (id != NULL)
    natsMsgHeader_Set (message, "Nats-Msg-Id", id);
  if (accepted != NULL)
    natsMsgHeader_Set (message, "Rivulet-Accepted", accepted);
  if (audience != NULL)
    natsMsgHeader_Set (message, "Rivulet-Audience", audience);
  note = sse_nats_message_read (message, DUE, 7, STORED);
  natsMsg_Destroy (message);
  g_assert_cmpuint (note->position, ==, 7);
  return note;
}

static void
test_there_and_back (void)
{
  const char *audiences[] = { NULL, "ann", "é \r\n:%41 \"x\"", "00" };

  for (guint i = 0; i < G_N_ELEMENTS (audiences); i++)
    {
      g_autoptr (GBytes) json = g_bytes_new_static ("{\"type\":\"quota\"}", 16);
      SseUpdate *update = sse_update_new ("posts-stats", audiences[i], json);
      natsMsg *message = NULL;
      SseNatsNote *note;

      g_assert_true (sse_update_parse (update, NULL));
      sse_update_set_accepted (update, 1790000000123456);
      g_assert_cmpint (sse_nats_message_new (LOG, ID, update, "reply", &message), ==, NATS_OK);
      g_assert_cmpstr (natsMsg_GetSubject (message), ==, "rivulet.log.update.posts-stats");
      note = sse_nats_message_read (message, DUE, 42, STORED);
      g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_UPDATE);
      g_assert_cmpstr (note->id, ==, ID);
      g_assert_nonnull (note->update);
      g_assert_cmpstr (sse_update_get_stream (note->update), ==, "posts-stats");
      g_assert_cmpstr (sse_update_get_audience (note->update), ==, audiences[i]);
      g_assert_true (g_bytes_equal (sse_update_get_json (note->update), json));
      g_assert_cmpint (sse_update_get_accepted (note->update), ==, 1790000000123456);
      g_assert_cmpuint (sse_update_get_position (note->update), ==, 42);
      sse_nats_note_free (note);
      natsMsg_Destroy (message);
      sse_update_unref (update);
    }
}

/* What a server held up is no update, even to who published it. */
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
      g_autoptr (GBytes) json = g_bytes_new_static ("{\"type\":\"quota\"}", 16);
      g_autoptr (SseUpdate) update = sse_update_new ("quota", NULL, json);
      char id[SSE_NATS_ID_BYTES];
      natsMsg *message = NULL;
      SseNatsNote *note;

      sse_nats_message_new_id (id);
      sse_update_set_accepted (update, 1000);
      g_assert_cmpint (sse_nats_message_new (LOG, id, update, NULL, &message), ==, NATS_OK);
      note = sse_nats_message_read (message, DUE, 1, cases[i].stored);
      g_assert_true (note->late == cases[i].late);
      g_assert_true ((note->update == NULL) == cases[i].late);
      sse_nats_note_free (note);
      natsMsg_Destroy (message);
    }
}

static void
test_no_updates (void)
{
  const struct
  {
    const char *accepted;
    const char *audience;
    const char *json;
  } cases[] = {
    { NULL, NULL, "{\"type\":\"a\"}" },
    { "", NULL, "{\"type\":\"a\"}" },
    { "-1", NULL, "{\"type\":\"a\"}" },
    { "1.5", NULL, "{\"type\":\"a\"}" },
    { "253402300800000000", NULL, "{\"type\":\"a\"}" }, /* the year 10000 */
    { "9223372036854775808", NULL, "{\"type\":\"a\"}" },
    { "1", "", "{\"type\":\"a\"}" },
    { "1", "%00", "{\"type\":\"a\"}" },
    { "1", "%FF", "{\"type\":\"a\"}" },
    { "1", "%4", "{\"type\":\"a\"}" },
    { "1", NULL, "" },
    { "1", NULL, "{\"type\":1}" },
    { "1", NULL, "[]" },
    { "1", NULL, "{\"type\":\"a\"}{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SseNatsNote *note = read_message ("rivulet.log.update.quota", ID, cases[i].accepted,
                                        cases[i].audience, cases[i].json);

      g_test_message ("case %u", i);
      g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_UPDATE);
      g_assert_null (note->update);
      sse_nats_note_free (note);
    }
}

/* An id that is longer than those of nodes is none: cut, it would be another. */
static void
test_long_ids (void)
{
  SseNatsNote *note = read_message ("rivulet.log.update.quota", ID "0", "1", NULL, "{}");

  g_assert_cmpstr (note->id, ==, "");
  sse_nats_note_free (note);
  note = read_message ("rivulet.log.update.quota", NULL, "1", NULL, "{\"type\":\"a\"}");
  g_assert_cmpstr (note->id, ==, "");
  g_assert_nonnull (note->update);
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
  note = sse_nats_message_read (message, DUE, 100, STORED);
  g_assert_cmpint (note->type, ==, SSE_NATS_NOTE_DUE);
  g_assert_cmpstr (note->id, ==, ID);
  g_assert_null (note->update);
  sse_nats_note_free (note);
  natsMsg_Destroy (message);
}

/* What this process sent is not parsed once more; it is nobody else's who says so. */
static void
test_own (void)
{
  char id[SSE_NATS_ID_BYTES];
  SseNatsNote *note;

  sse_nats_message_new_id (id);
  note = read_message ("rivulet.log.update.quota", id, "1", NULL, "[]");
  g_assert_nonnull (note->update);
  sse_nats_note_free (note);
  note = read_message ("rivulet.log.update.quota", ID, "1", NULL, "[]");
  g_assert_null (note->update);
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
  g_test_add_func ("/nats/message/late", test_late);
  g_test_add_func ("/nats/message/no-updates", test_no_updates);
  g_test_add_func ("/nats/message/long-ids", test_long_ids);
  g_test_add_func ("/nats/message/dues", test_dues);
  g_test_add_func ("/nats/message/own", test_own);
  g_test_add_func ("/nats/message/ids-differ", test_ids_differ);
  code = g_test_run ();
  nats_Close ();
  return code;
}
