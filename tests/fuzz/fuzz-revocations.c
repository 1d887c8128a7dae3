/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The source that is built in, as if it were a plugin's. */

#include "sse-plugin.h"
#include "sse-revocations.h"

SSE_PLUGIN_DEFINE ("revocations", "0", sse_revocations_get_type)
