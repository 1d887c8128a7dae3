/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "sse-json.h"

/* What GLib complains of is a finding, too. */
int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  return 0;
}

FuzzText
fuzz_text_new (const guint8 *data, gsize size)
{
  return (FuzzText){ size > 0 ? (const char *) data : "", size };
}

/* The bytes before the first line feed, which are taken away with it. */
FuzzText
fuzz_text_take_line (FuzzText *self)
{
  const char *end = memchr (self->bytes, '\n', self->length);
  FuzzText line = { self->bytes, end != NULL ? (gsize) (end - self->bytes) : self->length };
  gsize taken = line.length + (end != NULL ? 1 : 0);

  self->bytes += taken;
  self->length -= taken;
  return line;
}

/* A copy of exactly its size and a NUL, so that the sanitizer sees any byte read beyond. */
char *
fuzz_text_dup (FuzzText self)
{
  char *copy = g_malloc (self.length + 1);

  memcpy (copy, self.bytes, self.length);
  copy[self.length] = '\0';
  return copy;
}

/**
 * fuzz_assert_json_members:
 * @members: @length bytes of what clients are sent: members of an object, without its braces
 *
 * Asserts that they are JSON in the one form in which it is written: without white space, and on
 * one line, whatever is taken for the end of one.
 */
void
fuzz_assert_json_members (const char *members, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GString) object = g_string_new ("{");
  g_autoptr (GString) again = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    g_assert_true ((guchar) members[i] >= ' ' && members[i] != 0x7f);

  g_string_append_len (object, members, (gssize) length);
  g_string_append_c (object, '}');
  g_assert_true (json_parser_load_from_data (parser, object->str, (gssize) object->len, NULL));
  sse_json_append_node (again, json_parser_get_root (parser));
  g_assert_cmpstr (again->str, ==, object->str);
}
