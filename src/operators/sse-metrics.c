/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-metrics.h"

#include "sse-exposition.h"
#include "sse-process.h"

/* A metric with one value for each stream. */
typedef struct
{
  const char *name;
  SseMetricType type;
  const char *help;
  double (*get) (SseStream *stream);
} StreamMetric;

static const char *const verdicts[] = {
  [SSE_VERDICT_REFUSED] = "refused",
  [SSE_VERDICT_UNCHANGED] = "unchanged",
  [SSE_VERDICT_APPLIED] = "applied",
};

static const char *const errors[] = {
  [SSE_ERROR_UNKNOWN_STREAM] = "unknown_stream", [SSE_ERROR_INVALID_UPDATE] = "invalid_update",
  [SSE_ERROR_REFUSED] = "stream_disabled",       [SSE_ERROR_NOT_AUTHORIZED] = "not_authorized",
  [SSE_ERROR_TOO_LARGE] = "too_large",           [SSE_ERROR_BUSY] = "busy",
  [SSE_ERROR_STORE_FAILED] = "store_failed",
};

G_STATIC_ASSERT (G_N_ELEMENTS (verdicts) == SSE_N_VERDICTS);
G_STATIC_ASSERT (G_N_ELEMENTS (errors) == SSE_N_ERRORS);

/* ---- streams ---- */

static double
get_up (SseStream *stream)
{
  return sse_stream_is_enabled (stream);
}

static double
get_clients (SseStream *stream)
{
  return sse_stream_get_clients (stream);
}

static double
get_joined (SseStream *stream)
{
  return (double) sse_stream_get_counters (stream)->joined;
}

static double
get_queued (SseStream *stream)
{
  return (double) sse_stream_get_queued (stream);
}

static double
get_position (SseStream *stream)
{
  return (double) sse_stream_get_position (stream);
}

static const StreamMetric stream_metrics[] = {
  { "rivulet_stream_up", SSE_METRIC_GAUGE, "Whether the stream is served: 1, or 0 if disabled.",
    get_up },
  { "rivulet_stream_position", SSE_METRIC_GAUGE,
    "Position in the log of the last update that changed the stream.", get_position },
  { "rivulet_clients", SSE_METRIC_GAUGE, "Clients that follow the stream.", get_clients },
  { "rivulet_clients_joined_total", SSE_METRIC_COUNTER, "Clients that came to the stream.",
    get_joined },
  { "rivulet_queued_bytes", SSE_METRIC_GAUGE, "Bytes that wait for the stream's slow clients.",
    get_queued },
};

/* Where several have one name, the one that goes by it: a name is there once. */
static GPtrArray *
list_streams (SseHub *hub)
{
  GPtrArray *all = sse_hub_get_streams (hub);
  GPtrArray *streams = g_ptr_array_sized_new (all->len);

  for (guint i = 0; i < all->len; i++)
    {
      SseStream *stream = g_ptr_array_index (all, i);

      if (sse_hub_get_stream (hub, sse_stream_get_name (stream)) == stream)
        g_ptr_array_add (streams, stream);
    }
  return streams;
}

static void
expose_streams (SseExposition *out, GPtrArray *streams)
{
  for (guint i = 0; i < G_N_ELEMENTS (stream_metrics); i++)
    {
      const StreamMetric *metric = &stream_metrics[i];

      sse_exposition_begin (out, metric->name, metric->type, metric->help);
      for (guint j = 0; j < streams->len; j++)
        {
          SseStream *stream = g_ptr_array_index (streams, j);

          sse_exposition_add (out, metric->get (stream), "stream", sse_stream_get_name (stream),
                              NULL);
        }
    }
}

static void
expose_left (SseExposition *out, GPtrArray *streams)
{
  sse_exposition_begin (out, "rivulet_clients_left_total", SSE_METRIC_COUNTER,
                        "Clients that left the stream: they hung up, their token expired or was "
                        "revoked, they read too slowly, or the daemon stopped.");
  for (guint i = 0; i < streams->len; i++)
    for (guint reason = 0; reason < SSE_N_CLOSE_REASONS; reason++)
      {
        SseStream *stream = g_ptr_array_index (streams, i);

        sse_exposition_add (out, (double) sse_stream_get_counters (stream)->left[reason], "stream",
                            sse_stream_get_name (stream), "reason",
                            sse_close_reason_get_name (reason), NULL);
      }
}

/* ---- updates ---- */

