/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For how many connections there are descriptors. */

guint sse_capacity_choose (gsize wanted);
void  sse_capacity_tell   (guint chosen,
                           gsize wanted);

G_END_DECLS
