/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-answer.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

struct _SseAnswer
{
  guint status;
  GArray *fields; /* SseAnswerField */
  char *body;
};

typedef struct
{
  guint status;
  const char *reason;
} Phrase;

/* RFC 9110, section 15; RFC 6585 for 431. */
static const Phrase phrases[] = {
  { 200, "OK" },
  { 202, "Accepted" },
  { 204, "No Content" },
  { 304, "Not Modified" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 403, "Forbidden" },
  { 404, "Not Found" },
  { 405, "Method Not Allowed" },
  { 408, "Request Timeout" },
  { 409, "Conflict" },
  { 411, "Length Required" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 417, "Expectation Failed" },
  { 431, "Request Header Fields Too Large" },
  { 500, "Internal Server Error" },
  { 501, "Not Implemented" },
  { 503, "Service Unavailable" },
  { 505, "HTTP Version Not Supported" },
};

typedef struct
{
  SseError code;
  guint status;
  const char *retry_after; /* seconds, or NULL */
} ErrorStatus;

static const ErrorStatus errors[] = {
  { SSE_ERROR_UNKNOWN_STREAM, 404, NULL }, { SSE_ERROR_INVALID_UPDATE, 400, NULL },
  { SSE_ERROR_REFUSED, 409, NULL },        { SSE_ERROR_NOT_AUTHORIZED, 401, NULL },
  { SSE_ERROR_TOO_LARGE, 413, NULL },      { SSE_ERROR_BUSY, 503, "1" },
  { SSE_ERROR_STORE_FAILED, 503, "5" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (errors) == SSE_N_ERRORS);

static void
clear_field (gpointer data)
{
  SseAnswerField *field = data;

  g_free (field->name);
  g_free (field->value);
}

static const char *
find_reason (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].reason;
  g_return_val_if_reached ("Unknown");
}

/**
 * sse_answer_new:
 * @status: one of those that are answered here
 * @content_type: (nullable): what @body is
 * @body: (nullable): text
 *
 * Returns: (transfer full): an answer that says that the connection will be closed
 */
SseAnswer *
sse_answer_new (guint status, const char *content_type, const char *body)
{
  SseAnswer *self = g_new0 (SseAnswer, 1);

  self->status = status;
  self->body = g_strdup (body);
  self->fields = g_array_new (FALSE, FALSE, sizeof (SseAnswerField));
  g_array_set_clear_func (self->fields, clear_field);
  if (content_type != NULL)
    sse_answer_add_field (self, "Content-Type", content_type);
  sse_answer_add_field (self, "Connection", "close");
  return self;
}

/**
 * sse_answer_new_message:
 * @status: a client's or server's error
 * @message: what was wrong, for people; made valid UTF-8 where it is not
 *
 * Returns: (transfer full): an answer with status, message and reason as a JSON object
 */
SseAnswer *
sse_answer_new_message (guint status, const char *message)
{
  g_autofree char *utf8 = g_utf8_make_valid (message, -1);
  g_autoptr (GString) body = g_string_new (NULL);
  SseAnswer *self;

  g_string_append_printf (body, "{\"statusCode\":%u,\"message\":", status);
  sse_json_append_string (body, utf8);
  g_string_append (body, ",\"error\":");
  sse_json_append_string (body, find_reason (status));
  g_string_append_c (body, '}');

  self = sse_answer_new (status, SSE_ANSWER_JSON, body->str);
  sse_answer_add_field (self, "Cache-Control", "no-store");
  return self;
}

/**
 * sse_answer_new_no_length:
 *
 * Returns: (transfer full): the answer to who does not say where a body ends
 */
SseAnswer *
sse_answer_new_no_length (void)
{
  return sse_answer_new_message (411, "Content-Length is missing");
}

/**
 * sse_answer_new_too_large:
 * @max: bytes of body that are taken
 *
 * Returns: (transfer full): the answer to who brings more
 */
