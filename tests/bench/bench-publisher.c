/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-publisher.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench-error.h"

typedef struct
{
  BenchPublisher parent;
  int fd;
} LinePublisher;

static const struct
{
  const char *name;
  BenchPublisher *(*create) (const char *where, const BenchPublisherOptions *, GError **);
} ways[] = {
  { "bus:", bench_publisher_new_bus },
  { "post:", bench_publisher_new_post },
  { "webhook:", bench_publisher_new_webhook },
  { "line:", bench_publisher_new_line },
};

/**
 * bench_publisher_new:
 * @way: `bus:ADDRESS`, `post:URL`, `webhook:URL` or `line:PATH`
 * @options: copied
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where it is none of these, else where there
 *   is nobody
 */
BenchPublisher *
bench_publisher_new (const char *way, const BenchPublisherOptions *options, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    if (g_str_has_prefix (way, ways[i].name))
      return ways[i].create (way + strlen (ways[i].name), options, error);
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE,
               "\"%s\" is none of bus:ADDRESS, post:URL, webhook:URL and line:PATH", way);
  return NULL;
}

void
bench_publisher_free (BenchPublisher *self)
{
  self->free (self);
}

/**
 * bench_publisher_wait:
 * @at_most: how many calls may be without an answer then
 * @bound_ms: how long no answer may come
 * @error: (out) (optional): set where one was refused, or none came
 */
gboolean
bench_publisher_wait (BenchPublisher *self, guint at_most, guint bound_ms, GError **error)
{
  gint64 last = bench_monotonic_ns ();

  while (self->waiting > at_most)
    {
      guint before = self->waiting;
      if (!bench_interrupt_check (error) || !self->turn (self, 100, error))
        return FALSE;
      if (self->waiting != before)
        last = bench_monotonic_ns ();
      else if (bench_monotonic_ns () - last > bound_ms * BENCH_NS_PER_MS)
        {
          g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                       "publishing: %u calls have no answer after %u s", self->waiting,
                       bound_ms / 1000);
          return FALSE;
        }
    }
  return TRUE;
}

/* A line for each update, to a pipe; nobody answers. */
static gboolean
send_lines (BenchPublisher *publisher, GPtrArray *updates, GError **error)
{
  LinePublisher *self = (LinePublisher *) publisher;
  g_autoptr (GString) lines = g_string_new (NULL);

  for (guint i = 0; i < updates->len; i++)
    {
      BenchUpdate *update = g_ptr_array_index (updates, i);
      g_string_append_printf (lines, "%s\n", update->body);
    }
  for (gsize done = 0; done < lines->len;)
    {
      gssize wrote = write (self->fd, lines->str + done, lines->len - done);
      if (wrote < 0)
        {
          bench_error_set_errno (error, "publishing");
          return FALSE;
        }
      done += (gsize) wrote;
    }
  return TRUE;
}

static gboolean
turn_lines (BenchPublisher *publisher, guint ms, GError **error)
{
  return TRUE;
}

static void
free_lines (BenchPublisher *publisher)
{
  LinePublisher *self = (LinePublisher *) publisher;

  close (self->fd);
  g_free (self);
}

/**
 * bench_publisher_new_line:
 * @path: a pipe, or what else lines can be written to
 */
BenchPublisher *
bench_publisher_new_line (const char *path, const BenchPublisherOptions *options, GError **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    {
      bench_error_set_errno (error, "opening %s", path);
      return NULL;
    }
  LinePublisher *self = g_new0 (LinePublisher, 1);
  self->parent = (BenchPublisher){
    .bound = 1, .make = bench_update_new, .send = send_lines, .turn = turn_lines, .free = free_lines
  };
  self->fd = fd;
  return &self->parent;
}
