/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * SseBound:
 * @fd: a listening socket, non-blocking
 * @name: its address as one would write it, with the real port
 *
 * A socket that listens on one address.
 */
typedef struct
{
  int fd;
  char *name;

  /*< private >*/
  char *path; /* of a Unix socket, NULL for others */
  dev_t device;
  ino_t inode;
} SseBound;

gboolean   sse_address_check  (const char        *text,
                               GError           **error);
GPtrArray *sse_address_listen (const char *const *addresses,
                               GError           **error);
SseBound  *sse_address_adopt  (int                fd,
                               GError           **error);
void       sse_bound_free     (SseBound          *self);

G_END_DECLS
