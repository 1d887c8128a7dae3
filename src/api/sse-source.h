/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "sse-batch.h"
#include "sse-error.h"
#include "sse-setting.h"
#include "sse-update.h"

G_BEGIN_DECLS

/**
 * SseVerdict:
 * @SSE_VERDICT_REFUSED: it could not be applied, the error says why; nothing changed
 * @SSE_VERDICT_UNCHANGED: accepted, and known already (a redelivery); nothing changed
 * @SSE_VERDICT_APPLIED: the state is another now
 */
typedef enum
{
  SSE_VERDICT_REFUSED,
  SSE_VERDICT_UNCHANGED,
  SSE_VERDICT_APPLIED,
} SseVerdict;

#define SSE_N_VERDICTS (SSE_VERDICT_APPLIED + 1)

#define SSE_TYPE_SOURCE (sse_source_get_type ())
G_DECLARE_INTERFACE (SseSource, sse_source, SSE, SOURCE, GObject)

/**
 * SseSourceInterface:
 * @get_stream: the stream's name: a-z, 0-9 and hyphens, "github-events"; not that of a group of
 *   the configuration or "revocations", which are the daemon's own
 * @get_path: its path, "/github/events/stream"
 * @get_follows: (nullable): names of other streams whose applied updates it is given too, after
 *   their own source; %NULL-terminated. May be left out.
 * @get_views: its views, as long as the source
 * @get_events: (nullable): the types of the events it appends, %NULL-terminated; a client that
 *   resumes gets those it missed. Left out by a source that has views only.
 * @get_settings: its keys in the configuration's group of the stream's name; ends with a %NULL
 *   key. May be left out.
 * @configure: takes the settings, an a{sv} with every key of @get_settings (an unset one without
 *   default is absent); called before all that follows, and again on reload. May be left out.
 * @validate: checks an update's shape, looking at no state; sets %SSE_ERROR_INVALID_UPDATE with
 *   the member's name. Not called for followed streams.
 * @apply: applies a valid update, its own or a followed one; sets the error exactly when it
 *   returns %SSE_VERDICT_REFUSED. Reads no clock, file or socket: same updates in, same state out.
 * @render: appends the members behind `type` of @view as @audience sees it (%NULL: as those see
 *   it of whom nothing special is known) to @members, without braces: `"stats":{…}`
 * @has_audience: whether that user may see other than everyone does
 * @save: the whole state, canonical: same state, same bytes. A floating reference is sunk.
 * @restore: takes what @save gave; on failure the source is not used any more
 *
 * One stream's state as pure logic: all that a plugin implements. Every function but @validate is
 * called in the main thread.
 */
struct _SseSourceInterface
{
  GTypeInterface parent_iface;

  const char *(*get_stream) (SseSource *self);
  const char *(*get_path) (SseSource *self);
  const char *const *(*get_follows) (SseSource *self);
  const SseView *(*get_views) (SseSource *self);
  const char *const *(*get_events) (SseSource *self);
  const SseSetting *(*get_settings) (SseSource *self);
  gboolean (*configure) (SseSource *self, GVariant *settings, GError **error);

  gboolean (*validate) (SseSource *self, const SseUpdate *update, GError **error);
  SseVerdict (*apply) (SseSource *self, const SseUpdate *update, SseBatch *batch, GError **error);
  void (*render) (SseSource *self, const SseView *view, const char *audience, GString *members);
  gboolean (*has_audience) (SseSource *self, const char *audience);

  GVariant *(*save) (SseSource *self);
  gboolean (*restore) (SseSource *self, GVariant *state, GError **error);
};

const char        *sse_source_get_stream   (SseSource       *self);
const char        *sse_source_get_path     (SseSource       *self);
const char *const *sse_source_get_follows  (SseSource       *self);
const SseView     *sse_source_get_views    (SseSource       *self);
const char *const *sse_source_get_events   (SseSource       *self);
const SseSetting  *sse_source_get_settings (SseSource       *self);
gboolean           sse_source_configure    (SseSource       *self,
                                            GVariant        *settings,
                                            GError         **error);
gboolean           sse_source_validate     (SseSource       *self,
                                            const SseUpdate *update,
                                            GError         **error);
SseVerdict         sse_source_apply        (SseSource       *self,
                                            const SseUpdate *update,
                                            SseBatch        *batch,
                                            GError         **error);
void               sse_source_render       (SseSource       *self,
                                            const SseView   *view,
                                            const char      *audience,
                                            GString         *members);
gboolean           sse_source_has_audience (SseSource       *self,
                                            const char      *audience);
GVariant          *sse_source_save         (SseSource       *self);
gboolean           sse_source_restore      (SseSource       *self,
                                            GVariant        *state,
                                            GError         **error);

G_END_DECLS
