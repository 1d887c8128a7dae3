/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-asset.h"

G_BEGIN_DECLS

/* JavaScript modules for pages. All of them are part of the program, and there as long as it is. */

const SseAsset *sse_script_find       (const char      *path);
char          **sse_script_list_paths (void);
SseAnswer      *sse_script_answer     (const SseAsset  *script,
                                       const char      *if_none_match);

G_END_DECLS
