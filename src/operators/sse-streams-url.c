/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-streams-url.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-cors.h"
#include "sse-routes.h"

/* What stands before the path, or all of it. */
static gsize
measure_origin (const char *url)
{
  const char *host = strstr (url, "://");

  return host != NULL ? (gsize) (host - url) + 3 + strcspn (host + 3, "/") : strlen (url);
}

/* One that can be named in a Content-Security-Policy: neither an IPv6 address nor anything that
 * would end its directive can (CSP3, "Source Lists"). */
static gboolean
is_origin (const char *origin)
{
  const char *const origins[] = { origin, NULL };
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);

  return cors != NULL && strpbrk (origin, "[!$&'()+,;=%~") == NULL
         && (g_str_has_prefix (origin, "http://") || g_str_has_prefix (origin, "https://"));
}

static gboolean
is_path (const char *path)
{
  const char *const paths[] = { path, NULL };

  return *path == '\0' || sse_routes_check_base_paths (paths, NULL);
}

/**
 * sse_streams_url_check:
 * @error: %G_IO_ERROR_INVALID_ARGUMENT
 */
gboolean
sse_streams_url_check (const char *url, GError **error)
{
  g_autofree char *origin = sse_streams_url_dup_origin (url);

  if (is_origin (origin) && is_path (url + strlen (origin)))
    return TRUE;
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      _ ("“%s” is not where a browser reaches the streams, such as "
         "https://example.org/live: a name or an IPv4 address, without default port, query "
         "or / at the end"),
      url);
  return FALSE;
}

/**
 * sse_streams_url_choose:
 * @configured: (nullable): a checked one, which counts
 * @addresses: (array zero-terminated=1): what the clients' listener listens on
 *
 * Returns: (transfer full) (nullable): @configured, else the first of @addresses that a browser can
 *   be sent to from a page on the same machine
 */
char *
sse_streams_url_choose (const char *configured, const char *const *addresses)
{
  if (configured != NULL)
    return g_strdup (configured);
  for (; *addresses != NULL; addresses++)
    if (g_str_has_prefix (*addresses, "*:"))
      return g_strconcat ("http://localhost", *addresses + 1, NULL);
    else if (g_ascii_isdigit (**addresses))
      return g_strconcat ("http://", *addresses, NULL);
  return NULL;
}

/**
 * sse_streams_url_dup_origin:
 *
 * Returns: (transfer full): its origin
 */
char *
sse_streams_url_dup_origin (const char *url)
{
  return g_strndup (url, measure_origin (url));
}
