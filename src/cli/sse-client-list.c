/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-client-list.h"

#include <glib/gi18n-lib.h>

#include "sse-cli.h"
#include "sse-json.h"
#include "sse-table.h"

struct _SseClientList
{
  GArray *clients;  /* Client */
  GPtrArray *texts; /* what they point into */
};

typedef struct
{
  const char *stream;
  const char *user;
  const char *address;
  const char *last_event_id;
  gint64 since;
  guint64 queued;
} Client;

SseClientList *
sse_client_list_new (void)
{
  SseClientList *self = g_new0 (SseClientList, 1);

  self->clients = g_array_new (FALSE, FALSE, sizeof (Client));
  self->texts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return self;
}

void
sse_client_list_free (SseClientList *self)
{
  g_array_unref (self->clients);
  g_ptr_array_unref (self->texts);
  g_free (self);
}

/* Those with as much come in the order in which they came. */
static gint
compare (gconstpointer a, gconstpointer b)
{
  const Client *one = a;
  const Client *other = b;

  if (one->queued != other->queued)
    return one->queued > other->queued ? -1 : 1;
  return one->since < other->since ? -1 : one->since > other->since;
}

/**
 * sse_client_list_add:
 * @stream: UTF-8; outlives the list
 * @clients: who follows it: what `ListClients` answers, an a(ssxst)
 */
void
sse_client_list_add (SseClientList *self, const char *stream, GVariant *clients)
{
  Client client = { .stream = stream };
  GVariantIter iter;

  g_ptr_array_add (self->texts, g_variant_ref (clients));
  g_variant_iter_init (&iter, clients);
  while (g_variant_iter_next (&iter, "(&s&sx&st)", &client.user, &client.address, &client.since,
                              &client.last_event_id, &client.queued))
    g_array_append_val (self->clients, client);
  g_array_sort (self->clients, compare);
}

/**
 * sse_client_list_cut:
 *
 * Keeps the first @max clients.
 *
 * Returns: whether there are so many, of which each stream may have more
 */
gboolean
sse_client_list_cut (SseClientList *self, gsize max)
{
  if (self->clients->len > max)
    g_array_set_size (self->clients, (guint) max);
  return self->clients->len == max;
}

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

static char **
make_row (const Client *client, gboolean show_streams, GTimeZone *zone)
{
  g_autoptr (GStrvBuilder) row = g_strv_builder_new ();
  g_autofree char *bytes = sse_table_bytes (client->queued);
  g_autofree char *time = print_time (client->since, zone);

  g_strv_builder_add_many (row, bytes, time, or_dash (client->address),
                           or_dash (client->last_event_id), NULL);
  if (show_streams)
    g_strv_builder_add (row, client->stream);
  g_strv_builder_add (row, client->user);
  return g_strv_builder_end (row);
}

/**
 * sse_client_list_print_readable:
 * @show_streams: whether they are of several streams
 * @zone: of the times that are shown
 *
 * Returns: (transfer full): a table for a person, with line ends; users come last, as their names
 *   are to be copied whole
 */
char *
sse_client_list_print_readable (SseClientList *self, gboolean show_streams, GTimeZone *zone)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GStrvBuilder) headings = g_strv_builder_new ();

  g_strv_builder_add_many (headings, _ ("QUEUED"), _ ("SINCE"), _ ("ADDRESS"), _ ("LAST-EVENT-ID"),
                           NULL);
  if (show_streams)
    g_strv_builder_add (headings, _ ("STREAM"));
  g_strv_builder_add (headings, _ ("USER"));
  g_ptr_array_add (rows, g_strv_builder_end (headings));
  for (guint i = 0; i < self->clients->len; i++)
    g_ptr_array_add (rows,
                     make_row (&g_array_index (self->clients, Client, i), show_streams, zone));
  return sse_table_print (rows, show_streams ? "rlllll" : "rllll");
}

static void
append_member (GString *object, const char *name, const char *text)
{
  g_string_append_printf (object, "%s\"%s\":", object->len > 1 ? "," : "", name);
  sse_json_append_string (object, text);
}

/**
 * sse_client_list_print_json:
 *
 * Returns: (transfer full): one line for each client, with its line end: an object with `Stream`,
 *   `User`, `Address`, `LastEventId`, `Since` (µs since 1970 UTC) and `QueuedBytes`
 */
char *
sse_client_list_print_json (SseClientList *self)
{
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < self->clients->len; i++)
    {
      const Client *client = &g_array_index (self->clients, Client, i);
      g_autoptr (GString) object = g_string_new ("{");
      g_autofree char *tame = NULL;

      append_member (object, "Stream", client->stream);
      append_member (object, "User", client->user);
      append_member (object, "Address", client->address);
      append_member (object, "LastEventId", client->last_event_id);
      g_string_append_printf (
          object, ",\"Since\":%" G_GINT64_FORMAT ",\"QueuedBytes\":%" G_GUINT64_FORMAT "}",
          client->since, client->queued);
      tame = sse_cli_tame (object->str);
      g_string_append_printf (lines, "%s\n", tame);
    }
  return g_string_free (lines, FALSE);
}
