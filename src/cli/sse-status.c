/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-status.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>

#include "sse-cli-bus.h"
#include "sse-cli.h"
#include "sse-table.h"

static const char *
get_text (GVariant *properties, const char *name)
{
  const char *text = "";

  g_variant_lookup (properties, name, "&s", &text);
  return text;
}

/* Of a `u` or a `t`. */
static guint64
get_number (GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_get_uint64 (value);
  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  return 0;
}

static char *
print_number (GVariant *properties, const char *name)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, get_number (properties, name));
}

/* ---- for a person ---- */

/* What rivuletd has for programs, of a stream and of the store, in a person's words. One that is
 * not known here is of a later version. */
static const char *
translate_state (const char *state)
{
  if (strcmp (state, "running") == 0)
    return C_ ("stream", "running");
  if (strcmp (state, "disabled") == 0)
    return C_ ("stream", "disabled");
  if (strcmp (state, "ok") == 0)
    return C_ ("store", "ok");
  if (strcmp (state, "failed") == 0)
    return C_ ("store", "failed");
  return strcmp (state, "none") == 0 ? C_ ("store", "none") : state;
}

static void
add_row (GPtrArray *rows, const char *name, char *value)
{
  char **row = g_new0 (char *, 3);

  row[0] = g_strdup (name);
  row[1] = value;
  g_ptr_array_add (rows, row);
}

static char *
print_refused (GVariant *server)
{
  guint64 total = get_number (server, "RefusedByTotal");
  guint64 address = get_number (server, "RefusedByAddress");
  guint64 user = get_number (server, "RefusedByUser");

  return g_strdup_printf (_ ("%" PRIu64 " (too many in all %" PRIu64 ", of an address %" PRIu64
                             ", of a user %" PRIu64 "); tokens %" PRIu64),
                          total + address + user, total, address, user,
                          get_number (server, "TokensRefused"));
}

static char *
print_store (GVariant *server)
{
  const char *state = translate_state (get_text (server, "StoreState"));
  const char *error = get_text (server, "StoreError");

  return *error != '\0' ? g_strdup_printf (_ ("%s: %s"), state, error) : g_strdup (state);
}

/* Those that share the log, each in a row of its own, and how far behind its end they are. */
static void
add_nodes (GPtrArray *rows, GVariant *server)
{
  g_autoptr (GVariantIter) nodes = NULL;
  const char *heading = _ ("nodes");
  const char *name;
  guint64 position, lag;

  if (!g_variant_lookup (server, "Nodes", "a(stt)", &nodes))
    return;
  while (g_variant_iter_next (nodes, "(&stt)", &name, &position, &lag))
    {
      g_autofree char *tamed = sse_cli_tame (name);

      add_row (rows, heading,
               lag > 0 ? g_strdup_printf (
                   g_dngettext (GETTEXT_PACKAGE, "%s, at %" PRIu64 ", %" PRIu64 " message behind",
                                "%s, at %" PRIu64 ", %" PRIu64 " messages behind", lag),
                   tamed, position, lag)
                       : g_strdup_printf (_ ("%s, at %" PRIu64), tamed, position));
      heading = "";
    }
}

static char *
print_server (GVariant *server, const char *bus)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  add_row (rows, _ ("rivuletd"), g_strdup_printf ("%s, %s", get_text (server, "Version"), bus));
  add_row (rows, _ ("connections"),
           g_strdup_printf (_ ("%" PRIu64 " of %" PRIu64), get_number (server, "Connections"),
                            get_number (server, "MaxConnections")));
  add_row (rows, _ ("refused"), print_refused (server));
  add_row (rows, _ ("store"), print_store (server));
  add_nodes (rows, server);
  return sse_table_print (rows, "ll");
}

static void
add_stream (GPtrArray *rows, GVariant *stream)
{
  g_autoptr (GStrvBuilder) row = g_strv_builder_new ();
  g_autofree char *clients = print_number (stream, "Clients");
  g_autofree char *position = print_number (stream, "Position");
  g_autofree char *queued = sse_table_bytes (get_number (stream, "QueuedBytes"));
  g_autofree char *dropped = print_number (stream, "Dropped");
  const char *error = get_text (stream, "Error");

  g_strv_builder_add_many (row, get_text (stream, "Name"),
                           translate_state (get_text (stream, "State")), clients, position, queued,
                           dropped, NULL);
  g_ptr_array_add (rows, g_strv_builder_end (row));
  if (*error != '\0')
    {
      char **line = g_new0 (char *, 2);

      line[0] = g_strconcat ("  ", error, NULL);
      g_ptr_array_add (rows, line);
    }
}

/**
 * sse_status_print_readable:
 * @server: the properties of `Server`, an a{sv}
 * @objects: what the ObjectManager has, an a{oa{sa{sv}}}
 * @bus: where that was asked, in words
 *
 * Returns: (transfer full): lines for a person, each with its line end
 */
char *
sse_status_print_readable (GVariant *server, GVariant *objects, const char *bus)
{
  g_autoptr (GPtrArray) streams = sse_cli_bus_list_streams (objects);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autofree char *head = print_server (server, bus);
  g_autofree char *table = NULL;
  const char *headings[] = { _ ("STREAM"), _ ("STATE"),   _ ("CLIENTS"), _ ("POSITION"),
                             _ ("QUEUED"), _ ("DROPPED"), NULL };

  g_ptr_array_add (rows, g_strdupv ((char **) headings));
  for (guint i = 0; i < streams->len; i++)
    add_stream (rows, g_ptr_array_index (streams, i));
  table = sse_table_print (rows, "llrrrr");
  return g_strdup_printf ("%s\n%s", head, table);
}

/* ---- for a program ---- */

/**
 * sse_status_print_json:
 * @server: (nullable): as in sse_status_print_readable(); %NULL where rivuletd is not there
 * @objects: (nullable): likewise
 *
 * Returns: (transfer full): one line with its line end: an object with `Server` and `Streams`,
 *   whose members are properties as on D-Bus
 */
char *
sse_status_print_json (GVariant *server, GVariant *objects)
{
  g_auto (GVariantBuilder) all = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_auto (GVariantBuilder) list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) streams = objects != NULL ? sse_cli_bus_list_streams (objects) : NULL;
  g_autoptr (GVariant) status = NULL;
  g_autofree char *json = NULL;
  g_autofree char *line = NULL;

  for (guint i = 0; streams != NULL && i < streams->len; i++)
    g_variant_builder_add_value (&list, g_ptr_array_index (streams, i));
  g_variant_builder_add (&all, "{sv}", "Server",
                         g_variant_new_maybe (G_VARIANT_TYPE_VARDICT, server));
  g_variant_builder_add (&all, "{sv}", "Streams", g_variant_builder_end (&list));
  status = g_variant_ref_sink (g_variant_builder_end (&all));
  json = json_gvariant_serialize_data (status, NULL);
  line = sse_cli_tame (json);
  return g_strconcat (line, "\n", NULL);
}
