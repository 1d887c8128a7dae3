/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the environment: where translations are, in place of where they are installed. */
#define SSE_LANGUAGE_FOLDER "RIVULET_LOCALE_DIR"

void sse_language_init         (void);
void sse_language_init_service (void);
void sse_language_settle       (void);
void sse_language_serve        (void);

G_END_DECLS
