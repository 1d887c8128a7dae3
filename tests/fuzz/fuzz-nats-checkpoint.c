/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What names a checkpoint's parts, an empty line, and their bytes. A sum of `good` stands for the
 * right one: whoever wrote the one can have written the other. */

#include "sse-nats-checkpoint.h"

#include <string.h>

#include "fuzz.h"

#define MAX_BYTES   (G_GUINT64_CONSTANT (2) << 30)
#define CHUNK_BYTES G_GUINT64_CONSTANT (524288)

static FuzzText
take_description (FuzzText *input)
{
  FuzzText text = *input;

  while (fuzz_text_take_line (input).length > 0)
    continue;
  text.length -= input->length;
  return text;
}

static void
assert_same (const SseNatsCheckpoint *one, const SseNatsCheckpoint *other)
{
  g_assert_cmpstr (one->id, ==, other->id);
  g_assert_cmpuint (one->sequence, ==, other->sequence);
  g_assert_cmpuint (one->n_chunks, ==, other->n_chunks);
  g_assert_cmpuint (one->n_bytes, ==, other->n_bytes);
  g_assert_cmpstr (one->sum, ==, other->sum);
  g_assert_cmpuint (one->parts->len, ==, other->parts->len);
  for (guint i = 0; i < one->parts->len; i++)
    {
      const SseNatsPart *part = one->parts->pdata[i];
      const SseNatsPart *twin = other->parts->pdata[i];

      g_assert_cmpstr (part->stream, ==, twin->stream);
      g_assert_cmpstr (part->sum, ==, twin->sum);
    }
}

static gboolean
names_one_twice (const SseNatsCheckpoint *checkpoint)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean twice = FALSE;

  for (guint i = 0; i < checkpoint->parts->len; i++)
    twice |= !g_hash_table_add (names, ((SseNatsPart *) checkpoint->parts->pdata[i])->stream);
  return twice;
}

/* All that is fetched is held in memory at once. */
static void
check_description (const SseNatsCheckpoint *checkpoint)
{
  g_autofree char *text = sse_nats_checkpoint_format (checkpoint);
  g_autoptr (SseNatsCheckpoint) twin = sse_nats_checkpoint_parse (text);
  g_autoptr (GPtrArray) differing = NULL;

  g_assert_nonnull (twin);
  assert_same (checkpoint, twin);
  differing = sse_nats_checkpoint_differ (checkpoint, twin);
  if (!names_one_twice (checkpoint))
    g_assert_cmpuint (differing->len, ==, 0);
  g_assert_cmpuint (checkpoint->n_bytes, <=, MAX_BYTES);
  g_assert_cmpuint (checkpoint->n_chunks * CHUNK_BYTES, >=, checkpoint->n_bytes);
  g_assert_cmpuint (checkpoint->n_chunks * CHUNK_BYTES, <, checkpoint->n_bytes + CHUNK_BYTES);
}

/* Each part has a state, of whatever type, that its source can be given. */
static void
check_states (const SseNatsCheckpoint *checkpoint, GVariant *states)
{
  for (guint i = 0; i < checkpoint->parts->len; i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (states, i);
      g_autoptr (GVariant) state = g_variant_get_variant (boxed);

      g_assert_true (g_variant_is_normal_form (state));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  g_autofree char *text = fuzz_text_dup (take_description (&input));
  g_autoptr (SseNatsCheckpoint) checkpoint = sse_nats_checkpoint_parse (text);
  g_autoptr (GBytes) bytes = g_bytes_new (input.bytes, input.length);
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  g_autoptr (GVariant) states = NULL;
  g_autoptr (GError) error = NULL;

  if (checkpoint == NULL)
    return 0;
  check_description (checkpoint);
  if (g_str_equal (checkpoint->sum, "good"))
    {
      g_free (checkpoint->sum);
      checkpoint->sum = g_strdup (sum);
    }
  states = sse_nats_checkpoint_read (checkpoint, bytes, &error);
  if (states == NULL)
    {
      g_assert_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (checkpoint->sum, ==, sum);
  check_states (checkpoint, states);
  return 0;
}
