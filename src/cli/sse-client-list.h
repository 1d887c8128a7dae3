/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseClientList:
 *
 * Clients of streams, those first for whom most waits.
 */
typedef struct _SseClientList SseClientList;

SseClientList *sse_client_list_new            (void);
void           sse_client_list_free           (SseClientList *self);
void           sse_client_list_add            (SseClientList *self,
                                               const char    *stream,
                                               GVariant      *clients);
gboolean       sse_client_list_cut            (SseClientList *self,
                                               gsize          max);
char          *sse_client_list_print_readable (SseClientList *self,
                                               gboolean       show_streams,
                                               GTimeZone     *zone);
char          *sse_client_list_print_json     (SseClientList *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseClientList, sse_client_list_free)

G_END_DECLS
