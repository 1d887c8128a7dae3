/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-front-settings.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "sse-address.h"
#include "sse-capacity.h"
#include "sse-cors.h"
#include "sse-routes.h"
#include "sse-settings.h"

/* Of bodies, all requests under way together. */
#define MAX_BODY_BYTES (256 * 1024 * 1024)

static gboolean
check_addresses (const char *const *addresses, GError **error)
{
  if (*addresses == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("at least one address is needed"));
      return FALSE;
    }
  for (; *addresses != NULL; addresses++)
    if (!sse_address_check (*addresses, error))
      return FALSE;
  return TRUE;
}

/* RFC 6265, section 4.1.1. */
static gboolean
check_cookie_name (const char *name, GError **error)
{
  if (name == NULL || g_regex_match_simple ("\\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\\z", name, 0, 0))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no cookie's name, such as __Host-token"), name);
  return FALSE;
}

/**
 * sse_front_settings_check:
 * @settings: an a{sv} of the group `http`
 * @key: (out): the key whose value is wrong, where one is
 * @error: %G_IO_ERROR_INVALID_ARGUMENT, with what is wrong
 *
 * Checks what the table of settings says nothing of: addresses, prefixes, origins and the cookie.
 */
gboolean
sse_front_settings_check (GVariant *settings, const char **key, GError **error)
{
  g_autofree const char **addresses = sse_settings_get_strings (settings, "listen");
  g_autofree const char **base_paths = sse_settings_get_strings (settings, "base-paths");
  g_autofree const char **origins = sse_settings_get_strings (settings, "allowed-origins");
  g_autoptr (SseCors) cors = NULL;

  *key = "listen";
  if (!check_addresses (addresses, error))
    return FALSE;
  *key = "base-paths";
  if (!sse_routes_check_base_paths (base_paths, error))
    return FALSE;
  *key = "allowed-origins";
  cors = sse_cors_new (origins, error);
  if (cors == NULL)
    return FALSE;
  *key = "cookie-name";
  return check_cookie_name (sse_settings_get_string (settings, "cookie-name"), error);
}

/**
 * sse_front_settings_read:
 * @settings: an a{sv} of the group `http`
 *
 * Returns: the limits that they say
 */
SseListenerOptions
sse_front_settings_read (GVariant *settings)
{
  gsize wanted = sse_settings_get_number (settings, "max-connections");

  return (SseListenerOptions){
    .gate = {
      .max_connections = sse_capacity_choose (wanted),
      .max_per_address = (guint) sse_settings_get_number (settings, "max-connections-per-address"),
      .max_per_user = (guint) sse_settings_get_number (settings, "max-connections-per-user"),
      .max_body_bytes = MAX_BODY_BYTES,
    },
    .head_timeout_ms = (guint) sse_settings_get_number (settings, "head-timeout-ms"),
    .body_timeout_seconds = (guint) sse_settings_get_number (settings, "body-timeout-seconds"),
  };
}
