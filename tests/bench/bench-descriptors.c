/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-descriptors.h"

#include <sys/resource.h>

#include "bench-error.h"

/* Descriptors that are not clients. */
#define OTHER_FILES 64

/**
 * bench_descriptors_allow:
 * @n_clients: how many sockets there are to be
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where the hard limit is too low
 *
 * Raises the soft limit on descriptors where that is needed.
 */
gboolean
bench_descriptors_allow (guint n_clients, GError **error)
{
  struct rlimit limit;
  rlim_t needed = n_clients + OTHER_FILES;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
    return TRUE;
  if (limit.rlim_max < needed)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE,
                   "%u clients need %u descriptors, and %u are allowed: raise the hard limit "
                   "(\"ulimit -Hn %u\" as root, or LimitNOFILE= of the service)",
                   n_clients, (guint) needed, (guint) limit.rlim_max, (guint) needed);
      return FALSE;
    }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) == 0)
    return TRUE;
  bench_error_set_errno (error, "raising the limit on descriptors");
  return FALSE;
}
