/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-base64url.h"

#include <string.h>

/* RFC 4648, section 10, without padding, and RFC 7515, appendix C. */
static void
test_vectors (void)
{
  const struct
  {
    const char *bytes;
    const char *text;
  } cases[] = {
    { "f", "Zg" },
    { "fo", "Zm8" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg" },
    { "fooba", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy" },
    { "\x03\xec\xff\xe0\xc1", "A-z_4ME" },
    { "\xfb\xff\xbf", "-_-_" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize size = strlen (cases[i].bytes);
      g_autofree char *text = sse_base64url_encode ((const guint8 *) cases[i].bytes, size);
      gsize length;
      g_autofree char *bytes
          = sse_base64url_decode (cases[i].text, strlen (cases[i].text), &length);

      g_assert_cmpstr (text, ==, cases[i].text);
      g_assert_cmpuint (length, ==, size);
      g_assert_cmpstr (bytes, ==, cases[i].bytes);
    }
}

/* Of all texts, only one is those bytes. */
static void
test_refused (void)
{
  const char *const texts[] = { "",        "Z",   "Zh",   "Zm9",     "Zg==",  "Zm8=",
                                "Zm9vYg=", "Z g", "Zg\n", "A+z/4ME", "Zm9vY", "Z.g" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gsize length;

      g_test_message ("%s", texts[i]);
      g_assert_null (sse_base64url_decode (texts[i], strlen (texts[i]), &length));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/base64url/vectors", test_vectors);
  g_test_add_func ("/token/base64url/refused", test_refused);
  return g_test_run ();
}
