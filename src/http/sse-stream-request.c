/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-stream-request.h"

#include <string.h>

#define BEARER "Bearer"

/* @text as a form's value (WHATWG URL, "application/x-www-form-urlencoded"). What would hold a NUL
 * stays as it is: it is neither a token nor an id. */
static char *
decode (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, length);
  char *decoded;

  g_strdelimit (copy, "+", ' ');
  decoded = g_uri_unescape_string (copy, NULL);
  return decoded != NULL ? decoded : g_steal_pointer (&copy);
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
        return decode (query + name_length + 1, length - name_length - 1);
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
