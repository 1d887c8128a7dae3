/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-counters.h"
#include "sse-ration.h"
#include "sse-revocations.h"
#include "sse-token.h"

G_BEGIN_DECLS

/**
 * SseAuth:
 * @token: (not owned): what tokens are checked with
 * @revocations: (not owned): which of them were revoked
 * @cookie_name: (nullable): the cookie that may hold one
 * @counters: (not owned): where it counts
 *
 * Says who a request is from, and what they may follow and publish to; where anything is missing or
 * wrong, nobody and nothing.
 */
typedef struct
{
  SseToken *token;
  const SseRevocations *revocations;
  char *cookie_name;
  SseCounters *counters;

  /*< private >*/
  SseRation told;
} SseAuth;

/**
 * SseCredentials:
 * @authorization: (nullable): the Authorization field
 * @query: (nullable): the target's query, as it was sent
 * @cookie: (nullable): the Cookie field, where it counts
 *
 * Where a request may have a token. The first of these that has one counts.
 */
typedef struct
{
  const char *authorization;
  const char *query;
  const char *cookie;
} SseCredentials;

SseAnswer *sse_auth_refuse           (SseAuth              *self,
                                      const SseCredentials *credentials,
                                      const char *const    *streams,
                                      SseClaims            *claims);
SseAnswer *sse_auth_refuse_publisher (SseAuth              *self,
                                      const char           *authorization,
                                      const char           *stream,
                                      char                **user);
gboolean   sse_auth_is_revoked       (const SseAuth        *self,
                                      const SseClaims      *claims);

G_END_DECLS
