/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void sse_unknown_stream_set_error (GPtrArray   *streams,
                                   const char  *name,
                                   GError     **error);

G_END_DECLS
