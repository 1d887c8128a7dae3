/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"

G_BEGIN_DECLS

/**
 * SseScript:
 *
 * A JavaScript module for pages. All of them are part of the program, and there as long as it is.
 */
typedef struct _SseScript SseScript;

const SseScript *sse_script_find       (const char      *path);
char           **sse_script_list_paths (void);
SseAnswer       *sse_script_answer     (const SseScript *self,
                                        const char      *if_none_match);

G_END_DECLS