SseAnswer *
sse_answer_new_too_large (gsize max)
{
  g_autofree char *message = g_strdup_printf ("More than %" G_GSIZE_FORMAT " bytes", max);

  return sse_answer_new_message (413, message);
}

/**
 * sse_answer_new_for_error:
 * @error: why an update was not taken, in the domain %SSE_ERROR
 *
 * Returns: (transfer full): the answer for whoever sent the update
 */
SseAnswer *
sse_answer_new_for_error (const GError *error)
{
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    if (g_error_matches (error, SSE_ERROR, (int) errors[i].code))
      {
        SseAnswer *self = sse_answer_new_message (errors[i].status, error->message);

        if (errors[i].retry_after != NULL)
          sse_answer_add_field (self, "Retry-After", errors[i].retry_after);
        return self;
      }
  g_critical ("an error without an HTTP status: %s", error->message);
  return sse_answer_new_message (500, "Internal error");
}

void
sse_answer_free (SseAnswer *self)
{
  g_array_unref (self->fields);
  g_free (self->body);
  g_free (self);
}

/**
 * sse_answer_add_field:
 * @name: a header field's name
 * @value: its value, without line ends
 *
 * Adds a field behind those that are there.
 */
void
sse_answer_add_field (SseAnswer *self, const char *name, const char *value)
{
  SseAnswerField field = { g_strdup (name), g_strdup (value) };

  g_array_append_val (self->fields, field);
}

guint
sse_answer_get_status (const SseAnswer *self)
{
  return self->status;
}

/**
 * sse_answer_get_reason:
 *
 * Returns: the status's reason phrase
 */
const char *
sse_answer_get_reason (const SseAnswer *self)
{
  return find_reason (self->status);
}

/**
 * sse_answer_get_fields:
 * @n_fields: (out): how many
 *
 * Returns: (transfer none): the header fields in order, without Content-Length and Date
 */
const SseAnswerField *
sse_answer_get_fields (const SseAnswer *self, guint *n_fields)
{
  *n_fields = self->fields->len;
  return (const SseAnswerField *) (gconstpointer) self->fields->data;
}

/**
 * sse_answer_get_body:
 * @length: (out): bytes
 *
 * Returns: (transfer none): the body, "" where there is none
 */
const char *
sse_answer_get_body (const SseAnswer *self, gsize *length)
{
  const char *body = self->body != NULL ? self->body : "";

  *length = strlen (body);
  return body;
}

/* RFC 9110, section 5.6.7, in English whatever the locale. */
static void
append_date (GString *out)
{
  static const char days[] = "MonTueWedThuFriSatSun";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  g_string_append_printf (
      out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
      days + 3 * (g_date_time_get_day_of_week (now) - 1), g_date_time_get_day_of_month (now),
      months + 3 * (g_date_time_get_month (now) - 1), g_date_time_get_year (now),
      g_date_time_get_hour (now), g_date_time_get_minute (now), g_date_time_get_second (now));
}

/**
 * sse_answer_to_string:
 * @with_body: whether the body is sent, as it is not to a HEAD request
 *
 * Returns: (transfer full): the whole response as it goes over the wire
 */
GString *
sse_answer_to_string (const SseAnswer *self, gboolean with_body)
{
  GString *out = g_string_sized_new (512);
  gsize length;
  const char *body = sse_answer_get_body (self, &length);

  g_string_append_printf (out, "HTTP/1.1 %u %s\r\n", self->status, find_reason (self->status));
  append_date (out);
  for (guint i = 0; i < self->fields->len; i++)
    {
      const SseAnswerField *field = &g_array_index (self->fields, SseAnswerField, i);

      g_string_append_printf (out, "%s: %s\r\n", field->name, field->value);
    }
  /* A 304 has no body, and would say how long that of a 200 is (RFC 9110, section 8.6). */
  if (self->status != 204 && self->status != 304)
    g_string_append_printf (out, "Content-Length: %" G_GSIZE_FORMAT "\r\n", length);
  g_string_append (out, "\r\n");
  if (with_body)
    g_string_append_len (out, body, (gssize) length);
  return out;
}
