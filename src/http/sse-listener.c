/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-listener-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "sse-address.h"

/* Below the hub and the bus, so that who is there already comes first. */
#define PRIORITY (G_PRIORITY_DEFAULT + 10)

static GSourceFuncs source_funcs = { .dispatch = sse_listener_dispatch };

/**
 * sse_listener_free:
 *
 * Stops accepting, and closes those connections whose requests have not been handed on.
 */
void
sse_listener_free (SseListener *self)
{
  sse_gate_close (self->gate);
  sse_pending_free_all (&self->waiting);
  sse_pending_free_all (&self->bodies);
  sse_pending_free_all (&self->leaving);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_clear_pointer (&self->bound, g_ptr_array_unref);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_strfreev (self->addresses);
  g_free (self->buffer);
  g_free (self);
}

/**
 * sse_listener_stop:
 *
 * Listens no more, and closes the connections of which the request has not wholly come.
 */
void
sse_listener_stop (SseListener *self)
{
  /* One that the service manager has as well would be told of even when it is closed here. */
  sse_listener_ignore (self);
  g_ptr_array_set_size (self->bound, 0);
  sse_pending_free_all (&self->waiting);
  sse_pending_free_all (&self->bodies);
}

/**
 * sse_listener_configure:
 * @options: limits from now on. Who is served already stays
 */
void
sse_listener_configure (SseListener *self, const SseListenerOptions *options)
{
  gint64 longer = ((gint64) options->head_timeout_ms - self->options.head_timeout_ms)
                  * G_TIME_SPAN_MILLISECOND;
  gint64 longer_body = ((gint64) options->body_timeout_seconds - self->options.body_timeout_seconds)
                       * G_TIME_SPAN_SECOND;

  self->options = *options;
  sse_gate_configure (self->gate, &options->gate);
  sse_pending_postpone_all (&self->waiting, longer);
  sse_pending_postpone_all (&self->bodies, longer_body);
  sse_listener_wake_at (self, g_get_monotonic_time ());
  sse_listener_on_left (self); /* there may be room now */
}

static gboolean
start (SseListener *self, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < self->bound->len; i++)
    g_strv_builder_add (names, ((SseBound *) g_ptr_array_index (self->bound, i))->name);
  self->addresses = g_strv_builder_end (names);

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0)
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved), _ ("cannot listen: %s"),
                   strerror (saved));
      return FALSE;
    }
  g_source_add_unix_fd (self->source, self->epoll_fd, G_IO_IN);
  g_source_attach (self->source, context);
  sse_listener_resume (self);
  return TRUE;
}

/**
 * sse_listener_new:
 * @bound: (element-type SseBound) (transfer full): the sockets
 * @options: limits; copied
 * @funcs: what it asks; outlives it
 * @counters: where it counts; outlives it
 * @user_data: for @funcs
 * @error: in the domain %G_IO_ERROR where there are no descriptors left
 *
 * Accepts what comes to all of the sockets.
 */
SseListener *
sse_listener_new (GPtrArray *bound,
                  const SseListenerOptions *options,
                  const SseListenerFuncs *funcs,
                  SseCounters *counters,
                  gpointer user_data,
                  GError **error)
{
  g_autoptr (SseListener) self = g_new0 (SseListener, 1);

  self->options = *options;
  self->funcs = funcs;
  self->user_data = user_data;
  self->counters = counters;
  self->epoll_fd = -1;
  self->buffer = g_malloc (SSE_PENDING_BUFFER_BYTES);
  self->gate = sse_gate_new (&options->gate, counters, sse_listener_on_left, self);
  sse_link_init (&self->waiting);
  sse_link_init (&self->bodies);
  sse_link_init (&self->leaving);
  self->source = g_source_new (&source_funcs, sizeof (SseListenerSource));
  ((SseListenerSource *) self->source)->listener = self;
  g_source_set_static_name (self->source, "listener");
  g_source_set_priority (self->source, PRIORITY);

  self->bound = bound;
  if (!start (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * sse_listener_get_addresses:
 *
 * Returns: (transfer none) (array zero-terminated=1): what it listens on, with real ports
 */
const char *const *
sse_listener_get_addresses (SseListener *self)
{
  return (const char *const *) self->addresses;
}

/**
 * sse_listener_get_connections:
 *
 * Returns: how many connections there are, from when they are accepted until they are gone
 */
guint
sse_listener_get_connections (SseListener *self)
{
  return sse_gate_get_connections (self->gate);
}
