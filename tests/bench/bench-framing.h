/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchFraming:
 *
 * One HTTP/1.1 response as it comes: its head, and its body taken out of chunks (RFC 9112,
 * section 7.1) or running until the connection closes.
 */
typedef struct
{
  GString *head;
  guint stage;
  guint digits;
  guint64 left;
} BenchFraming;

/**
 * BenchFramingBody:
 *
 * Told of bytes of the body, in order.
 */
typedef gboolean (*BenchFramingBody) (const char *bytes, gsize length, gpointer user_data, GError **error);

void     bench_framing_init     (BenchFraming      *self);
void     bench_framing_clear    (BenchFraming      *self);
gboolean bench_framing_has_head (const BenchFraming *self);
gboolean bench_framing_feed     (BenchFraming      *self,
                                 const char        *bytes,
                                 gsize              length,
                                 BenchFramingBody   body,
                                 gpointer           user_data,
                                 GError           **error);
gboolean bench_framing_end      (const BenchFraming *self,
                                 GError           **error);

G_END_DECLS
