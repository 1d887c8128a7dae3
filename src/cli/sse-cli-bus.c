/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli-bus.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-cli-config.h"
#include "sse-cli.h"

#define ERROR_PREFIX   "io.github.rivulet.Rivulet1.Error."
#define BUS_PREFIX     "org.freedesktop.DBus.Error."
#define SYSTEMD_PREFIX "org.freedesktop.systemd1."

/* For an answer for which somebody may have to type a password, in ms. */
#define MANAGE_TIMEOUT 300000

/* What other errors than rivuletd's own mean. */
static const struct
{
  const char *name;
  SseBusFault fault;
} faults[] = {
  { ERROR_PREFIX "UnknownStream", SSE_BUS_FAULT_UNUSABLE },
  { ERROR_PREFIX "NotAuthorized", SSE_BUS_FAULT_UNUSABLE },
  { ERROR_PREFIX "StoreFailed", SSE_BUS_FAULT_UNKNOWN },
  { BUS_PREFIX "ServiceUnknown", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "NameHasNoOwner", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "AccessDenied", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "UnknownMethod", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "UnknownObject", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "UnknownInterface", SSE_BUS_FAULT_UNUSABLE },
  { BUS_PREFIX "InvalidArgs", SSE_BUS_FAULT_REFUSED },
};

static gboolean
choose (const SseBusChoice *choice, GBusType *bus, GError **error)
{
  g_autoptr (SseConfig) config = NULL;

  if (choice->session && choice->system)
    {
      g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
                           _ ("only one of --session and --system can be given"));
      return FALSE;
    }
  if (choice->session || choice->system)
    {
      *bus = choice->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
      return TRUE;
    }
  config = sse_cli_config_load (choice->config_file, error);
  return config != NULL && sse_cli_config_get_bus (config, bus, error);
}

/**
 * sse_cli_bus_connect:
 * @choice: what the command line says; else the configuration does
 * @bus: (out): which bus it became
 * @error: where it can't be reached
 *
 * Returns: (transfer full): a connection that may be lost without the process ending
 */
GDBusConnection *
sse_cli_bus_connect (const SseBusChoice *choice, GBusType *bus, GError **error)
{
  g_autoptr (GError) local = NULL;
  GDBusConnection *connection;

  if (!choose (choice, bus, error))
    return NULL;
  connection = g_bus_get_sync (*bus, NULL, &local);
  if (connection == NULL)
    {
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                   *bus == G_BUS_TYPE_SYSTEM
                       ? _ ("cannot reach the system bus: %s; where rivuletd is on the session "
                            "bus, give --session")
                       : _ ("cannot reach the session bus: %s; DBUS_SESSION_BUS_ADDRESS must name "
                            "it, or give --system"),
                   local->message);
      return NULL;
    }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}

/* Whether the bus, or systemd for it, was asked to start rivuletd and could not. Such an error is
 * the bus's own: what was sent has reached nobody. */
static gboolean
is_no_start (const char *name)
{
  return name != NULL
         && (strcmp (name, BUS_PREFIX "TimedOut") == 0
             || g_str_has_prefix (name, BUS_PREFIX "Spawn.")
             || g_str_has_prefix (name, SYSTEMD_PREFIX));
}

/* What @error means for an update that was sent. */
SseBusFault
sse_cli_bus_judge (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  if (is_no_start (name))
    return SSE_BUS_FAULT_UNUSABLE;
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (faults); i++)
    if (strcmp (name, faults[i].name) == 0)
      return faults[i].fault;
  return name != NULL && g_str_has_prefix (name, ERROR_PREFIX) ? SSE_BUS_FAULT_REFUSED
                                                               : SSE_BUS_FAULT_UNKNOWN;
}

/**
 * sse_cli_bus_describe_absence:
 *
 * Returns: (transfer none): that rivuletd is not on that bus, and the remedy
 */
const char *
sse_cli_bus_describe_absence (GBusType bus)
{
  return bus == G_BUS_TYPE_SYSTEM
             ? _ ("rivuletd is not on the system bus; start it (“systemctl status rivulet” says "
                  "how it is), or give --session where it is on the session bus")
             : _ ("rivuletd is not on the session bus; start it (rivuletd --session; “systemctl "
                  "--user status rivulet” says how it is), or give --system where it is on the "
                  "system bus");
}

