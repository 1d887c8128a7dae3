/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cli-config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

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

/* Of what systemd runs for a user, as its units have it. */
static char *
find_own_secret (void)
{
  return g_build_filename (g_get_user_config_dir (), "rivulet", "secret", NULL);
}

/**
 * sse_cli_config_load_signing:
 * @file: (nullable): as for sse_cli_config_load()
 * @secret_file: (nullable): what to sign with, in place of what is configured
 * @own: whether the user's own rivuletd shall take the tokens: where neither is given, the secret
 * is the one of that
 * @error: the domain %SSE_CONFIG_ERROR
 *
 * Returns: (transfer full): what sse_cli_config_sign() takes
 */
SseConfig *
sse_cli_config_load_signing (const char *file,
                             const char *secret_file,
                             gboolean own,
                             GError **error)
{
  g_autofree char *own_secret = own && file == NULL ? find_own_secret () : NULL;
  const char *origin = secret_file != NULL ? "--secret-file" : own_secret;
  g_autoptr (SseConfig) config = NULL;

  if (secret_file == NULL && own_secret != NULL && access (own_secret, F_OK) == 0)
    secret_file = own_secret;
  /* With a secret of its own, nothing of a configuration matters that was not asked for. */
  if (secret_file != NULL && file == NULL)
    config = sse_config_new (NULL);
  else
    config = sse_cli_config_load (file, error);
  if (config != NULL && secret_file != NULL)
    sse_config_set (config, "auth", "secret-file", secret_file, origin);
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
 * sse_cli_config_find_own_url:
 * @error: where there is none
 *
 * Returns: (transfer full): where systemd has the user's own rivuletd listen, "unix:PATH"
 */
char *
sse_cli_config_find_own_url (GError **error)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "rivulet", "public", NULL);

  if (access (path, F_OK) == 0)
    return g_strconcat ("unix:", path, NULL);
  g_set_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
               _ ("your own Rivulet does not listen on %s; “systemctl --user enable --now "
                  "rivulet.socket” has it do so. Where it is elsewhere, give --url URL or --config "
                  "FILE"),
               path);
  return NULL;
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
      g_autofree char *folder = g_path_get_dirname (RIVULET_CONFIG_FILE);

      sse_config_fail (config, "auth", "secret-file", error,
                       _ ("not set, so there is no secret to sign with; where systemd gives "
                          "rivuletd its secret, "
                          "give --secret-file %s/secret, as root (sudo), else name rivuletd's "
                          "configuration with "
                          "--config FILE (by default it is %s)"),
                       folder, RIVULET_CONFIG_FILE);
      return NULL;
    }
  signer = sse_token_settings_read (config, error);
  return signer != NULL ? sse_token_sign (signer, claims, error) : NULL;
}
