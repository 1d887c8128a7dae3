/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-update.h"

#include <string.h>

/* Numbers have as many digits as any of them, so that all updates of a length are of one length. */
#define ID_FORMAT "bench-%010" G_GUINT64_FORMAT

/**
 * bench_update_new:
 * @number: no other update has it
 * @length: bytes of JSON; one that is less than the least there is gives that
 *
 * Returns: (transfer full): a `new-event`, with all members, so that clients get what is published
 */
BenchUpdate *
bench_update_new (guint64 number, gsize length)
{
  BenchUpdate *self = g_new0 (BenchUpdate, 1);
  GString *body = g_string_new (NULL);

  self->id = g_strdup_printf (ID_FORMAT, number);
  g_string_printf (body,
                   "{\"type\":\"new-event\",\"event\":{\"delivery_id\":\"%s\",\"event\":\"push\","
                   "\"repo_full_name\":\"a/b\",\"status\":\"pending\","
                   "\"received_at\":\"2024-01-01T00:00:00Z\",\"text\":\"",
                   self->id);
  for (gsize i = body->len + strlen ("\"}}"); i < length; i++)
    g_string_append_c (body, (char) ('a' + (number + i) % 26));
  g_string_append (body, "\"}}");
  self->body = g_string_free (body, FALSE);
  self->data = g_strdup (self->body);
  return self;
}

/**
 * bench_update_new_webhook:
 * @number: no other update has it
 *
 * Returns: (transfer full): a GitHub delivery of a push
 */
BenchUpdate *
bench_update_new_webhook (guint64 number)
{
  BenchUpdate *self = g_new0 (BenchUpdate, 1);

  self->id = g_strdup_printf (ID_FORMAT, number);
  self->body = g_strdup ("{\"ref\":\"refs/heads/main\",\"before\":"
                         "\"0000000000000000000000000000000000000000\",\"after\":"
                         "\"a10867b14bb761a232cd80139fbd4c0d33264240\",\"commits\":[],"
                         "\"repository\":{\"id\":1,\"name\":\"b\",\"full_name\":\"a/b\"},"
                         "\"pusher\":{\"name\":\"somebody\"}}");
  self->data = g_strdup_printf ("{\"type\":\"new-event\",\"event\":{\"delivery_id\":\"%s\","
                                "\"event\":\"push\",\"repo_full_name\":\"a/b\","
                                "\"status\":\"pending\",\"received_at\":\"",
                                self->id);
  self->tail = g_strdup ("\"}}");
  return self;
}

void
bench_update_free (BenchUpdate *self)
{
  g_free (self->id);
  g_free (self->body);
  g_free (self->data);
  g_free (self->tail);
  g_free (self);
}
