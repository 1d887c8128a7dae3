/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-bus.h"

/**
 * bench_bus_connect:
 * @address: a D-Bus address, `session` or `system`
 * @error: (out) (optional): set where there is no bus
 *
 * Returns: (transfer full): a connection that nobody else uses
 */
GDBusConnection *
bench_bus_connect (const char *address, GError **error)
{
  g_autofree char *found = NULL;
  gboolean session = g_str_equal (address, "session");

  if (session || g_str_equal (address, "system"))
    {
      found = g_dbus_address_get_for_bus_sync (session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                                               NULL, error);
      if (found == NULL)
        return NULL;
      address = found;
    }
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
  if (connection != NULL)
    g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}