static void
expose_updates (SseExposition *out, GPtrArray *streams, const SsePublishingCounters *counters)
{
  sse_exposition_begin (out, "rivulet_updates_total", SSE_METRIC_COUNTER,
                        "Updates that the stream was given from the log, with those of streams "
                        "that it follows, by what became of them.");
  for (guint i = 0; i < streams->len; i++)
    for (guint verdict = 0; verdict < SSE_N_VERDICTS; verdict++)
      {
        SseStream *stream = g_ptr_array_index (streams, i);

        sse_exposition_add (out, (double) sse_stream_get_counters (stream)->updates[verdict],
                            "stream", sse_stream_get_name (stream), "verdict", verdicts[verdict],
                            NULL);
      }

  sse_exposition_begin (out, "rivulet_updates_rejected_total", SSE_METRIC_COUNTER,
                        "Updates that were answered with an error before they were applied, with "
                        "all that came in the same call.");
  for (guint i = 0; i < SSE_N_ERRORS; i++)
    sse_exposition_add (out, (double) counters->rejected[i], "reason", errors[i], NULL);

  sse_exposition_begin (out, "rivulet_update_commit_seconds", SSE_METRIC_HISTOGRAM,
                        "Time from when an update came until it was in the log.");
  sse_exposition_add_histogram (out, &counters->commits);
}

static void
expose_log (SseExposition *out, SseLog *log)
{
  sse_exposition_begin (out, "rivulet_store_up", SSE_METRIC_GAUGE,
                        "Whether updates can be kept: 1, or 0 where the store failed.");
  sse_exposition_add (out, sse_log_get_error (log) == NULL, NULL);
  sse_exposition_begin (out, "rivulet_store_durable", SSE_METRIC_GAUGE,
                        "Whether what is kept outlives the process: 1 or 0.");
  sse_exposition_add (out, sse_log_is_durable (log), NULL);
  sse_exposition_begin (out, "rivulet_log_position", SSE_METRIC_GAUGE,
                        "Position of the last update in the log.");
  sse_exposition_add (out, (double) sse_log_get_position (log), NULL);
  sse_exposition_begin (out, "rivulet_log_lag_messages", SSE_METRIC_GAUGE,
                        "Messages of the log, of one update or several each, that did not come "
                        "here yet, where several nodes share it.");
  sse_exposition_add (out, (double) sse_log_get_lag (log), NULL);
}

/* ---- connections ---- */

static void
expose_connections (SseExposition *out, const SseCounters *counters)
{
  sse_exposition_begin (out, "rivulet_connections", SSE_METRIC_GAUGE,
                        "Connections that clients have.");
  sse_exposition_add (out, counters->connections, NULL);
  sse_exposition_begin (out, "rivulet_max_connections", SSE_METRIC_GAUGE,
                        "Connections that are served at once.");
  sse_exposition_add (out, counters->max_connections, NULL);
  sse_exposition_begin (out, "rivulet_connections_accepted_total", SSE_METRIC_COUNTER,
                        "Connections that were accepted.");
  sse_exposition_add (out, (double) counters->accepted, NULL);
  sse_exposition_begin (out, "rivulet_connections_refused_total", SSE_METRIC_COUNTER,
                        "Clients that were turned away, by the limit that was reached.");
  sse_exposition_add (out, (double) counters->refused_by_total, "limit", "total", NULL);
  sse_exposition_add (out, (double) counters->refused_by_address, "limit", "address", NULL);
  sse_exposition_add (out, (double) counters->refused_by_user, "limit", "user", NULL);
  sse_exposition_begin (out, "rivulet_tokens_refused_total", SSE_METRIC_COUNTER,
                        "Tokens that were not valid.");
  sse_exposition_add (out, (double) counters->tokens_refused, NULL);
  sse_exposition_begin (out, "rivulet_accept_pauses_total", SSE_METRIC_COUNTER,
                        "How often nothing was accepted for a while, for lack of descriptors or "
                        "memory.");
  sse_exposition_add (out, (double) counters->accept_pauses, NULL);
}

/**
 * sse_metrics_render:
 * @hub: one that is not stopped
 * @clients: what the clients' listener counts
 * @start: what sse_process_read_start() gave
 *
 * Returns: (transfer full): all that operators are shown, in the format of #SseExposition. What it
 *   takes grows with the number of streams, and not with that of clients.
 */
char *
sse_metrics_render (SseHub *hub, const SseCounters *clients, double start)
{
  g_autoptr (GPtrArray) streams = list_streams (hub);
  SseExposition out = { .text = g_string_new (NULL) };

  sse_exposition_begin (&out, "rivulet_build_info", SSE_METRIC_GAUGE, "1, with the version.");
  sse_exposition_add (&out, 1, "version", RIVULET_VERSION, NULL);
  expose_streams (&out, streams);
  expose_left (&out, streams);
  expose_updates (&out, streams, sse_hub_get_counters (hub));
  expose_log (&out, sse_hub_get_log (hub));
  expose_connections (&out, clients);
  sse_process_expose (&out, start);
  return g_string_free (out.text, FALSE);
}
