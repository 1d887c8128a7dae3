/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseRation:
 *
 * How often something is told, so that no stranger fills the log. Zeros to begin with.
 */
typedef struct
{
  /*< private >*/
  gint64 since;
  guint n;
} SseRation;

gboolean sse_ration_take (SseRation *self,
                          guint      max,
                          gint64     span);

G_END_DECLS
