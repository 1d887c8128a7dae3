/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseReceivedEvent:
 * @id: the last event id as of this event, "" where there was none
 * @type: the event's type
 * @data: its data, lines joined by line feeds
 *
 * One event, all of it UTF-8.
 */
typedef struct
{
  const char *id;
  const char *type;
  const char *data;
} SseReceivedEvent;

typedef void (*SseReceivedEventFunc) (const SseReceivedEvent *event, gpointer user_data);

/**
 * SseEventParser:
 *
 * Reads an event stream as the WHATWG HTML standard says (9.2.6 "Interpreting an event stream").
 */
typedef struct _SseEventParser SseEventParser;

SseEventParser *sse_event_parser_new         (gsize                 max_event_bytes,
                                              SseReceivedEventFunc  callback,
                                              gpointer              user_data);
void            sse_event_parser_free        (SseEventParser       *self);
void            sse_event_parser_begin       (SseEventParser       *self);
gboolean        sse_event_parser_feed        (SseEventParser       *self,
                                              const char           *bytes,
                                              gsize                 length);
void            sse_event_parser_set_last_id (SseEventParser       *self,
                                              const char           *id);
const char     *sse_event_parser_get_last_id (const SseEventParser *self);
gint64          sse_event_parser_get_retry   (const SseEventParser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseEventParser, sse_event_parser_free)

G_END_DECLS
