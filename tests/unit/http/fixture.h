/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Clients' sockets, and a main context that is run by hand until what is waited for is there. */

/* Fails where it takes too long. Evaluates @condition after each iteration. */
#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until_ = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;                                 \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, until_);                                      \
        iterate ();                                                                                \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

void     iterate           (void);

gboolean have_ipv6         (void);
int      connect_to        (const char *address);
int      connect_from      (const char *source,
                            const char *address);
gboolean try_connect       (const char *address,
                            int        *fd);
void     send_text         (int         fd,
                            const char *text);
gboolean receive_some      (int         fd,
                            GString    *received);
char    *receive_all       (int         fd);
guint    count_descriptors (void);