static gboolean
is_absence (const char *name)
{
  return g_strcmp0 (name, BUS_PREFIX "ServiceUnknown") == 0
         || g_strcmp0 (name, BUS_PREFIX "NameHasNoOwner") == 0;
}

static char *
describe_no_start (const char *message, GBusType bus)
{
  return g_strdup_printf (
      bus == G_BUS_TYPE_SYSTEM
          ? _ ("rivuletd is not running, and did not start: %s; “systemctl status rivulet” says "
               "why, "
               "and “systemctl enable --now rivulet.socket” has it started when it is needed")
          : _ (
              "rivuletd is not running, and did not start: %s; “systemctl --user status rivulet” "
              "says why, and “systemctl --user enable --now rivulet.socket” has it started when it "
              "is needed"),
      message);
}

/**
 * sse_cli_bus_describe:
 * @error: what a call ended with
 * @bus: where
 *
 * Returns: (transfer full): the reason and, where there is one, the remedy
 */
char *
sse_cli_bus_describe (const GError *error, GBusType bus)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GError) stripped = g_error_copy (error);

  g_dbus_error_strip_remote_error (stripped);
  if (is_absence (name))
    return g_strdup (sse_cli_bus_describe_absence (bus));
  if (is_no_start (name))
    return describe_no_start (stripped->message, bus);
  if (g_strcmp0 (name, BUS_PREFIX "AccessDenied") == 0)
    return g_strdup (bus == G_BUS_TYPE_SYSTEM ? _ (
                         "the bus's policy does not let you; root and the members of the group "
                         "rivulet-publishers may publish, from their next login on")
                                              : _ ("the bus's policy does not let you"));
  if (name != NULL && g_str_has_prefix (name, ERROR_PREFIX))
    return g_strdup_printf ("%s (%s)", stripped->message, name + strlen (ERROR_PREFIX));
  return g_strdup (stripped->message);
}

/* What a call of the Manager ended with, and the remedy where it is one for all of these. */
static char *
describe_manager (const GError *error, GBusType bus, const char *method)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autofree char *why = sse_cli_bus_describe (error, bus);

  if (g_strcmp0 (name, ERROR_PREFIX "NotAuthorized") == 0)
    return bus == G_BUS_TYPE_SYSTEM
               ? g_strdup_printf (_ ("%s; run it as root (sudo), or have polkit allow you "
                                     "io.github.rivulet.manage"),
                                  why)
               : g_strdup_printf (_ ("%s; run it as the user whose session that is"), why);
  if (g_strcmp0 (name, BUS_PREFIX "AccessDenied") == 0)
    return g_strdup_printf (_ ("%s; or run it as root (sudo)"), why);
  if (g_strcmp0 (name, BUS_PREFIX "UnknownMethod") == 0)
    return g_strdup_printf (_ ("this rivuletd does not know %s yet; after an upgrade, it has to be "
                               "started again"),
                            method);
  return g_steal_pointer (&why);
}

/**
 * sse_cli_bus_manage:
 * @connection: the bus
 * @bus: which it is
 * @method: one of the Manager's
 * @arguments: (transfer floating): of it
 * @type: of its answer
 * @flags: further ones
 * @fault: (out) (optional): where it failed: what that means for what was asked
 * @error: why it failed, and what to do about it
 *
 * Calls what an administrator may. Where polkit can ask somebody for a password, it does.
 *
 * Returns: (transfer full): the answer
 */
GVariant *
sse_cli_bus_manage (GDBusConnection *connection,
                    GBusType bus,
                    const char *method,
                    GVariant *arguments,
                    const char *type,
                    GDBusCallFlags flags,
                    SseBusFault *fault,
                    GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *why = NULL;
  GVariant *answer = g_dbus_connection_call_sync (
      connection, SSE_CLI_BUS_NAME, SSE_CLI_BUS_PATH, SSE_CLI_BUS_MANAGER, method, arguments,
      G_VARIANT_TYPE (type), flags | G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
      MANAGE_TIMEOUT, NULL, &local);

  if (answer != NULL)
    return answer;
  if (fault != NULL)
    *fault = sse_cli_bus_judge (local);
  why = describe_manager (local, bus, method);
  g_set_error_literal (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED, why);
  return NULL;
}

/**
 * sse_cli_bus_make_publish:
 * @stream: UTF-8
 * @update: UTF-8
 * @audience: (nullable): UTF-8
 *
 * Returns: (transfer floating): the arguments of `Publish`
 */
