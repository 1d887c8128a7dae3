/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-service.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "sse-address.h"

void
sse_service_sockets_clear (SseServiceSockets *sockets)
{
  g_clear_pointer (&sockets->public, g_ptr_array_unref);
  g_clear_pointer (&sockets->operators, g_ptr_array_unref);
}

#ifdef HAVE_SYSTEMD

/* For the log, when clients are gone. */
#define LAST_SECONDS G_GINT64_CONSTANT (20)

/* Sockets without a name of their own are called "unknown" or as the unit is. NULL for a name that
 * says nothing. */
static GPtrArray **
find_place (SseServiceSockets *sockets, const char *name)
{
  if (strcmp (name, SSE_SERVICE_OPERATORS) == 0)
    return &sockets->operators;
  if (strcmp (name, SSE_SERVICE_PUBLIC) == 0 || strcmp (name, "unknown") == 0
      || g_str_has_suffix (name, ".socket"))
    return &sockets->public;
  return NULL;
}

static gboolean
adopt (SseServiceSockets *sockets, int fd, const char *name, GError **error)
{
  GPtrArray **place = find_place (sockets, name);
  g_autoptr (GError) local = NULL;
  SseBound *bound;

  if (place == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("the service manager gives a socket named “%s”; there are: %s, %s "
                      "(FileDescriptorName=)"),
                   name, SSE_SERVICE_PUBLIC, SSE_SERVICE_OPERATORS);
      return FALSE;
    }
  bound = sse_address_adopt (fd, &local);
  if (bound == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("the service manager's socket “%s”: %s"), name, local->message);
      return FALSE;
    }
  if (*place == NULL)
    *place = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_bound_free);
  g_ptr_array_add (*place, bound);
  return TRUE;
}

/**
 * sse_service_take_sockets:
 * @sockets: (out caller-allocates): the sockets that the service manager listens on for the daemon
 * @error: %G_IO_ERROR_INVALID_ARGUMENT where one of them is nothing to listen on, or has a name
 *   that says nothing
 *
 * To be called once.
 */
gboolean
sse_service_take_sockets (SseServiceSockets *sockets, GError **error)
{
  char **names = NULL;
  /* The environment is left as it is: other threads may read it, and no program is started. */
  int n = sd_listen_fds_with_names (FALSE, &names);
  gboolean ok = n >= 0;

  *sockets = (SseServiceSockets){ NULL, NULL };
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("the service manager's sockets: %s"), strerror (-n));
  for (int i = 0; i < n; i++)
    {
      ok = ok && adopt (sockets, SD_LISTEN_FDS_START + i, names[i], error);
      free (names[i]);
    }
  free (names);
  if (!ok)
    sse_service_sockets_clear (sockets);
  return ok;
}

void
sse_service_tell_ready (void)
{
  sd_notify (FALSE, "READY=1");
}

/* To be followed by sse_service_tell_ready(), whatever came of it. */
void
sse_service_tell_reloading (void)
{
  sd_notifyf (FALSE, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
}

/**
 * sse_service_tell_stopping:
 * @seconds: how long clients are waited for
 */
void
sse_service_tell_stopping (guint seconds)
{
  sd_notifyf (FALSE, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" G_GINT64_FORMAT,
              (seconds + LAST_SECONDS) * G_USEC_PER_SEC);
}

/**
 * sse_service_get_watchdog:
 *
 * Returns: how long the watchdog waits to be fed, in µs; 0 where there is none
 */
gint64
sse_service_get_watchdog (void)
{
  guint64 interval = 0;

  return sd_watchdog_enabled (FALSE, &interval) > 0 ? (gint64) MIN (interval, G_MAXINT64) : 0;
}

void
sse_service_feed_watchdog (void)
{
  sd_notify (FALSE, "WATCHDOG=1");
}

/**
 * sse_service_tell_status:
 * @format: one line, for people
 */
void
sse_service_tell_status (const char *format, ...)
{
  g_autofree char *status = NULL;
  va_list args;

  va_start (args, format);
  status = g_strdup_vprintf (format, args);
  va_end (args);
  sd_notifyf (FALSE, "STATUS=%s", status);
}

#else

gboolean
sse_service_take_sockets (SseServiceSockets *sockets, GError **error)
{
  *sockets = (SseServiceSockets){ NULL, NULL };
  return TRUE;
}

void
sse_service_tell_ready (void)
{
}

void
sse_service_tell_reloading (void)
{
}

void
sse_service_tell_stopping (guint seconds)
{
}

gint64
sse_service_get_watchdog (void)
{
  return 0;
}

void
sse_service_feed_watchdog (void)
{
}

void
sse_service_tell_status (const char *format, ...)
{
}

#endif
