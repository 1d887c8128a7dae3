/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * SseQuota:
 *
 * The source of `quota`.
 */
#define SSE_TYPE_QUOTA (sse_quota_get_type ())
G_DECLARE_FINAL_TYPE (SseQuota, sse_quota, SSE, QUOTA, GObject)

G_END_DECLS
