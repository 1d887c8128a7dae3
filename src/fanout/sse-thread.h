/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

gboolean sse_thread_start (pthread_t  *thread,
                           void     *(*func) (void *),
                           void       *data,
                           GError    **error);

G_END_DECLS
