/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-plugin.h"

G_BEGIN_DECLS

SseSource *fuzz_source_new            (void);
SseSource *fuzz_source_new_restored   (GVariant       *saved);
void       fuzz_source_assert_renders (SseSource      *source,
                                       SseSource      *twin);

G_END_DECLS
