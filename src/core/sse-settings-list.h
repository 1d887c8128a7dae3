/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sse_settings_list (GPtrArray *plugins);

G_END_DECLS
