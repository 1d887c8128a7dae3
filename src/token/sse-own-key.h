/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-token.h"

G_BEGIN_DECLS

/* In the log's directory. */
#define SSE_OWN_KEY_FILE "token-key"

/**
 * SseOwnKey:
 * @id: what tokens name it by, their `kid`
 * @key: the secret
 *
 * What the daemon signs tokens with that it issues itself.
 */
typedef struct
{
  char *id;
  SseTokenKey *key;
} SseOwnKey;

gboolean sse_own_key_take  (SseOwnKey   *self,
                            GBytes      *secret,
                            GError     **error);
gboolean sse_own_key_load  (SseOwnKey   *self,
                            const char  *directory,
                            GError     **error);
void     sse_own_key_clear (SseOwnKey   *self);

G_END_DECLS
