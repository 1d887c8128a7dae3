/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a source makes of a saved state: it refuses it, or it is then the one that was saved. Behind
 * a 't' the state is text as g_variant_parse() reads it, behind any other byte it is the bytes
 * themselves, which may be in no normal form. */

#include <string.h>

#include "fuzz-source.h"
#include "fuzz.h"

static GVariant *
make_state (SseSource *source, FuzzText input)
{
  g_autoptr (GVariant) empty = sse_source_save (source);
  const GVariantType *type = g_variant_get_type (empty);
  FuzzText rest = { input.bytes + 1, input.length - 1 };
  g_autoptr (GBytes) bytes = NULL;

  if (input.bytes[0] == 't')
    {
      g_autofree char *text = fuzz_text_dup (rest);

      /* g_variant_parse() trips over what is not UTF-8, and over an escaped surrogate. */
      if (!g_utf8_validate_len (text, rest.length, NULL) || strstr (text, "\\ud") != NULL
          || strstr (text, "\\uD") != NULL || strstr (text, "\\U") != NULL)
        return NULL;
      return g_variant_parse (type, text, text + rest.length, NULL, NULL);
    }
  bytes = g_bytes_new (rest.bytes, rest.length);
  return g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, FALSE));
}

/* By their text: GVariant takes more than one sequence of bytes for the normal form of what is
 * empty. */
static void
assert_same (GVariant *saved, GVariant *state)
{
  g_autofree char *saved_text = g_variant_print (saved, FALSE);
  g_autofree char *state_text = g_variant_print (state, FALSE);

  g_assert_cmpstr (saved_text, ==, state_text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  SseSource *source = fuzz_source_new ();
  g_autoptr (GVariant) state = size > 0 ? make_state (source, fuzz_text_new (data, size)) : NULL;
  g_autoptr (GError) error = NULL;

  if (state != NULL && sse_source_restore (source, state, &error))
    {
      g_autoptr (GVariant) saved = sse_source_save (source);
      g_autoptr (SseSource) twin = fuzz_source_new_restored (saved);

      g_assert_no_error (error);
      assert_same (saved, state);
      fuzz_source_assert_renders (source, twin);
    }
  else if (state != NULL)
    {
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
    }
  g_assert_finalize_object (source);
  return 0;
}
