/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-frame.h"
#include "sse-source.h"

G_BEGIN_DECLS

/**
 * SseAudience:
 *
 * A stream's views as one audience sees them, everyone or one user, with what has been touched
 * since they were last rendered. A user of whom the source knows nothing special has a record too,
 * to count their clients, and sees everyone's views.
 */
typedef struct _SseAudience SseAudience;

/**
 * SsePlace:
 * @channel: a channel of the fan-out that several streams share
 * @part: the stream's part of that
 * @n_clients: how many clients of an audience are there
 */
typedef struct
{
  guint channel;
  guint part;
  guint n_clients;
} SsePlace;

struct _SseAudience
{
  char *user;        /* NULL: everyone */
  guint n_clients;   /* joined or waiting to join */
  GArray *places;    /* SsePlace, of those who are not in the stream's own channel; NULL: of none */
  gboolean personal; /* whether it has views of its own; everyone has */
  guint32 turn;      /* the last turn of which it has taken over what touched everyone */
  GList link;        /* in the stream's queue of personal audiences */
  GList due_link;    /* in @due_in, while it waits to be rendered and sent */
  GQueue *due_in;
  guint n_views;
  struct
  {
    SseTouch touch;
    char *members; /* NULL while it is not rendered */
    gsize length;
    SseFrame *bodies[2][2]; /* with the update and the initial type, each without and with the
                             * stream's name before it; made when first wanted */
  } *views; /* NULL unless personal */
};

SseAudience *sse_audience_new          (const char     *user,
                                        guint           n_views);
void         sse_audience_free         (SseAudience    *self);
void         sse_audience_set_personal (SseAudience    *self);

void         sse_audience_enter        (SseAudience    *self,
                                        guint           channel,
                                        guint           part);
void         sse_audience_leave        (SseAudience    *self,
                                        guint           channel);

void         sse_audience_touch        (SseAudience    *self,
                                        guint           view,
                                        SseTouch        touch);
void         sse_audience_take_over    (SseAudience    *self,
                                        guint32         turn,
                                        const gboolean *sweep);
void         sse_audience_set_due      (SseAudience    *self,
                                        GQueue         *queue);
gboolean     sse_audience_has_touch    (SseAudience    *self,
                                        SseTouch        least);
void         sse_audience_render       (SseAudience    *self,
                                        SseSource      *source,
                                        guint           view);
void         sse_audience_forget       (SseAudience    *self);
SseFrame    *sse_audience_get_body     (SseAudience    *self,
                                        SseSource      *source,
                                        guint           view,
                                        gboolean        initial,
                                        gboolean        prefixed);
SseFrame    *sse_audience_new_frame    (SseAudience    *self,
                                        SseSource      *source,
                                        guint           view,
                                        const char     *id);

G_END_DECLS
