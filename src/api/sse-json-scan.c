/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judges JSON text by RFC 8259 before a lenient parser sees it. What a program in another language
 * could read differently is refused: duplicate names, comments, numbers a double cannot hold. */

#include "sse-json.h"

#include <math.h>
#include <string.h>

#include "sse-error.h"

/* GLib's hashes can be made to collide, and what then takes the square of the time is the parser's
 * own table too. No object that a stream keeps, of 16 KiB, has as many. */
#define MAX_MEMBERS 4096

#define MAX_SAFE_INTEGER G_GINT64_CONSTANT (9007199254740991) /* 2^53 - 1 */

typedef struct
{
  const char *start;
  const char *p;
  const char *end;
  GHashTable *names[SSE_JSON_MAX_DEPTH + 1]; /* of the object open at each depth */
  GString *name;                             /* the last string, unescaped */
  GError **error;
} Scanner;

static gboolean scan_value (Scanner *s, guint depth);

static gboolean G_GNUC_PRINTF (3, 4) fail (Scanner *s, const char *at, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (s->error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE,
               "not JSON: %s at byte %" G_GSIZE_FORMAT, what, (gsize) (at - s->start));
  return FALSE;
}

static void
skip_space (Scanner *s)
{
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
    s->p++;
}

static gboolean
scan_literal (Scanner *s, const char *literal)
{
  gsize length = strlen (literal);

  if ((gsize) (s->end - s->p) < length || memcmp (s->p, literal, length) != 0)
    return fail (s, s->p, "neither a value nor a literal");
  s->p += length;
  return TRUE;
}

static gboolean
scan_digits (Scanner *s)
{
  const char *start = s->p;

  while (s->p < s->end && g_ascii_isdigit (*s->p))
    s->p++;
  return s->p > start || fail (s, s->p, "a digit is missing");
}

static gboolean
scan_number (Scanner *s)
{
  const char *start = s->p;
  gboolean integer = TRUE;
  g_autofree char *copy = NULL;

  if (*s->p == '-')
    s->p++;
  if (s->p < s->end && *s->p == '0')
    s->p++;
  else if (!scan_digits (s))
    return FALSE;

  if (s->p < s->end && *s->p == '.')
    {
      integer = FALSE;
      s->p++;
      if (!scan_digits (s))
        return FALSE;
    }
  if (s->p < s->end && (*s->p == 'e' || *s->p == 'E'))
    {
      integer = FALSE;
      s->p++;
      if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
        s->p++;
      if (!scan_digits (s))
        return FALSE;
    }

  if (s->p - start > 64)
    return fail (s, start, "a number of more than 64 characters");
  copy = g_strndup (start, (gsize) (s->p - start));
  if (integer)
    {
      gint64 value;

      if (!g_ascii_string_to_signed (copy, 10, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, &value, NULL))
        return fail (s, start, "an integer beyond 2^53 - 1");
    }
  else if (!isfinite (g_ascii_strtod (copy, NULL)))
    {
      return fail (s, start, "a number too large for a double");
    }
  return TRUE;
}

static gboolean
scan_hex4 (Scanner *s, guint *unit)
{
  *unit = 0;
  for (int i = 0; i < 4; i++, s->p++)
    {
      if (s->p >= s->end || !g_ascii_isxdigit (*s->p))
        return fail (s, s->p, "\\u without four hexadecimal digits");
      *unit = *unit * 16 + (guint) g_ascii_xdigit_value (*s->p);
    }
  return TRUE;
}

/* At the character behind a backslash. */
static gboolean
scan_escape (Scanner *s)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  const char *at = s->p - 1;
  const char *known;
  guint unit;
  guint low;

  if (s->p >= s->end)
    return fail (s, at, "a string without an end");
  if (*s->p != 'u')
    {
      known = *s->p != '\0' ? strchr (from, *s->p) : NULL;
      if (known == NULL)
        return fail (s, at, "an unknown escape");
      g_string_append_c (s->name, to[known - from]);
      s->p++;
      return TRUE;
    }

  s->p++;
  if (!scan_hex4 (s, &unit))
    return FALSE;
  if (unit == 0)
    return fail (s, at, "\\u0000");
  if (unit >= 0xdc00 && unit <= 0xdfff)
    return fail (s, at, "a lone surrogate");
  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
        return fail (s, at, "a lone surrogate");
      s->p += 2;
      if (!scan_hex4 (s, &low))
        return FALSE;
      if (low < 0xdc00 || low > 0xdfff)
        return fail (s, at, "a lone surrogate");
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  g_string_append_unichar (s->name, unit);
  return TRUE;
}

