/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-stream-request.h"

#include <string.h>

#include "sse-error.h"

#define BEARER "Bearer"

/* @text as a form's value (WHATWG URL, "application/x-www-form-urlencoded"); NULL where that would
 * hold a NUL. */
static char *
decode (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, length);

  g_strdelimit (copy, "+", ' ');
  return g_uri_unescape_string (copy, NULL);
}

/* The same, but what would hold a NUL stays as it is: it is neither a token nor an id. */
static char *
decode_or_keep (const char *text, gsize length)
{
  char *decoded = decode (text, length);

  return decoded != NULL ? decoded : g_strndup (text, length);
}

/* The first value of @name in @query that is not empty, NULL where there is none. */
static char *
dup_query_value (const char *query, const char *name)
{
  gsize name_length = strlen (name);

  while (query != NULL && *query != '\0')
    {
      gsize length = strcspn (query, "&");

      if (length > name_length + 1 && strncmp (query, name, name_length) == 0
          && query[name_length] == '=')
        return decode_or_keep (query + name_length + 1, length - name_length - 1);
      query += length;
      if (*query == '&')
        query++;
    }
  return NULL;
}

/* The token in an Authorization field; NULL where it has none, or is of another scheme. */
static char *
dup_bearer (const char *authorization)
{
  g_autofree char *value = g_strstrip (g_strdup (authorization));
  gsize length = strcspn (value, " \t");

  if (length == strlen (BEARER) && g_ascii_strncasecmp (value, BEARER, length) == 0)
    {
      char *token = g_strchug (value + length);

      return *token != '\0' ? g_strdup (token) : NULL;
    }
  /* Of one word, it is the token itself. */
  return length > 0 && value[length] == '\0' ? g_steal_pointer (&value) : NULL;
}

/**
 * sse_stream_request_dup_token:
 * @authorization: (nullable): the Authorization field's value
 * @query: (nullable): the target's query, as it was sent
 *
 * Returns: (transfer full) (nullable): the token: of the field, where it holds one with or without
 *   `Bearer`, else of `token` in the query; %NULL where there is none
 */
char *
sse_stream_request_dup_token (const char *authorization, const char *query)
{
  char *token = authorization != NULL ? dup_bearer (authorization) : NULL;

  return token != NULL ? token : dup_query_value (query, "token");
}

/**
 * sse_stream_request_dup_cookie:
 * @cookies: the Cookie field's value (RFC 6265, section 4.2.1)
 * @name: a cookie's name
 *
 * Returns: (transfer full) (nullable): the value of the first cookie of that name that has one
 */
char *
sse_stream_request_dup_cookie (const char *cookies, const char *name)
{
  gsize name_length = strlen (name);

  while (*cookies != '\0')
    {
      gsize length, rest;

      cookies += strspn (cookies, " \t;");
      length = rest = strcspn (cookies, ";");
      while (length > 0 && (cookies[length - 1] == ' ' || cookies[length - 1] == '\t'))
        length--;
      if (length > name_length + 1 && strncmp (cookies, name, name_length) == 0
          && cookies[name_length] == '=')
        return g_strndup (cookies + name_length + 1, length - name_length - 1);
      cookies += rest;
    }
  return NULL;
}

/**
 * sse_stream_request_dup_last_event_id:
 * @header: (nullable): the Last-Event-ID field's value
 * @query: (nullable): the target's query, as it was sent
 *
 * Returns: (transfer full) (nullable): the id: of the field, else of `lastEventId` in the query
 */
char *
sse_stream_request_dup_last_event_id (const char *header, const char *query)
{
  if (header != NULL && *header != '\0')
    return g_strdup (header);
  return dup_query_value (query, "lastEventId");
}

/* Whether a member of a query, or its name alone, is of that name; then its value is @found. One
 * that cannot be text becomes an empty one. */
static gboolean
read_member (const char *member, gsize length, const char *wanted, char **found)
{
  const char *equals = memchr (member, '=', length);
  gsize name_length = equals != NULL ? (gsize) (equals - member) : length;
  g_autofree char *name = decode (member, name_length);

  if (g_strcmp0 (name, wanted) != 0)
    return FALSE;
  *found = equals != NULL ? decode (equals + 1, length - name_length - 1) : NULL;
  if (*found == NULL)
    *found = g_strdup ("");
  return TRUE;
}

static gboolean
take_stream (GPtrArray *found, char *name, guint max, GError **error)
{
  const char *wrong = NULL;

  if (*name == '\0' || !g_utf8_validate (name, -1, NULL))
    wrong = "names none";
  else if (g_ptr_array_find_with_equal_func (found, name, g_str_equal, NULL))
    wrong = "names one twice";
  else if (found->len == max)
    wrong = "names too many";
  g_ptr_array_add (found, name);
  if (wrong != NULL)
    g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE,
                 "option stream: %s; there are 1 to %u of it, each for another stream", wrong, max);
  return wrong == NULL;
}

/**
 * sse_stream_request_read_streams:
 * @query: (nullable): the target's query, as it was sent
 * @max: how many streams it may name
 * @error: %SSE_ERROR_INVALID_UPDATE where it names none, one twice or too many. Nothing of it is
 *   repeated: it may be a token
 *
 * Returns: (transfer full) (nullable): the values of `stream`, in order, UTF-8
 */
GStrv
sse_stream_request_read_streams (const char *query, guint max, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);

  while (query != NULL && *query != '\0')
    {
      gsize length = strcspn (query, "&");
      char *name = NULL;

      if (read_member (query, length, "stream", &name) && !take_stream (found, name, max, error))
        return NULL;
      query += length + (query[length] == '&');
    }
  if (found->len == 0)
    {
      take_stream (found, g_strdup (""), max, error);
      return NULL;
    }
  g_ptr_array_add (found, NULL);
  return (GStrv) g_ptr_array_steal (found, NULL);
}

/**
 * sse_stream_request_read_audience:
 * @query: (nullable): the target's query, as it was sent
 * @audience: (out) (nullable): whom an update is for, which the hub has to check; %NULL for
 * everyone
 * @error: %SSE_ERROR_INVALID_UPDATE where the query says anything else, or that twice: it might
 * have been meant to keep the update from somebody. Nothing of it is repeated: it may be a token
 */
gboolean
sse_stream_request_read_audience (const char *query, char **audience, GError **error)
{
  g_autofree char *found = NULL;
  const char *wrong = NULL;

  while (query != NULL && *query != '\0' && wrong == NULL)
    {
      gsize length = strcspn (query, "&");
      g_autofree char *one = NULL;

      /* An empty audience is refused by the hub. */
      if (length > 0 && !read_member (query, length, "audience", &one))
        wrong = "option: unknown; there is: audience";
      else if (one != NULL && found != NULL)
        wrong = "option audience: given twice";
      else if (one != NULL)
        found = g_steal_pointer (&one);
      query += length + (query[length] == '&');
    }
  if (wrong != NULL)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, wrong);
      return FALSE;
    }
  *audience = g_steal_pointer (&found);
  return TRUE;
}
