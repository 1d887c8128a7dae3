/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli-config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "sse-token-settings.h"
#include "sse-cli.h"
#include "sse-settings.h"

/**
 * sse_cli_config_load:
 * @file: (nullable): the daemon's configuration, %NULL for where it is by default; that one need
 *   not exist
 * @error: the domain %SSE_CONFIG_ERROR
 */
SseConfig *
sse_cli_config_load (const char *file, GError **error)
{
  g_autoptr (SseConfig) config = sse_config_new (g_getenv ("CREDENTIALS_DIRECTORY"));

  if (!sse_config_load (config, file != NULL ? file : RIVULET_CONFIG_FILE, file != NULL, error))
    return NULL;
  return g_steal_pointer (&config);
}

/**
 * sse_cli_config_get_bus:
 * @bus: (out): the bus that the daemon is on
 * @error: where it is on none, or that is not told right
 */
gboolean
sse_cli_config_get_bus (SseConfig *config, GBusType *bus, GError **error)
{
  if (!sse_settings_read_bus (config, bus, error))
    return FALSE;
  if (*bus == G_BUS_TYPE_NONE)
    return sse_config_fail (
        config, "bus", "bus", error,
        _ ("is none; where rivuletd is on a bus all the same, give --session or --system"));
  return TRUE;
}

/* Where a client reaches what the daemon listens on as @address. */
static char *
make_url (const char *address)
{
  const char *colon = strrchr (address, ':');
  g_autofree char *host = NULL;

  if (g_str_has_prefix (address, "unix:"))
    return g_strdup (address);
  if (colon == NULL || strcmp (colon, ":0") == 0)
    return NULL;

  host = g_strndup (address, (gsize) (colon - address));
  if (strcmp (host, "*") == 0 || strcmp (host, "0.0.0.0") == 0)
    return g_strdup_printf ("http://localhost%s", colon);
  if (strcmp (host, "[::]") == 0)
    return g_strdup_printf ("http://[::1]%s", colon);
  return g_strdup_printf ("http://%s%s", host, colon);
}

/**
 * sse_cli_config_get_url:
 * @error: where the configuration does not tell
 *
 * Returns: (transfer full): the daemon's first address, as a client reaches it:
 * "http://localhost:3001" or "unix:PATH"
 */
char *
sse_cli_config_get_url (SseConfig *config, GError **error)
{
  g_autoptr (GVariant) settings = sse_settings_read (config, "http", error);
  g_autofree const char **addresses = NULL;
  char *url = NULL;

  if (settings == NULL)
    return NULL;
  addresses = sse_settings_get_strings (settings, "listen");
  if (addresses != NULL && addresses[0] != NULL)
    url = make_url (addresses[0]);
  if (url == NULL)
    sse_config_fail (config, "http", "listen", error,
                     _ ("tells no address to connect to; give --url URL"));
  return url;
}

/**
 * sse_cli_config_sign:
 * @claims: what the token shall say
 * @error: where there is no secret, or it can't be read
 *
 * Returns: (transfer full): a token signed with the configured secret
 */
char *
sse_cli_config_sign (SseConfig *config, const SseClaims *claims, GError **error)
{
  g_autoptr (GVariant) settings = sse_settings_read (config, "auth", error);
  g_autoptr (SseToken) signer = NULL;

  if (settings == NULL)
    return NULL;
  if (!g_variant_lookup (settings, "secret-file", "ay", NULL)
      && !g_variant_lookup (settings, "public-key-file", "ay", NULL))
    {
      sse_config_fail (
          config, "auth", "secret-file", error,
          _ ("not set, so there is no secret to sign with; name rivuletd's configuration with "
             "--config FILE (by default it is %s)"),
          RIVULET_CONFIG_FILE);
      return NULL;
    }
  signer = sse_token_settings_read (config, error);
  return signer != NULL ? sse_token_sign (signer, claims, error) : NULL;
}
