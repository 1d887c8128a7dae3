/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-row.h"

#include <string.h>

#include "sse-checksum.h"

static guint64
add_audience (guint64 sum, const char *audience)
{
  return sse_checksum_add_text (sum, audience, audience != NULL ? strlen (audience) : 0);
}

/* Of an update that was applied; of one that was not, it is the complement. */
guint64
sse_log_row_sum_update (guint64 position,
                        gint64 stream,
                        const char *audience,
                        gint64 accepted,
                        const char *json,
                        gsize length)
{
  guint64 sum = sse_checksum_add_number (SSE_CHECKSUM_START, position);

  sum = sse_checksum_add_number (sum, (guint64) stream);
  sum = add_audience (sum, audience);
  sum = sse_checksum_add_number (sum, (guint64) accepted);
  return sse_checksum_add_text (sum, json, length);
}

/* Of an appended event. @stream: its stream's number */
guint64
sse_log_row_sum_event (gint64 stream, const SseLogEvent *event)
{
  guint64 sum = sse_checksum_add_number (SSE_CHECKSUM_START, event->position);

  sum = sse_checksum_add_number (sum, (guint64) stream);
  sum = add_audience (sum, event->audience);
  sum = sse_checksum_add_number (sum, (guint64) event->accepted);
  sum = sse_checksum_add_text (sum, event->type, strlen (event->type));
  return sse_checksum_add_text (sum, event->members, event->length);
}

/* Of a source's state. @state: (nullable) */
guint64
sse_log_row_sum_state (const void *state, gsize size)
{
  return sse_checksum_add_text (SSE_CHECKSUM_START, state, size);
}

/* The bytes are the same on every machine: little-endian. */
static GVariant *
swap_if_needed (GVariant *state)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (state);

  return G_BYTE_ORDER == G_LITTLE_ENDIAN ? g_steal_pointer (&owned) : g_variant_byteswap (owned);
}

/**
 * sse_log_row_new_state:
 *
 * Returns: (transfer full): a state with its type, as it is written
 */
GBytes *
sse_log_row_new_state (GVariant *state)
{
  g_autoptr (GVariant) boxed = swap_if_needed (g_variant_new_variant (state));

  return g_variant_get_data_as_bytes (boxed);
}

/**
 * sse_log_row_read_state:
 * @data: what was written; copied
 *
 * Returns: (transfer full) (nullable): the state, %NULL where that is none
 */
GVariant *
sse_log_row_read_state (const void *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) boxed
      = swap_if_needed (g_variant_new_from_bytes (G_VARIANT_TYPE_VARIANT, bytes, FALSE));

  return g_variant_is_normal_form (boxed) ? g_variant_get_variant (boxed) : NULL;
}
