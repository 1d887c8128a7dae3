/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-auth.h"

#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"

typedef struct
{
  SseToken *token;
  SseRevocations *revocations;
  SseCounters counters;
  SseAuth auth;
  gint64 now; /* seconds */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (GBytes) secret = g_bytes_new_static (SECRET, strlen (SECRET));

  self->token = sse_token_new (&rules);
  sse_token_set_default (self->token, sse_token_key_new ("HS256", secret, NULL));
  self->revocations = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  self->auth = (SseAuth){ .token = self->token,
                          .revocations = self->revocations,
                          .cookie_name = (char *) "c",
                          .counters = &self->counters };
  self->now = g_get_real_time () / G_USEC_PER_SEC;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sse_token_free (self->token);
  g_assert_finalize_object (self->revocations);
}

static char *
sign (Fixture *self, const char *user, gint64 issued, const char *const *streams)
{
  const SseClaims claims = {
    .subject = (char *) user,
    .issued = issued,
    .expires = (self->now + 3600) * G_USEC_PER_SEC,
    .streams = (GStrv) streams,
  };

  return sse_token_sign (self->token, &claims, NULL);
}

/* Who it is, or the status of the refusal as text. */
static char *
judge (Fixture *self, const char *authorization, const char *query, const char *cookie)
{
  const SseCredentials credentials = { authorization, query, cookie };
  g_auto (SseClaims) claims = { 0 };
  g_autoptr (SseAnswer) refusal = sse_auth_refuse (&self->auth, &credentials,
                                                   (const char *const[]){ "quota", NULL }, &claims);

  if (refusal == NULL)
    return g_steal_pointer (&claims.subject);
  return g_strdup_printf ("%u", sse_answer_get_status (refusal));
}

#define assert_judged(self, authorization, query, cookie, expected)                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *found = judge (self, authorization, query, cookie);                           \
    g_assert_cmpstr (found, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

/* The first place that has a token counts, also where that is not valid. */
static void
test_places (Fixture *self, gconstpointer data)
{
  g_autofree char *header = sign (self, "header", self->now, NULL);
  g_autofree char *query = sign (self, "query", self->now, NULL);
  g_autofree char *cookie = sign (self, "cookie", self->now, NULL);
  g_autofree char *in_query = g_strconcat ("token=", query, NULL);
  g_autofree char *in_cookie = g_strconcat ("a=b; c=", cookie, "; d=e", NULL);

  assert_judged (self, header, in_query, in_cookie, "header");
  assert_judged (self, NULL, in_query, in_cookie, "query");
  assert_judged (self, NULL, NULL, in_cookie, "cookie");
  assert_judged (self, "Basic x", "token=", in_cookie, "cookie");
  assert_judged (self, "wrong", in_query, in_cookie, "401");
  assert_judged (self, NULL, "token=wrong", in_cookie, "401");
  g_assert_cmpuint (self->counters.tokens_refused, ==, 2);
  assert_judged (self, NULL, NULL, NULL, "401");
  g_assert_cmpuint (self->counters.tokens_refused, ==, 2);

  self->auth.cookie_name = NULL;
  assert_judged (self, NULL, NULL, in_cookie, "401");
}

static void
test_streams (Fixture *self, gconstpointer data)
{
  static const char *const right[] = { "posts-stats", "quota", NULL };
  static const char *const wrong[] = { "posts-stats", NULL };
  g_autofree char *good = sign (self, "42", self->now, right);
  g_autofree char *other = sign (self, "42", self->now, wrong);

  assert_judged (self, good, NULL, NULL, "42");
  assert_judged (self, other, NULL, NULL, "403");
}

static void
revoke_at (Fixture *self, const char *user, gint64 second)
{
  g_autoptr (SseUpdate) update = sse_revocations_new_update (user);
  g_autoptr (SseBatch) batch = sse_batch_new ();

  sse_update_set_accepted (update, second * G_USEC_PER_SEC + 999999);
  g_assert_cmpint (sse_source_apply (SSE_SOURCE (self->revocations), update, batch, NULL), ==,
                   SSE_VERDICT_APPLIED);
}

static guint
judge_publisher (Fixture *self, const char *authorization, const char *stream)
{
  g_autofree char *user = NULL;
  g_autoptr (SseAnswer) refusal
      = sse_auth_refuse_publisher (&self->auth, authorization, stream, &user);

  return refusal != NULL ? sse_answer_get_status (refusal) : 0;
}

/* It is for publishing where it says so, whatever it is for following, and the other way round. */
static void
test_publish (Fixture *self, gconstpointer data)
{
  static const char *const publish[] = { "quota", NULL };
  static const char *const streams[] = { "posts-stats", NULL };
  const SseClaims claims = {
    .subject = (char *) "42",
    .issued = self->now,
    .expires = (self->now + 3600) * G_USEC_PER_SEC,
    .streams = (GStrv) streams,
    .publish = (GStrv) publish,
  };
  g_autofree char *token = sse_token_sign (self->token, &claims, NULL);
  g_autofree char *bearer = g_strconcat ("Bearer ", token, NULL);
  g_autofree char *basic = g_strconcat ("Basic ", token, NULL);
  g_autofree char *follower = sign (self, "42", self->now, NULL);

  g_assert_cmpuint (judge_publisher (self, bearer, "quota"), ==, 0);
  g_assert_cmpuint (judge_publisher (self, token, "quota"), ==, 0);
  g_assert_cmpuint (judge_publisher (self, bearer, "posts-stats"), ==, 403);
  g_assert_cmpuint (judge_publisher (self, follower, "quota"), ==, 403);
  g_assert_cmpuint (judge_publisher (self, NULL, "quota"), ==, 401);
  g_assert_cmpuint (judge_publisher (self, basic, "quota"), ==, 401);
  g_assert_cmpuint (self->counters.tokens_refused, ==, 0);
  g_assert_cmpuint (judge_publisher (self, "Bearer x", "quota"), ==, 401);
  g_assert_cmpuint (self->counters.tokens_refused, ==, 1);
  assert_judged (self, bearer, NULL, NULL, "403"); /* to follow the quota */

  revoke_at (self, "42", self->now);
  g_assert_cmpuint (judge_publisher (self, bearer, "quota"), ==, 401);
}

static void
test_revoked (Fixture *self, gconstpointer data)
{
  g_autofree char *before = sign (self, "ann", self->now - 11, NULL);
  g_autofree char *same = sign (self, "ann", self->now - 10, NULL);
  g_autofree char *after = sign (self, "ann", self->now - 9, NULL);
  g_autofree char *other = sign (self, "bob", self->now - 11, NULL);

  assert_judged (self, before, NULL, NULL, "ann");
  revoke_at (self, "ann", self->now - 10);
  assert_judged (self, before, NULL, NULL, "401");
  assert_judged (self, same, NULL, NULL, "401");
  assert_judged (self, after, NULL, NULL, "ann");
  assert_judged (self, other, NULL, NULL, "bob");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/http/auth/places", Fixture, NULL, set_up, test_places, tear_down);
  g_test_add ("/http/auth/streams", Fixture, NULL, set_up, test_streams, tear_down);
  g_test_add ("/http/auth/publish", Fixture, NULL, set_up, test_publish, tear_down);
  g_test_add ("/http/auth/revoked", Fixture, NULL, set_up, test_revoked, tear_down);
  return g_test_run ();
}
