/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* Like FNV-1a (Fowler, Noll, Vo), but by words of 64 bits: each step is a bijection, so that every
 * change within one word is noticed for certain. A sum begins with the start. */
#define SSE_CHECKSUM_START G_GUINT64_CONSTANT (0xcbf29ce484222325)

static inline guint64
sse_checksum_add_number (guint64 checksum,
                         guint64 number)
{
  checksum = (checksum ^ number) * G_GUINT64_CONSTANT (0x100000001b3);
  return checksum ^ (checksum >> 32);
}

static inline guint64
sse_checksum_add (guint64     checksum,
                  const void *data,
                  gsize       length)
{
  const char *bytes = data;
  guint64 word;

  for (; length >= sizeof word; length -= sizeof word, bytes += sizeof word)
    {
      memcpy (&word, bytes, sizeof word);
      checksum = sse_checksum_add_number (checksum, GUINT64_FROM_LE (word));
    }
  word = 0;
  memcpy (&word, bytes, length);
  return sse_checksum_add_number (checksum, GUINT64_FROM_LE (word));
}

/* Where a text ends counts, and whether it is there. */
static inline guint64
sse_checksum_add_text (guint64     checksum,
                       const char *text,
                       gsize       length)
{
  checksum = sse_checksum_add_number (checksum, text != NULL ? length + 1 : 0);
  return text != NULL ? sse_checksum_add (checksum, text, length) : checksum;
}

G_END_DECLS