/* At a quote; leaves the string in s->name. The whole text is known to be UTF-8. */
static gboolean
scan_string (Scanner *s)
{
  const char *start = s->p++;

  g_string_truncate (s->name, 0);
  while (s->p < s->end)
    {
      const char *plain = s->p;

      while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (guchar) *s->p >= 0x20)
        s->p++;
      g_string_append_len (s->name, plain, s->p - plain);
      if (s->p >= s->end)
        break;
      if (*s->p == '"')
        {
          s->p++;
          return TRUE;
        }
      if (*s->p != '\\')
        return fail (s, s->p, "a control character in a string");
      s->p++;
      if (!scan_escape (s))
        return FALSE;
    }
  return fail (s, start, "a string without an end");
}

/* At what follows a value in an array or object that ends with @close; whether it goes on. */
static gboolean
scan_separator (Scanner *s, char close, gboolean *more)
{
  skip_space (s);
  if (s->p >= s->end || (*s->p != ',' && *s->p != close))
    return fail (s, s->p, "neither , nor %c", close);
  *more = *s->p == ',';
  s->p++;
  skip_space (s);
  return TRUE;
}

/* Whether an array or object is closed at once, without anything in it. */
static gboolean
skip_empty (Scanner *s, char close)
{
  s->p++;
  skip_space (s);
  if (s->p >= s->end || *s->p != close)
    return FALSE;
  s->p++;
  return TRUE;
}

static gboolean
scan_array (Scanner *s, guint depth)
{
  gboolean more = !skip_empty (s, ']');

  while (more)
    if (!scan_value (s, depth) || !scan_separator (s, ']', &more))
      return FALSE;
  return TRUE;
}

static gboolean
scan_object (Scanner *s, guint depth)
{
  gboolean more = !skip_empty (s, '}');

  if (s->names[depth] == NULL)
    s->names[depth] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  else
    g_hash_table_remove_all (s->names[depth]);

  while (more)
    {
      const char *at = s->p;

      if (s->p >= s->end || *s->p != '"')
        return fail (s, s->p, "a member's name is missing");
      if (!scan_string (s))
        return FALSE;
      if (g_hash_table_size (s->names[depth]) == MAX_MEMBERS)
        return fail (s, at, "more than %d members in one object", MAX_MEMBERS);
      if (!g_hash_table_add (s->names[depth], g_strdup (s->name->str)))
        return fail (s, at, "a member's name for the second time");

      skip_space (s);
      if (s->p >= s->end || *s->p != ':')
        return fail (s, s->p, "no : behind a member's name");
      s->p++;
      if (!scan_value (s, depth) || !scan_separator (s, '}', &more))
        return FALSE;
    }
  return TRUE;
}

static gboolean
scan_value (Scanner *s, guint depth)
{
  skip_space (s);
  if (s->p >= s->end)
    return fail (s, s->p, "a value is missing");

  switch (*s->p)
    {
    case '{':
    case '[':
      if (depth == SSE_JSON_MAX_DEPTH)
        return fail (s, s->p, "more than %d levels", SSE_JSON_MAX_DEPTH);
      return *s->p == '{' ? scan_object (s, depth + 1) : scan_array (s, depth + 1);
    case '"':
      return scan_string (s);
    case 't':
      return scan_literal (s, "true");
    case 'f':
      return scan_literal (s, "false");
    case 'n':
      return scan_literal (s, "null");
    default:
      if (*s->p == '-' || g_ascii_isdigit (*s->p))
        return scan_number (s);
      return fail (s, s->p, "no value");
    }
}

/**
 * sse_json_scan:
 * @text: @length bytes from outside
 * @error: %SSE_ERROR_INVALID_UPDATE, with the byte's offset
 *
 * Checks that @text is one JSON value as RFC 8259 has it, in UTF-8, at most %SSE_JSON_MAX_DEPTH
 * deep, without NUL in a string, lone surrogates, duplicate names in an object or thousands of
 * them, integers beyond ±(2^53 - 1) and numbers beyond a double. A number with a fraction or an
 * exponent is no integer: everybody reads it as a double, also where it is whole.
 *
 * Returns: whether it is
 */
gboolean
sse_json_scan (const char *text, gsize length, GError **error)
{
  Scanner s = { .error = error };
  const char *invalid;
  gboolean ok;

  if (length == 0)
    text = ""; /* an empty GBytes has NULL, to which nothing may be added */
  s.start = s.p = text;
  s.end = text + length;

  if (!g_utf8_validate_len (text, length, &invalid))
    return fail (&s, invalid, "not UTF-8");

  s.name = g_string_new (NULL);
  ok = scan_value (&s, 0);
  if (ok)
    {
      skip_space (&s);
      ok = s.p == s.end || fail (&s, s.p, "something behind the value");
    }

  g_string_free (s.name, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (s.names); i++)
    g_clear_pointer (&s.names[i], g_hash_table_unref);
  return ok;
}
