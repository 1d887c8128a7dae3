/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-capacity.h"

#include <sys/resource.h>

/* For all that is no connection, and for the second one that a connection has for a moment as its
 * socket is taken over. */
#define RESERVED_DESCRIPTORS 512

static guint
count_descriptors (void)
{
  struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

  getrlimit (RLIMIT_NOFILE, &limit);
  return (guint) MIN (limit.rlim_cur, (rlim_t) G_MAXINT);
}

/**
 * sse_capacity_choose:
 * @wanted: how many connections there shall be at once; 0: as many as possible
 *
 * Returns: how many there may be
 */
guint
sse_capacity_choose (gsize wanted)
{
  guint descriptors = count_descriptors ();
  guint possible = descriptors - MIN (descriptors / 2, RESERVED_DESCRIPTORS);

  return wanted == 0 ? possible : (guint) MIN (wanted, possible);
}

/**
 * sse_capacity_tell:
 * @chosen: what was chosen
 * @wanted: of what
 *
 * Says how many connections there may be.
 */
void
sse_capacity_tell (guint chosen, gsize wanted)
{
  if (wanted > chosen)
    g_message ("up to %u connections (%u descriptors), not %" G_GSIZE_FORMAT " (max-connections)",
               chosen, count_descriptors (), wanted);
  else
    g_message ("up to %u connections (%u descriptors)", chosen, count_descriptors ());
}
