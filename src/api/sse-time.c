/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-time.h"

#include <string.h>

/* Whether @text has the form of RFC 3339's `date-time`: g_date_time_new_from_iso8601() takes more
 * forms than that, week dates and times without an offset among them. */
static gboolean
is_rfc3339 (const char *text)
{
  static const char form[] = "dddd-dd-ddTdd:dd:dd";
  const char *p = text;

  for (const char *f = form; *f != '\0'; f++, p++)
    if (*f == 'd' ? !g_ascii_isdigit (*p) : g_ascii_toupper (*p) != *f)
      return FALSE;
  if (strncmp (p - 2, "60", 2) > 0) /* a leap second is right, the parser takes 61 too */
    return FALSE;

  if (*p == '.')
    {
      const char *fraction = ++p;

      while (g_ascii_isdigit (*p))
        p++;
      if (p == fraction || p - fraction > 9)
        return FALSE;
    }

  if (g_ascii_toupper (*p) == 'Z')
    return p[1] == '\0';
  return (*p == '+' || *p == '-') && g_ascii_isdigit (p[1]) && g_ascii_isdigit (p[2]) && p[3] == ':'
         && g_ascii_isdigit (p[4]) && g_ascii_isdigit (p[5]) && p[6] == '\0';
}

/**
 * sse_time_parse:
 * @text: a time as RFC 3339 writes it, "2024-01-01T00:00:00.5+01:00"
 * @microseconds: (out): the instant, in µs since 1970 UTC
 *
 * Returns: whether @text is such a time
 */
gboolean
sse_time_parse (const char *text, gint64 *microseconds)
{
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *upper = NULL;

  if (!is_rfc3339 (text))
    return FALSE;

  upper = g_ascii_strup (text, -1);
  time = g_date_time_new_from_iso8601 (upper, NULL);
  if (time == NULL)
    return FALSE;

  *microseconds = g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
  return TRUE;
}

/**
 * sse_time_format:
 * @microseconds: an instant, in µs since 1970 UTC, in the years 1 to 9999
 *
 * Returns: (transfer full): it as RFC 3339 writes it, to the millisecond:
 * "2024-01-01T00:00:00.500Z"
 */
char *
sse_time_format (gint64 microseconds)
{
  gint64 seconds = microseconds / G_USEC_PER_SEC;
  gint64 rest = microseconds % G_USEC_PER_SEC;
  g_autoptr (GDateTime) time = NULL;

  if (rest < 0)
    {
      rest += G_USEC_PER_SEC;
      seconds--;
    }
  time = g_date_time_new_from_unix_utc (seconds);
  g_return_val_if_fail (time != NULL, NULL);
  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", g_date_time_get_year (time),
                          g_date_time_get_month (time), g_date_time_get_day_of_month (time),
                          g_date_time_get_hour (time), g_date_time_get_minute (time),
                          g_date_time_get_second (time), (int) (rest / 1000));
}
