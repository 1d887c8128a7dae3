/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of a metric without labels. */
static double
read_value (const char *name)
{
  SseExposition out = { .text = g_string_new (NULL) };
  g_autofree char *start = g_strdup_printf ("\n%s ", name);
  const char *line;
  double value;

  sse_process_expose (&out, 17);
  line = strstr (out.text->str, start);
  if (line == NULL)
    g_error ("no %s in %s", name, out.text->str);
  value = g_ascii_strtod (line + strlen (start), NULL);
  g_string_free (out.text, TRUE);
  return value;
}

/* Not before this program was built, and not in the future. */
static void
test_start (void)
{
  double now = (double) g_get_real_time () / G_USEC_PER_SEC;
  double start = sse_process_read_start ();

  g_assert_cmpfloat (start, <=, now);
  g_assert_cmpfloat (start, >, now - 3600);
  g_assert_cmpfloat (read_value ("process_start_time_seconds"), ==, 17);
}

static void
test_memory (void)
{
  const gsize size = 64 * 1024 * 1024;
  double virtual = read_value ("process_virtual_memory_bytes");
  double resident = read_value ("process_resident_memory_bytes");
  g_autofree char *memory = g_malloc (size);

  memset (memory, 1, size);
  g_assert_cmpfloat (read_value ("process_virtual_memory_bytes"), >=, virtual + (double) size);
  g_assert_cmpfloat (read_value ("process_resident_memory_bytes"), >=,
                     resident + (double) size / 2);
  g_assert_cmpint (memory[size - 1], ==, 1);
}

static void
test_time (void)
{
  double before = read_value ("process_cpu_seconds_total");

  while (read_value ("process_cpu_seconds_total") < before + 0.01)
    continue;
  g_assert_cmpfloat (before, >, 0);
}

static void
test_descriptors (void)
{
  g_autofree char *release = NULL;
  unsigned int major, minor;
  double before;
  int fds[50];

  g_assert_cmpfloat (read_value ("process_max_fds"), ==, (double) sysconf (_SC_OPEN_MAX));
  g_assert_true (g_file_get_contents ("/proc/sys/kernel/osrelease", &release, NULL, NULL));
  g_assert_cmpint (sscanf (release, "%u.%u", &major, &minor), ==, 2);
  if (major < 6 || (major == 6 && minor < 2))
    {
      g_test_skip ("this kernel does not say how many descriptors there are");
      return;
    }
  before = read_value ("process_open_fds");
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_cmpfloat (read_value ("process_open_fds"), ==, before + G_N_ELEMENTS (fds));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/operators/process/start", test_start);
  g_test_add_func ("/operators/process/memory", test_memory);
  g_test_add_func ("/operators/process/time", test_time);
  g_test_add_func ("/operators/process/descriptors", test_descriptors);
  return g_test_run ();
}
