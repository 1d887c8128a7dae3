/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-cors.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

struct _SseCors
{
  char **origins;
};

/* The port of an origin, as far as it is one that browsers would name. */
static gboolean
is_port (const char *port, const char *scheme)
{
  guint64 number;

  if (*port == '0' || !g_ascii_string_to_unsigned (port, 10, 1, G_MAXUINT16, &number, NULL))
    return FALSE;
  return !(number == 80 && g_str_has_prefix (scheme, "http://"))
         && !(number == 443 && g_str_has_prefix (scheme, "https://"));
}

/* Whether it is an origin as a browser serializes it (WHATWG HTML, "serialization of an origin"):
 * any other could never match. */
static gboolean
is_origin (const char *text)
{
  const char *host = strstr (text, "://");
  const char *port;

  if (host == NULL || !g_ascii_islower (*text)
      || strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != (gsize) (host - text))
    return FALSE;
  host += strlen ("://");

  if (*host == '[')
    {
      port = host + 1 + strspn (host + 1, "0123456789abcdef:.");
      if (port == host + 1 || *port++ != ']')
        return FALSE;
    }
  else
    {
      port = host + strspn (host, "abcdefghijklmnopqrstuvwxyz0123456789._~!$&'()+,;=%-");
      if (port == host)
        return FALSE;
    }
  return *port == '\0' || (*port == ':' && is_port (port + 1, text));
}

/**
 * sse_cors_new:
 * @origins: (array zero-terminated=1): origins whose pages may read answers; the first is named to
 *   all others
 * @error: %G_IO_ERROR_INVALID_ARGUMENT where there is none, or one is none
 */
SseCors *
sse_cors_new (const char *const *origins, GError **error)
{
  SseCors *self;

  if (*origins == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("at least one origin is needed"));
      return NULL;
    }
  for (const char *const *origin = origins; *origin != NULL; origin++)
    if (!is_origin (*origin))
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     _ ("“%s” is no origin as browsers name it, such as https://app.example.org: "
                        "in small letters, without path or default port"),
                     *origin);
        return NULL;
      }
  self = g_new0 (SseCors, 1);
  self->origins = g_strdupv ((char **) origins);
  return self;
}

void
sse_cors_free (SseCors *self)
{
  g_strfreev (self->origins);
  g_free (self);
}

/* Whether the pages of that origin may read what is answered. */
gboolean
sse_cors_allows (const SseCors *self, const char *origin)
{
  return g_strv_contains ((const char *const *) self->origins, origin);
}

/**
 * sse_cors_is_reader:
 * @origin: (nullable): the request's Origin
 * @site: (nullable): its Sec-Fetch-Site
 *
 * A page of this origin names none with a GET. Nor does that of an image, say, which any page may
 * embed; but browsers tell from how far away that is (W3C Fetch Metadata, "The Sec-Fetch-Site HTTP
 * Request Header").
 *
 * Returns: whether it is from a page that may read what comes: one of an origin that is allowed, or
 *   of this one
 */
gboolean
sse_cors_is_reader (const SseCors *self, const char *origin, const char *site)
{
  if (origin != NULL)
    return sse_cors_allows (self, origin);
  return site == NULL || strcmp (site, "same-origin") == 0 || strcmp (site, "none") == 0;
}

/**
 * sse_cors_choose_origin:
 * @origin: (nullable): the request's Origin
 *
 * Returns: @origin where it is allowed, else the first one that is
 */
const char *
sse_cors_choose_origin (const SseCors *self, const char *origin)
{
  return origin != NULL && sse_cors_allows (self, origin) ? origin : self->origins[0];
}

#define ALLOW_ORIGIN "Access-Control-Allow-Origin"

/* What is told to every origin, behind its own, by SseCorsUse. */
static const struct
{
  const char *name;
  const char *values[2];
} fields[] = {
  { "Access-Control-Allow-Credentials", { "true", "true" } },
  { "Access-Control-Allow-Methods", { "GET", "POST" } },
  { "Access-Control-Allow-Headers",
    { "Cache-Control, Last-Event-ID, Authorization", "Content-Type, Authorization" } },
  { "Vary", { "Origin", "Origin" } },
};

/**
 * sse_cors_add_fields:
 * @use: what was asked for
 * @origin: (nullable): the request's Origin
 * @answer: what the fields are added to
 */
void
sse_cors_add_fields (const SseCors *self, SseCorsUse use, const char *origin, SseAnswer *answer)
{
  sse_answer_add_field (answer, ALLOW_ORIGIN, sse_cors_choose_origin (self, origin));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    sse_answer_add_field (answer, fields[i].name, fields[i].values[use]);
}

/**
 * sse_cors_append_fields:
 * @origin: (nullable): the request's Origin
 * @head: a stream's head, to which the fields are appended as lines
 */
void
sse_cors_append_fields (const SseCors *self, const char *origin, GString *head)
{
  g_string_append_printf (head, ALLOW_ORIGIN ": %s\r\n", sse_cors_choose_origin (self, origin));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_string_append_printf (head, "%s: %s\r\n", fields[i].name, fields[i].values[SSE_CORS_FOLLOW]);
}
