/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-form.h"

#include <string.h>

#include "sse-json.h"

/* Decodes the bytes from @text to @end; %NULL where an escape is not one. */
static GString *
decode (const char *text, const char *end)
{
  GString *out = g_string_sized_new ((gsize) (end - text));

  while (text < end)
    {
      const char *plain = text;

      while (text < end && *text != '%' && *text != '+')
        text++;
      g_string_append_len (out, plain, text - plain);
      if (text == end)
        break;

      if (*text == '+')
        {
          g_string_append_c (out, ' ');
          text++;
          continue;
        }
      if (end - text < 3 || !g_ascii_isxdigit (text[1]) || !g_ascii_isxdigit (text[2]))
        {
          g_string_free (out, TRUE);
          return NULL;
        }
      g_string_append_c (
          out, (char) (g_ascii_xdigit_value (text[1]) * 16 + g_ascii_xdigit_value (text[2])));
      text += 3;
    }
  return out;
}

static const char *
find (const char *text, const char *end, char c)
{
  const char *found = text < end ? memchr (text, c, (gsize) (end - text)) : NULL;

  return found != NULL ? found : end;
}

/**
 * sse_github_form_dup_value:
 * @form: @length bytes as `application/x-www-form-urlencoded` has them (WHATWG URL, section 5.1)
 * @name: the field's name
 * @error: %SSE_ERROR_INVALID_UPDATE where the field is missing, there twice, or wrongly escaped
 *
 * Returns: (transfer full) (nullable): the field's value, decoded; may be any bytes
 */
GString *
sse_github_form_dup_value (const char *form, gsize length, const char *name, GError **error)
{
  const char *end = form + length;
  g_autoptr (GString) value = NULL;

  for (const char *field = form; field < end;)
    {
      const char *field_end = find (field, end, '&');
      const char *name_end = find (field, field_end, '=');
      g_autoptr (GString) field_name = decode (field, name_end);

      if (field_name != NULL && strcmp (field_name->str, name) == 0)
        {
          if (value != NULL)
            {
              sse_json_set_invalid (error, "", name, "there twice in the form");
              return NULL;
            }
          value = decode (MIN (name_end + 1, field_end), field_end);
          if (value == NULL)
            {
              sse_json_set_invalid (error, "", name, "%% without two hexadecimal digits");
              return NULL;
            }
        }
      field = field_end < end ? field_end + 1 : end;
    }

  if (value == NULL)
    sse_json_set_invalid (error, "", name, "missing in the form");
  return g_steal_pointer (&value);
}
