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

/* Of a Unix socket: everybody may connect, as far as its directory lets them; or only those of the
 * process's user and group. */
#define SSE_ADDRESS_OPEN   0666
#define SSE_ADDRESS_CLOSED 0660

gboolean   sse_address_check  (const char        *text,
                               GError           **error);
GPtrArray *sse_address_listen (const char *const *addresses,
                               mode_t             mode,
                               GError           **error);
SseBound  *sse_address_adopt  (int                fd,
                               GError           **error);
void       sse_bound_free     (SseBound          *self);

G_END_DECLS
