/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-peer-text.h"

#include <arpa/inet.h>
#include <string.h>

#define MAPPED_BYTES 12 /* in front of an IPv4 address in an IPv6 one */

/**
 * sse_peer_text_write:
 * @address: a peer's address
 * @text: (out caller-allocates): room for %SSE_PEER_TEXT_BYTES: an IPv4 address, also where it
 * comes mapped into IPv6 (RFC 4291, section 2.5.5.2), an IPv6 address, or `unix`, as whoever comes
 * by such a socket has no address; empty for any other kind
 */
void
sse_peer_text_write (const struct sockaddr_storage *address, char *text)
{
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;

  switch (address->ss_family)
    {
    case AF_INET:
      memcpy (&ipv4, address, sizeof ipv4);
      inet_ntop (AF_INET, &ipv4.sin_addr, text, SSE_PEER_TEXT_BYTES);
      break;
    case AF_INET6:
      memcpy (&ipv6, address, sizeof ipv6);
      if (IN6_IS_ADDR_V4MAPPED (&ipv6.sin6_addr))
        inet_ntop (AF_INET, ipv6.sin6_addr.s6_addr + MAPPED_BYTES, text, SSE_PEER_TEXT_BYTES);
      else
        inet_ntop (AF_INET6, &ipv6.sin6_addr, text, SSE_PEER_TEXT_BYTES);
      break;
    case AF_UNIX:
      g_strlcpy (text, "unix", SSE_PEER_TEXT_BYTES);
      break;
    default:
      *text = '\0';
    }
}
