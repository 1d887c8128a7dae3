/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-publishing.h"

#include "sse-publication.h"
#include "sse-stream-request.h"
#include "sse-unparsed.h"

/* Refuses what would have become an update, in the log too. */
static SseAnswer *
refuse (SseHub *hub, const char *stream, const char *user, GError *error)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  const SsePublication publication = { updates, NULL, error };
  const SsePublisher publisher = { .user = user };

  g_ptr_array_add (updates, sse_update_new (stream, NULL, nothing));
  sse_publication_tell (&publication, &publisher, sse_hub_get_record (hub));
  return sse_answer_new_for_error (error);
}

/**
 * sse_publishing_refuse:
 * @stream: what may be the name of a stream
 * @request: a POST of an update for it
 *
 * Judges the request before any of its body is read: who it is first, so that strangers hear
 * nothing else.
 *
 * Returns: (transfer full) (nullable): why it is not served, %NULL where it is
 */
SseAnswer *
sse_publishing_refuse (SseAuth *auth, SseHub *hub, const char *stream, const SseRequest *request)
{
  gsize max = sse_hub_get_max_update_bytes (hub);
  g_autofree char *audience = NULL;
  g_autofree char *user = NULL;
  g_autoptr (GError) error = NULL;
  SseAnswer *refusal = sse_auth_refuse_publisher (auth, request->authorization, stream, &user);

  if (refusal != NULL)
    return refusal;
  if (!sse_stream_request_read_audience (request->query, &audience, &error)
      || !sse_unparsed_check_audience (audience, &error)
      || !sse_unparsed_check_size ((gsize) MAX (request->content_length, 0), max, &error))
    return refuse (hub, stream, user, error);
  return NULL;
}

/**
 * sse_publishing_make_update:
 * @stream: as above
 * @upload: a request that was not refused, with its body. What its Content-Type says is not looked
 *   at: no page of another site can send its Authorization without asking first, whatever the type
 * @user: (out) (transfer full): whose token it has
 * @refusal: (out) (transfer full): why it is refused after all: while the body came, the token may
 *   have expired or been revoked, and the keys may be others
 *
 * Returns: (transfer full) (nullable): the update that it brought, to be checked
 */
SseUpdate *
sse_publishing_make_update (SseAuth *auth,
                            SseHub *hub,
                            const char *stream,
                            const SseUpload *upload,
                            char **user,
                            SseAnswer **refusal)
{
  g_autofree char *audience = NULL;
  g_autoptr (GError) error = NULL;

  *refusal = sse_auth_refuse_publisher (auth, g_hash_table_lookup (upload->fields, "authorization"),
                                        stream, user);
  if (*refusal != NULL)
    return NULL;
  if (!sse_stream_request_read_audience (upload->query, &audience, &error))
    {
      *refusal = refuse (hub, stream, *user, error);
      return NULL;
    }
  return sse_update_new (stream, audience, upload->body);
}
