/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What libFuzzer calls: a target defines the second. */
int LLVMFuzzerInitialize   (int            *argc,
                            char         ***argv);
int LLVMFuzzerTestOneInput (const guint8   *data,
                            gsize           size);

/**
 * FuzzText:
 *
 * An input, or what is left of it, while it is taken apart.
 */
typedef struct
{
  const char *bytes;
  gsize length;
} FuzzText;

FuzzText  fuzz_text_new            (const guint8   *data,
                                    gsize           size);
FuzzText  fuzz_text_take_line      (FuzzText       *self);
char     *fuzz_text_dup            (FuzzText        self);

void      fuzz_assert_json_members (const char     *members,
                                    gsize           length);

G_END_DECLS
