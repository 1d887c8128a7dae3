/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-target.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>

#include "sse-cli.h"

#define PATH_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/-._~%"

static gboolean
is_unix (const char *target)
{
  return g_str_has_prefix (target, "unix:");
}

static gboolean
is_loopback (const char *target)
{
  g_autoptr (GUri) uri = g_uri_parse (target, SOUP_HTTP_URI_FLAGS, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  g_autoptr (GInetAddress) address = host != NULL ? g_inet_address_new_from_string (host) : NULL;

  return g_strcmp0 (host, "localhost") == 0
         || (address != NULL && g_inet_address_get_is_loopback (address));
}

/* What is wrong with @uri as a place to connect to, or NULL. */
static const char *
find_fault (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  if (strcmp (scheme, "http") != 0 && strcmp (scheme, "https") != 0)
    return _ ("must begin with http://, https:// or unix:");
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return _ ("names no host");
  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL
      || g_uri_get_fragment (uri) != NULL)
    return _ ("must have no user, query or fragment; a token is given in RIVULET_TOKEN or with "
              "--token-file");
  return NULL;
}

/**
 * sse_target_make_uri:
 * @target: where the server is
 * @path: a stream's path there, beginning with a slash
 * @error: %SSE_CLI_ERROR_USAGE, naming what is wrong
 *
 * Returns: (transfer full): what is asked for
 */
GUri *
sse_target_make_uri (const char *target, const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri) base = NULL;
  g_autofree char *prefix = NULL;
  g_autofree char *whole = NULL;
  const char *fault;

  base = g_uri_parse (is_unix (target) ? "http://localhost" : target, SOUP_HTTP_URI_FLAGS, &local);
  fault = base != NULL ? find_fault (base) : local->message;
  if (fault != NULL)
    {
      /* It is not repeated: it may have a token in it. */
      g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE, _ ("the URL: %s"), fault);
      return NULL;
    }
  if (strspn (path, PATH_CHARACTERS) < strlen (path))
    {
      g_set_error_literal (
          error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE,
          _ ("the path: must have no query, nor anything else that a URL's path can't "
             "hold"));
      return NULL;
    }

  prefix = g_strdup (g_uri_get_path (base));
  if (g_str_has_suffix (prefix, "/"))
    prefix[strlen (prefix) - 1] = '\0';
  whole = g_strconcat (prefix, path, NULL);
  return g_uri_build (SOUP_HTTP_URI_FLAGS, g_uri_get_scheme (base), NULL, g_uri_get_host (base),
                      g_uri_get_port (base), whole, NULL, NULL);
}

/**
 * sse_target_make_session:
 * @target: where the server is
 *
 * Returns: (transfer full): what connects there
 */
SoupSession *
sse_target_make_session (const char *target)
{
  g_autoptr (GSocketAddress) address = NULL;
  SoupSession *session;

  if (is_unix (target))
    {
      address = g_unix_socket_address_new (target + strlen ("unix:"));
      session = soup_session_new_with_options ("remote-connectable", address, NULL);
    }
  else
    {
      session = soup_session_new ();
    }
  /* What is on this machine is no proxy's business, whatever the environment or the desktop says.
   */
  if (is_unix (target) || is_loopback (target))
    soup_session_set_proxy_resolver (session, NULL);
  /* Bytes come as they are, and at once. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}
