/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-error.h"

#include <gio/gio.h>

#define PREFIX "io.github.rivulet.Rivulet1.Error."

static const GDBusErrorEntry entries[] = {
  { SSE_ERROR_UNKNOWN_STREAM, PREFIX "UnknownStream" },
  { SSE_ERROR_INVALID_UPDATE, PREFIX "InvalidUpdate" },
  { SSE_ERROR_REFUSED, PREFIX "Refused" },
  { SSE_ERROR_NOT_AUTHORIZED, PREFIX "NotAuthorized" },
  { SSE_ERROR_TOO_LARGE, PREFIX "TooLarge" },
  { SSE_ERROR_BUSY, PREFIX "Busy" },
  { SSE_ERROR_STORE_FAILED, PREFIX "StoreFailed" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == SSE_N_ERRORS);

/* Gives the errors of %SSE_ERROR their names on the bus. */
void
sse_bus_error_register (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    g_dbus_error_register_error (SSE_ERROR, entries[i].error_code, entries[i].dbus_error_name);
}

/**
 * sse_bus_error_get_name:
 * @error: an error of the domain %SSE_ERROR
 *
 * Returns: its name on the bus
 */
const char *
sse_bus_error_get_name (const GError *error)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    if (g_error_matches (error, SSE_ERROR, entries[i].error_code))
      return entries[i].dbus_error_name;
  g_critical ("an error without a name on the bus: %s", error->message);
  return PREFIX "StoreFailed";
}
