/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A webhook: lines `name: value`, an empty one, and the body. A signature of `good` stands for the
 * right one. What is taken is an update that the stream takes too, unless it is too large. */

#include <string.h>

#include "fuzz-source.h"
#include "fuzz.h"

#define SECRET "a secret that webhooks are signed with"

static SseSource *
new_configured (void)
{
  SseSource *source = fuzz_source_new ();
  g_autoptr (GVariant) settings = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (
      &dict, "webhook-secret-file",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, SECRET, strlen (SECRET), 1));
  settings = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_assert_true (sse_source_configure (source, settings, NULL));
  return source;
}

static char *
sign (FuzzText body)
{
  g_autofree char *digest
      = g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET),
                                 (const guchar *) body.bytes, body.length);

  return g_strconcat ("sha256=", digest, NULL);
}

static GHashTable *
take_headers (FuzzText *input)
{
  GHashTable *headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  FuzzText line;

  while ((line = fuzz_text_take_line (input)).length > 0)
    {
      g_autofree char *text = fuzz_text_dup (line);
      g_auto (GStrv) parts = g_strsplit (text, ": ", 2);

      if (parts[0] != NULL && parts[1] != NULL)
        g_hash_table_replace (headers, g_ascii_strdown (parts[0], -1), g_strdup (parts[1]));
    }
  return headers;
}

static void
check_update (SseSource *source, SseUpdate *update)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();
  g_autoptr (GError) error = NULL;
  const char *members;
  gsize length;

  sse_update_parse (update, &error);
  g_assert_no_error (error);
  if (!sse_source_validate (source, update, &error))
    {
      g_assert_nonnull (strstr (error->message, "bytes as JSON"));
      return;
    }
  g_assert_cmpint (sse_source_apply (source, update, batch, &error), ==, SSE_VERDICT_APPLIED);
  members = sse_batch_get_members (batch, &length);
  fuzz_assert_json_members (members, length);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  SseSource *source = new_configured ();
  g_autoptr (GHashTable) headers = take_headers (&input);
  g_autoptr (GBytes) body = g_bytes_new (input.bytes, input.length);
  g_autoptr (SseUpdate) update = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *signature = sign (input);

  if (g_strcmp0 (g_hash_table_lookup (headers, "x-hub-signature-256"), "good") == 0)
    g_hash_table_replace (headers, g_strdup ("x-hub-signature-256"), g_strdup (signature));
  if (sse_receiver_receive (SSE_RECEIVER (source), headers, body, &update, &error))
    {
      g_assert_no_error (error);
      g_assert_cmpint (
          g_ascii_strcasecmp (g_hash_table_lookup (headers, "x-hub-signature-256"), signature), ==,
          0);
      if (update != NULL)
        check_update (source, update);
    }
  else
    {
      g_assert_nonnull (error);
      g_assert_null (update);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_clear_pointer (&update, sse_update_unref);
  g_assert_finalize_object (source);
  return 0;
}
