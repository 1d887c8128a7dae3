/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-client-list.h"

#include <glib/gi18n.h>

#include "sse-cli.h"
#include "sse-json.h"
#include "sse-table.h"

#define CLIENT_FORMAT "(&s&sx&st)"

/* What is not there is seen not to be. */
static const char *
or_dash (const char *text)
{
  return *text != '\0' ? text : "-";
}

/* @since: in µs since 1970 UTC */
static char *
print_time (gint64 since, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (since / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : g_strdup ("-");
}

/**
 * sse_client_list_print_readable:
 * @clients: what `ListClients` answers, an a(ssxst)
 * @zone: of the times that are shown
 *
 * Returns: (transfer full): a table for a person, with line ends; users come last, as their names
 *   are to be copied whole
 */
char *
sse_client_list_print_readable (GVariant *clients, GTimeZone *zone)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const char *headings[]
      = { _ ("QUEUED"), _ ("SINCE"), _ ("ADDRESS"), _ ("LAST-EVENT-ID"), _ ("USER"), NULL };
  GVariantIter iter;
  const char *user, *address, *last_event_id;
  gint64 since;
  guint64 queued;

  g_ptr_array_add (rows, g_strdupv ((char **) headings));
  g_variant_iter_init (&iter, clients);
  while (
      g_variant_iter_next (&iter, CLIENT_FORMAT, &user, &address, &since, &last_event_id, &queued))
    {
      g_autoptr (GStrvBuilder) row = g_strv_builder_new ();
      g_autofree char *bytes = sse_table_bytes (queued);
      g_autofree char *time = print_time (since, zone);

      g_strv_builder_add_many (row, bytes, time, or_dash (address), or_dash (last_event_id), user,
                               NULL);
      g_ptr_array_add (rows, g_strv_builder_end (row));
    }
  return sse_table_print (rows, "rllll");
}

/**
 * sse_client_list_print_json:
 * @clients: what `ListClients` answers, an a(ssxst)
 *
 * Returns: (transfer full): one line for each client, with its line end: an object with `User`,
 *   `Address`, `Since` (µs since 1970 UTC), `LastEventId` and `QueuedBytes`
 */
char *
sse_client_list_print_json (GVariant *clients)
{
  GString *lines = g_string_new (NULL);
  GVariantIter iter;
  const char *user, *address, *last_event_id;
  gint64 since;
  guint64 queued;

  g_variant_iter_init (&iter, clients);
  while (
      g_variant_iter_next (&iter, CLIENT_FORMAT, &user, &address, &since, &last_event_id, &queued))
    {
      g_autoptr (GString) line = g_string_new ("{\"User\":");
      g_autofree char *tame = NULL;

      sse_json_append_string (line, user);
      g_string_append (line, ",\"Address\":");
      sse_json_append_string (line, address);
      g_string_append_printf (line, ",\"Since\":%" G_GINT64_FORMAT ",\"LastEventId\":", since);
      sse_json_append_string (line, last_event_id);
      g_string_append_printf (line, ",\"QueuedBytes\":%" G_GUINT64_FORMAT "}", queued);
      tame = sse_cli_tame (line->str);
      g_string_append_printf (lines, "%s\n", tame);
    }
  return g_string_free (lines, FALSE);
}
