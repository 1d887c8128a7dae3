/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-message.h"

/**
 * sse_message_get_field:
 * @name: a header field's name
 *
 * Returns: (transfer none) (nullable): its value in the request
 */
const char *
sse_message_get_field (SoupServerMessage *message, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (message), name);
}

/**
 * sse_message_respond:
 * @answer: (transfer full): the response
 *
 * Answers a message, in its handler or while it is paused.
 */
void
sse_message_respond (SoupServerMessage *message, SseAnswer *answer)
{
  g_autoptr (SseAnswer) owned = answer;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint n_fields;
  const SseAnswerField *fields = sse_answer_get_fields (owned, &n_fields);
  gsize length;
  const char *body = sse_answer_get_body (owned, &length);

  soup_server_message_set_status (message, sse_answer_get_status (owned),
                                  sse_answer_get_reason (owned));
  for (guint i = 0; i < n_fields; i++)
    soup_message_headers_append (headers, fields[i].name, fields[i].value);
  soup_message_body_append (soup_server_message_get_response_body (message), SOUP_MEMORY_COPY, body,
                            length);
}
