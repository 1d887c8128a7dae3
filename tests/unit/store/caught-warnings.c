/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caught-warnings.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *caught; /* messages */

static const char *const domains[] = { "rivulet-hub", "rivulet-store" };
static guint handlers[G_N_ELEMENTS (domains)];

static void
on_warning (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  pthread_mutex_lock (&lock);
  g_ptr_array_add (caught, g_strdup (message));
  pthread_mutex_unlock (&lock);
}

/* Whether it ends the test: a test ends with a warning, as a rule. */
static gboolean
on_fatal (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  return (level & G_LOG_LEVEL_WARNING) == 0 || domain == NULL
         || !g_str_has_prefix (domain, "rivulet-");
}

/**
 * warnings_catch:
 *
 * Lets a test go on that is warned of something. To be called in each test.
 */
void
warnings_catch (void)
{
  caught = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    handlers[i] = g_log_set_handler (domains[i],
                                     G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION,
                                     on_warning, NULL);
  g_test_log_set_fatal_handler (on_fatal, NULL);
}

/**
 * warnings_expect:
 * @pattern: with * and ?
 *
 * Checks that there was such a warning, the oldest of those that were not expected yet or another.
 */
void
warnings_expect (const char *pattern)
{
  gboolean found = FALSE;

  pthread_mutex_lock (&lock);
  for (guint i = 0; i < caught->len && !found; i++)
    {
      found = g_pattern_match_simple (pattern, g_ptr_array_index (caught, i));
      if (found)
        g_ptr_array_remove_index (caught, i);
    }
  pthread_mutex_unlock (&lock);
  if (!found)
    for (guint i = 0; i < caught->len; i++)
      g_test_message ("there was: %s", (const char *) g_ptr_array_index (caught, i));
  if (!found)
    g_error ("there was no warning like %s", pattern);
}

/**
 * warnings_finish:
 *
 * Checks that there were no others.
 */
void
warnings_finish (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    g_log_remove_handler (domains[i], handlers[i]);
  if (caught->len > 0)
    g_error ("not expected: %s", (const char *) g_ptr_array_index (caught, 0));
  g_clear_pointer (&caught, g_ptr_array_unref);
}
