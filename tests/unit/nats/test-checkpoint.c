/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-checkpoint.h"

#include <string.h>

#define ID "00112233445566778899aabbccddeeff"

/* @large: bytes of the second state */
static SseNatsCheckpoint *
make (gsize large, GBytes **states)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (SseLogPart));
  g_autofree char *text = g_strnfill (large, 'x');
  SseLogPart quota = { g_strdup ("quota"), g_variant_ref_sink (g_variant_new ("(tt)", 1, 2)) };
  SseLogPart events = { g_strdup ("events"), g_variant_ref_sink (g_variant_new_string (text)) };

  g_array_set_clear_func (parts, sse_log_part_clear);
  g_array_append_val (parts, quota);
  g_array_append_val (parts, events);
  return sse_nats_checkpoint_new (ID, 1234, parts, states);
}

static void
assert_differing (const SseNatsCheckpoint *ours,
                  const SseNatsCheckpoint *theirs,
                  const char *expected)
{
  g_autoptr (GPtrArray) streams = sse_nats_checkpoint_differ (ours, theirs);
  g_autofree char *joined = NULL;

  g_ptr_array_add (streams, NULL);
  joined = g_strjoinv (",", (char **) streams->pdata);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_there_and_back (void)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SseNatsCheckpoint) written = make (1000000, &bytes);
  g_autofree char *text = sse_nats_checkpoint_format (written);
  g_autoptr (SseNatsCheckpoint) read = sse_nats_checkpoint_parse (text);
  g_autoptr (GVariant) states = NULL;
  g_autoptr (GVariant) boxed = NULL;
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (read);
  g_assert_cmpstr (read->id, ==, ID);
  g_assert_cmpuint (read->sequence, ==, 1234);
  g_assert_cmpuint (read->n_bytes, ==, g_bytes_get_size (bytes));
  g_assert_cmpuint (read->n_chunks, ==, 2);
  g_assert_cmpuint (read->parts->len, ==, 2);
  assert_differing (written, read, "");
  states = sse_nats_checkpoint_read (read, bytes, &error);
  g_assert_no_error (error);
  boxed = g_variant_get_child_value (states, 0);
  first = g_variant_get_variant (boxed);
  g_assert_cmpstr (g_variant_get_type_string (first), ==, "(tt)");
}

static void
test_damaged_texts (void)
{
  const char *sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const char *forms[] = {
    "",
    "\n",
    "id 1 1 5\n",
    "id x 1 5 %s\n",
    "id 1 1 -5 %s\n",
    "id 1 2 5 %s\n",             /* chunks that its bytes don't need */
    "id 1 0 5 %s\n",             /* or need */
    "id 1 8192 4294967296 %s\n", /* more than memory is for */
    "id 1 35184372088832 18446744073709551615 %s\n",
    "id 1 1 5 %s and\n",
    "id 1 1 5 %s\nquota\n",
    "id 1 1 5 %s\nquota sum more\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_auto (GStrv) halves = g_strsplit (forms[i], "%s", 2);
      g_autofree char *text = g_strjoinv (sum, halves);

      g_test_message ("“%s”", text);
      g_assert_null (sse_nats_checkpoint_parse (text));
    }
}

static void
test_damaged_bytes (void)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SseNatsCheckpoint) checkpoint = make (100, &bytes);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  for (gsize i = 0; i < length; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, length);
      g_autoptr (GBytes) changed = NULL;
      g_autoptr (GBytes) cut = g_bytes_new (data, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) other = NULL;

      copy[i] ^= 0x20;
      changed = g_bytes_new (copy, length);
      g_assert_null (sse_nats_checkpoint_read (checkpoint, changed, &error));
      g_assert_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT);
      g_assert_null (sse_nats_checkpoint_read (checkpoint, cut, &other));
      g_assert_error (other, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT);
    }
}

/* The sum is right, but what is summed up is not what it says. */
static void
test_other_parts (void)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SseNatsCheckpoint) checkpoint = make (10, &bytes);
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (checkpoint->parts, 1);
  g_assert_null (sse_nats_checkpoint_read (checkpoint, bytes, &error));
  g_assert_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT);
}

static void
test_differing (void)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) other_bytes = NULL;
  g_autoptr (SseNatsCheckpoint) ours = make (10, &bytes);
  g_autoptr (SseNatsCheckpoint) theirs = make (11, &other_bytes);

  assert_differing (ours, theirs, "events");
  g_assert_null (sse_nats_checkpoint_find_missing (ours, theirs));
  /* One that lacks a plugin has no other state. */
  g_ptr_array_remove_index (theirs->parts, 0);
  assert_differing (ours, theirs, "events");
  g_assert_cmpstr (sse_nats_checkpoint_find_missing (ours, theirs), ==, "quota");
  g_assert_null (sse_nats_checkpoint_find_missing (theirs, ours));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/checkpoint/there-and-back", test_there_and_back);
  g_test_add_func ("/nats/checkpoint/damaged-texts", test_damaged_texts);
  g_test_add_func ("/nats/checkpoint/damaged-bytes", test_damaged_bytes);
  g_test_add_func ("/nats/checkpoint/other-parts", test_other_parts);
  g_test_add_func ("/nats/checkpoint/differing", test_differing);
  return g_test_run ();
}
