/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token-settings.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-own-key.h"
#include "sse-settings.h"

#define GROUP "auth"

static gboolean
check_algorithm (SseConfig *config, const char *group, const char *algorithm, GError **error)
{
  return sse_token_algorithm_is_known (algorithm)
         || sse_config_fail (config, group, "algorithm", error,
                             _ ("“%s” is none of HS256, HS384, HS512, RS256, RS384, RS512, ES256, "
                                "ES384 and ES512"),
                             algorithm);
}

/* The key that the file of @setting holds; NULL with an error. */
static SseTokenKey *
read_key (SseConfig *config,
          const char *group,
          const char *setting,
          GVariant *content,
          const char *algorithm,
          GError **error)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (content);
  g_autoptr (GError) local = NULL;
  SseTokenKey *key = sse_token_key_new (algorithm, bytes, &local);

  if (key == NULL)
    sse_config_fail (config, group, setting, error, "%s", local->message);
  return key;
}

/* ---- the default key ---- */

/* @is_there: (out): whether any key is named */
static gboolean
read_default (
    SseToken *token, SseConfig *config, GVariant *settings, gboolean *is_there, GError **error)
{
  const char *algorithm = sse_settings_get_string (settings, "algorithm");
  g_autoptr (GVariant) secret
      = g_variant_lookup_value (settings, "secret-file", G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GVariant) public
      = g_variant_lookup_value (settings, "public-key-file", G_VARIANT_TYPE_BYTESTRING);
  SseTokenKey *key;

  *is_there = secret != NULL || public != NULL;
  if (!check_algorithm (config, GROUP, algorithm, error))
    return FALSE;
  if (sse_token_algorithm_has_secret (algorithm) && public != NULL)
    return sse_config_fail (config, GROUP, "public-key-file", error,
                            _ ("%s has no public keys; set algorithm to what the key is for"),
                            algorithm);
  if (!sse_token_algorithm_has_secret (algorithm) && secret != NULL)
    return sse_config_fail (config, GROUP, "secret-file", error,
                            _ ("%s has no secrets; name a public-key-file. Where systemd gives the "
                               "secret, an empty LoadCredential= in a drop-in (systemctl edit "
                               "rivulet.service) takes it away"),
                            algorithm);
  if (!*is_there)
    return TRUE;

  if (secret != NULL)
    key = read_key (config, GROUP, "secret-file", secret, algorithm, error);
  else
    key = read_key (config, GROUP, "public-key-file", public, algorithm, error);
  if (key == NULL)
    return FALSE;
  sse_token_set_default (token, key);
  return TRUE;
}

/* What rivuletd signs with itself, where that is not its own secret alone. */
static gboolean
read_own (SseToken *token, SseConfig *config, GVariant *settings, GError **error)
{
  g_autoptr (GVariant) content
      = g_variant_lookup_value (settings, "issue-secret-file", G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GBytes) secret = NULL;
  g_autoptr (GError) local = NULL;
  SseOwnKey own;

  if (content == NULL)
    return TRUE;
  secret = g_variant_get_data_as_bytes (content);
  if (sse_own_key_take (&own, secret, &local))
    sse_token_set_own (token, own.id, sse_token_key_ref (own.key));
  else
    sse_config_fail (config, GROUP, "issue-secret-file", error, "%s", local->message);
  sse_own_key_clear (&own);
  return local == NULL;
}

/* ---- keys by name ---- */

static gboolean
read_named (SseToken *token, SseConfig *config, const char *group, GError **error)
{
  const char *id = group + strlen (SSE_SETTINGS_KEY_PREFIX);
  g_autoptr (GVariant) settings = sse_settings_read (config, group, error);
  g_autoptr (GVariant) content = NULL;
  const char *algorithm;
  SseTokenKey *key;

  if (settings == NULL)
    return FALSE;
  if (*id == '\0' || !g_utf8_validate (id, -1, NULL))
    return sse_config_fail (
        config, group, "file", error,
        _ ("the key has no name in UTF-8; write [key NAME], as in a token's kid"));
  algorithm = sse_settings_get_string (settings, "algorithm");
  if (algorithm == NULL)
    return sse_config_fail (config, group, "algorithm", error,
                            _ ("not set; say what the key is for, such as ES256"));
  if (!check_algorithm (config, group, algorithm, error))
    return FALSE;
  content = g_variant_lookup_value (settings, "file", G_VARIANT_TYPE_BYTESTRING);
  if (content == NULL)
    return sse_config_fail (config, group, "file", error, _ ("not set; name the key's file"));
  key = read_key (config, group, "file", content, algorithm, error);
  if (key == NULL)
    return FALSE;
  sse_token_add_key (token, id, key);
  return TRUE;
}

static gboolean
read_all_named (SseToken *token, SseConfig *config, gboolean *is_there, GError **error)
{
  g_auto (GStrv) groups = sse_config_list_groups (config, SSE_SETTINGS_KEY_PREFIX);

  for (char **group = groups; *group != NULL; group++)
    if (!read_named (token, config, *group, error))
      return FALSE;
  *is_there |= groups[0] != NULL;
  return TRUE;
}

/* ---- all ---- */

static SseClaimsRules
read_rules (GVariant *settings)
{
  return (SseClaimsRules){
    .require_expiry = sse_settings_get_boolean (settings, "require-expiry"),
    .leeway = (gint64) sse_settings_get_number (settings, "leeway-seconds") * G_USEC_PER_SEC,
    .issuer = g_strdup (sse_settings_get_string (settings, "issuer")),
    .audience = g_strdup (sse_settings_get_string (settings, "audience")),
  };
}

static gboolean
check_not_empty (SseConfig *config, GVariant *settings, const char *key, GError **error)
{
  const char *text = sse_settings_get_string (settings, key);

  return text == NULL || *text != '\0'
         || sse_config_fail (config, GROUP, key, error,
                             _ ("is empty; leave it out where it does not matter"));
}

/**
 * sse_token_settings_read:
 * @error: what is wrong there: %SSE_CONFIG_ERROR
 *
 * Reads what tokens are checked with: the default key, those by name, and what claims have to be.
 *
 * Returns: (transfer full) (nullable): it, with at least one key
 */
SseToken *
sse_token_settings_read (SseConfig *config, GError **error)
{
  g_autoptr (GVariant) settings = sse_settings_read (config, GROUP, error);
  g_autoptr (SseToken) token = NULL;
  SseClaimsRules rules;
  gboolean is_there;

  if (settings == NULL || !check_not_empty (config, settings, "issuer", error)
      || !check_not_empty (config, settings, "audience", error))
    return NULL;
  rules = read_rules (settings);
  token = sse_token_new (&rules);
  if (!read_default (token, config, settings, &is_there, error)
      || !read_own (token, config, settings, error)
      || !read_all_named (token, config, &is_there, error))
    return NULL;
  if (!is_there)
    {
      sse_config_fail (
          config, GROUP, "secret-file", error,
          _ ("not set; name a file with a secret of 32 bytes or more, or give systemd's "
             "credential auth.secret-file. Where tokens are signed with a private key: algorithm "
             "and public-key-file"));
      return NULL;
    }
  return g_steal_pointer (&token);
}
