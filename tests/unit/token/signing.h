/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <openssl/evp.h>

#include "sse-token.h"

/* Tokens made without the library that is tested, and what their tests have in common. */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)

char   *signing_encode     (gconstpointer  data,
                            gsize          length);
GBytes *signing_get_public (EVP_PKEY      *key);
GBytes *signing_get_private
                           (EVP_PKEY      *key);
char   *signing_make       (EVP_PKEY      *key,
                            const char    *algorithm,
                            const char    *header,
                            const char    *claims);
char   *signing_hmac       (GChecksumType  type,
                            const char    *secret,
                            const char    *header,
                            const char    *claims);

SseTokenKey *signing_new_secret     (const char *algorithm,
                                     const char *secret);
void         signing_assert_refused (SseToken   *token,
                                     const char *text,
                                     gint64      now,
                                     const char *why);
