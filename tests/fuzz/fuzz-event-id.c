/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client says in Last-Event-ID: an id is taken exactly as it is written. */

#include "fuzz.h"
#include "sse-event-id.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *id = fuzz_text_dup (fuzz_text_new (data, size));
  g_autofree char *epoch = NULL;
  g_autofree char *again = NULL;
  guint64 position;

  if (!sse_event_id_parse (id, &epoch, &position))
    {
      g_assert_null (epoch);
      return 0;
    }
  again = sse_event_id_format (epoch, position);
  g_assert_cmpstr (again, ==, id);
  return 0;
}
