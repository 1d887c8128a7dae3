/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-peer.h"

#include <string.h>

/* What a host has of its own is the lower half: it can choose among 2^64 addresses (RFC 4291,
 * section 2.5.4). */
#define PREFIX_BYTES 8

/**
 * sse_peer_get_name:
 * @address: a peer's address
 * @name: (out caller-allocates): room for %SSE_PEER_NAME_BYTES: an IPv4 address, also where it
 *   comes mapped into IPv6, or the prefix of 64 bits of an IPv6 one
 *
 * Returns: whether it has a name; peers of Unix sockets have none, as all of them are this machine
 */
gboolean
sse_peer_get_name (const struct sockaddr_storage *address, char *name)
{
  struct sockaddr_storage prefix = *address;
  struct sockaddr_in6 ipv6;

  if (address->ss_family != AF_INET && address->ss_family != AF_INET6)
    return FALSE;
  memcpy (&ipv6, address, sizeof ipv6);
  if (address->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED (&ipv6.sin6_addr))
    {
      memset (ipv6.sin6_addr.s6_addr + PREFIX_BYTES, 0, sizeof ipv6.sin6_addr - PREFIX_BYTES);
      memcpy (&prefix, &ipv6, sizeof ipv6);
    }
  sse_peer_text_write (&prefix, name);
  return TRUE;
}
