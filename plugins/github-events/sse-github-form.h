/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

GString *sse_github_form_dup_value (const char  *form,
                                    gsize        length,
                                    const char  *name,
                                    GError     **error);

G_END_DECLS
