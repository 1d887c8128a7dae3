/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-answer.h"

G_BEGIN_DECLS

/**
 * SseAsset:
 *
 * A file of text that is served as it is: a page, a script, a style sheet. Who has it already is
 * told so.
 */
typedef struct _SseAsset SseAsset;

SseAsset   *sse_asset_new    (const char     *content_type,
                              GBytes         *text);
void        sse_asset_free   (SseAsset       *self);
SseAnswer  *sse_asset_answer (const SseAsset *self,
                              const char     *if_none_match);

GHashTable *sse_assets_load  (GResource      *files,
                              const char     *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseAsset, sse_asset_free)

G_END_DECLS
