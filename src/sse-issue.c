/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-issue.h"

#include <gio/gio.h>

#include "sse-error.h"
#include "sse-unknown-stream.h"

#define MAX_SECONDS 86400

static gboolean
check (SseHub *hub, const char *const *streams, guint seconds, GError **error)
{
  if (seconds < 1 || seconds > MAX_SECONDS)
    {
      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                   "seconds: %u is not a number from 1 to %d", seconds, MAX_SECONDS);
      return FALSE;
    }
  if (*streams == NULL)
    {
      g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                           "streams: empty; name those that the token is good for");
      return FALSE;
    }
  for (; *streams != NULL; streams++)
    if (sse_hub_get_stream (hub, *streams) == NULL)
      {
        sse_unknown_stream_set_error (sse_hub_get_streams (hub), *streams, error);
        return FALSE;
      }
  return TRUE;
}

/**
 * sse_issue_token:
 * @hub: knows the streams, and whose tokens were revoked
 * @token: signs it
 * @subject: the user
 * @streams: (array zero-terminated=1): which it is good for, one at least
 * @seconds: for so long, up to a day
 * @error: %G_DBUS_ERROR_INVALID_ARGS, or %SSE_ERROR_BUSY in the second of a revocation
 *
 * In the second of a revocation, a token for the same user is of the next one: it is not what was
 * revoked. It can't be of a later one, which another revocation would not reach.
 *
 * Returns: (transfer full): a signed token
 */
char *
sse_issue_token (SseHub *hub,
                 SseToken *token,
                 const char *subject,
                 const char *const *streams,
                 guint seconds,
                 GError **error)
{
  gint64 revoked = sse_revocations_get_last (sse_hub_get_revocations (hub), subject);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 issued = revoked == now ? now + 1 : now;
  const SseClaims claims = {
    .subject = (char *) subject,
    .issued = issued,
    .expires = (issued + seconds) * G_USEC_PER_SEC,
    .streams = (GStrv) streams,
  };
  g_autoptr (GError) local = NULL;
  char *signed_token;

  if (!check (hub, streams, seconds, error))
    return NULL;
  if (revoked > now)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_BUSY,
                           "the user's tokens were just revoked; ask again in a second");
      return NULL;
    }
  signed_token = sse_token_sign (token, &claims, &local);
  if (signed_token == NULL)
    g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, local->message);
  return signed_token;
}