GVariant *
sse_cli_bus_make_publish (const char *stream, const char *update, const char *audience)
{
  g_auto (GVariantBuilder) options = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (audience != NULL)
    g_variant_builder_add (&options, "{sv}", "audience", g_variant_new_string (audience));
  return g_variant_new ("(ssa{sv})", stream, update, &options);
}

static const char *
get_name (GVariant *properties)
{
  const char *name = "";

  g_variant_lookup (properties, "Name", "&s", &name);
  return name;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (get_name (*(GVariant *const *) a), get_name (*(GVariant *const *) b));
}

/**
 * sse_cli_bus_list_streams:
 * @objects: what the ObjectManager has, an a{oa{sa{sv}}}
 *
 * Returns: (transfer full) (element-type GVariant): the properties of each stream, an a{sv}, by
 *   their names
 */
GPtrArray *
sse_cli_bus_list_streams (GVariant *objects)
{
  GPtrArray *streams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  GVariantIter iter;
  GVariant *interfaces;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", NULL, &interfaces))
    {
      GVariant *properties
          = g_variant_lookup_value (interfaces, SSE_CLI_BUS_STREAM, G_VARIANT_TYPE_VARDICT);

      if (properties != NULL)
        g_ptr_array_add (streams, properties);
    }
  g_ptr_array_sort (streams, compare_names);
  return streams;
}

/**
 * sse_cli_bus_get_streams:
 * @flags: of the call
 * @error: of D-Bus, see sse_cli_bus_describe()
 *
 * Returns: (transfer full) (element-type GVariant): as sse_cli_bus_list_streams()
 */
GPtrArray *
sse_cli_bus_get_streams (GDBusConnection *connection, GDBusCallFlags flags, GError **error)
{
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      connection, SSE_CLI_BUS_NAME, SSE_CLI_BUS_PATH, "org.freedesktop.DBus.ObjectManager",
      "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), flags, SSE_CLI_BUS_TIMEOUT,
      NULL, error);

  if (answer == NULL)
    return NULL;
  objects = g_variant_get_child_value (answer, 0);
  return sse_cli_bus_list_streams (objects);
}

static gboolean
is_served (GVariant *properties)
{
  const char *path = "";

  return g_variant_lookup (properties, "Path", "&s", &path) && *path == '/';
}

/* The properties of the stream named @name, of the one that is served where others are disabled;
 * NULL with an error that names those there are. */
static GVariant *
find_stream (GPtrArray *streams, const char *name, GError **error)
{
  g_autoptr (GString) there = g_string_new (NULL);
  GVariant *found = NULL;

  for (guint i = 0; i < streams->len; i++)
    {
      GVariant *properties = g_ptr_array_index (streams, i);

      if (strcmp (get_name (properties), name) == 0 && (found == NULL || is_served (properties)))
        found = properties;
      g_string_append_printf (there, "%s%s", i > 0 ? ", " : "", get_name (properties));
    }
  if (found == NULL)
    g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                 _ ("%s: no such stream; there are: %s"), name, there->str);
  return found;
}

/**
 * sse_cli_bus_find_path:
 * @connection: the bus
 * @bus: which it is
 * @stream: a stream's name
 * @error: where rivuletd is not there, or has no such stream, or can't serve it
 *
 * Returns: (transfer full): the stream's path under HTTP
 */
char *
sse_cli_bus_find_path (GDBusConnection *connection,
                       GBusType bus,
                       const char *stream,
                       GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) streams
      = sse_cli_bus_get_streams (connection, G_DBUS_CALL_FLAGS_NONE, &local);
  GVariant *properties;
  const char *path = "";
  const char *reason = "";

  if (streams == NULL)
    {
      g_autofree char *why = sse_cli_bus_describe (local, bus);

      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                   _ ("cannot ask for the path of %s: %s; or give its path, such as "
                      "/quota/stream, in place of its name"),
                   stream, why);
      return NULL;
    }
  properties = find_stream (streams, stream, error);
  if (properties == NULL)
    return NULL;
  if (!is_served (properties))
    {
      g_variant_lookup (properties, "Error", "&s", &reason);
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED, _ ("%s is disabled: %s"), stream,
                   *reason != '\0' ? reason : _ ("rivuletd does not say why"));
      return NULL;
    }
  g_variant_lookup (properties, "Path", "&s", &path);
  return g_strdup (path);
}
