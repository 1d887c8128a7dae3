/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-unknown-stream.h"

#include "sse-error.h"
#include "sse-stream.h"

/**
 * sse_unknown_stream_set_error:
 * @streams: (element-type SseStream): those that there are
 * @name: of none of them; UTF-8 from outside
 * @error: (out): %SSE_ERROR_UNKNOWN_STREAM, with the names of those that run
 */
void
sse_unknown_stream_set_error (GPtrArray *streams, const char *name, GError **error)
{
  g_autofree char *told = sse_error_clip (name);
  g_autoptr (GString) there = g_string_new (NULL);

  for (guint i = 0; i < streams->len; i++)
    {
      SseStream *stream = g_ptr_array_index (streams, i);

      if (sse_stream_is_enabled (stream))
        g_string_append_printf (
            there, "%s%s", there->len > 0 ? ", " : "; there are: ", sse_stream_get_name (stream));
    }
  g_set_error (error, SSE_ERROR, SSE_ERROR_UNKNOWN_STREAM, "there is no stream named “%s”%s", told,
               there->str);
}
