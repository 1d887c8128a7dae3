/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean sse_github_signature_check (const char *signature,
                                     GBytes     *body,
                                     GBytes     *secret);

G_END_DECLS
