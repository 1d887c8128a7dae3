/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-address.h"

#include <arpa/inet.h>
#include <string.h>

#include "bench-error.h"

/**
 * bench_address_parse:
 * @url: http, with an IPv4 address
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where it is not
 */
gboolean
bench_address_parse (BenchAddress *self, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  memset (self, 0, sizeof *self);
  if (uri == NULL || g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 || g_uri_get_host (uri) == NULL
      || inet_pton (AF_INET, g_uri_get_host (uri), &self->inet.sin_addr) != 1)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE,
                   "\"%s\" is not like http://127.0.0.1:3001/path", url);
      return FALSE;
    }
  int port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 80;
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);

  self->inet.sin_family = AF_INET;
  self->inet.sin_port = htons ((guint16) port);
  self->host = g_strdup_printf ("%s:%d", g_uri_get_host (uri), port);
  self->target = g_strconcat (*path != '\0' ? path : "/", query != NULL ? "?" : "", query, NULL);
  return TRUE;
}

void
bench_address_clear (BenchAddress *self)
{
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->target, g_free);
}
