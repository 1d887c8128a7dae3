/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-thread.h"

#include <signal.h>
#include <string.h>

#include <glib/gi18n-lib.h>

/**
 * sse_thread_start:
 * @thread: (out): to be joined
 * @error: set in the domain %G_FILE_ERROR where there is none to be had
 *
 * Starts a thread that gets no signals: those are the main thread's.
 */
gboolean
sse_thread_start (pthread_t *thread, void *(*func) (void *), void *data, GError **error)
{
  sigset_t all, old;
  int code;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  code = pthread_create (thread, NULL, func, data);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  if (code != 0)
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code),
                 _ ("cannot make a thread: %s"), strerror (code));
  return code == 0;
}
