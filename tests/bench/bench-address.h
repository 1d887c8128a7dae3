/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

G_BEGIN_DECLS

/**
 * BenchAddress:
 * @inet: where to connect to
 * @host: the value of `Host`
 * @target: the target of a request
 *
 * An http URL taken apart.
 */
typedef struct
{
  struct sockaddr_in inet;
  char *host;
  char *target;
} BenchAddress;

gboolean bench_address_parse (BenchAddress *self,
                              const char   *url,
                              GError      **error);
void     bench_address_clear (BenchAddress *self);

G_END_DECLS
