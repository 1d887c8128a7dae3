/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-link.h"

G_BEGIN_DECLS

gboolean sse_nats_streams_have (SseNatsLink           *self,
                                const SseNatsOptions  *options,
                                GError               **error);

gboolean sse_nats_streams_have_state
                               (SseNatsLink           *self,
                                GError               **error);

G_END_DECLS
