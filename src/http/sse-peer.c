/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-peer.h"

#include <arpa/inet.h>
#include <string.h>

/* What a host has of its own is the lower half: it can choose among 2^64 addresses (RFC 4291,
 * section 2.5.4). */
#define PREFIX_BYTES 8

#define MAPPED_BYTES 12 /* in front of an IPv4 address in an IPv6 one */

static void
name_ipv6 (const struct in6_addr *address, char *name)
{
  struct in6_addr prefix = *address;

  if (IN6_IS_ADDR_V4MAPPED (address))
    {
      inet_ntop (AF_INET, address->s6_addr + MAPPED_BYTES, name, SSE_PEER_NAME_BYTES);
      return;
    }
  memset (prefix.s6_addr + PREFIX_BYTES, 0, sizeof prefix.s6_addr - PREFIX_BYTES);
  inet_ntop (AF_INET6, &prefix, name, SSE_PEER_NAME_BYTES);
}

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
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;

  if (address->ss_family == AF_INET)
    {
      memcpy (&ipv4, address, sizeof ipv4);
      inet_ntop (AF_INET, &ipv4.sin_addr, name, SSE_PEER_NAME_BYTES);
      return TRUE;
    }
  if (address->ss_family != AF_INET6)
    return FALSE;
  memcpy (&ipv6, address, sizeof ipv6);
  name_ipv6 (&ipv6.sin6_addr, name);
  return TRUE;
}
