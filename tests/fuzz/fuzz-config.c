/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A configuration file, as the daemon reads it: its groups are taken, or what is wrong is said and
 * where. The secret for tokens is always there. */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "sse-options.h"

#define SECRET "a secret that is long enough for all tokens"

/* A file in memory with that content; the path that it can be opened by. */
static char *
fill (int fd, FuzzText content)
{
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, content.bytes, content.length, 0), ==, (gssize) content.length);
  return g_strdup_printf ("/proc/self/fd/%d", fd);
}

static void
check_options (SseOptions *options)
{
  g_assert_cmpuint (options->hub.intake.max_bytes, >=, options->hub.intake.max_update_bytes);
  g_assert_cmpuint (options->hub.fanout.retry_min_ms, <=, options->hub.fanout.retry_max_ms);
  g_assert_cmpuint (options->hub.fanout.n_workers, >, 0);
  g_assert_nonnull (options->http);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static int file = -1;
  static int secret_file = -1;
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (SseOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *secret = NULL;

  if (file < 0)
    {
      file = memfd_create ("rivulet.conf", MFD_CLOEXEC);
      secret_file = memfd_create ("secret", MFD_CLOEXEC);
    }
  path = fill (file, fuzz_text_new (data, size));
  secret = fill (secret_file, (FuzzText){ SECRET, strlen (SECRET) });

  if (sse_config_load (config, path, TRUE, &error))
    {
      sse_config_set (config, "auth", "secret-file", secret, "fuzz");
      options = sse_options_read (config, NULL, NULL, &error);
      if (options != NULL && sse_config_check_groups (config, &error))
        check_options (options);
    }
  if (error == NULL)
    {
      g_assert_nonnull (options);
      return 0;
    }
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  /* Where it is said, or which key would have to be said otherwise. */
  g_assert_true (g_str_has_prefix (error->message, path)
                 || g_str_has_prefix (error->message, "fuzz: [auth] ")
                 || g_str_has_prefix (error->message, "["));
  return 0;
}
