/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-feed.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-cli.h"
#include "sse-lines.h"

/* The system bus lets one connection have 128 calls that wait for their answers. */
#define MAX_CALLS 100
/* Of the updates under way, in bytes; one alone may be larger. */
#define MAX_BYTES (16 << 20)
/* Of one update; the system bus closes a connection that sends a message of over 32 MiB. */
#define MAX_LINE (31 << 20)

#define PIECE             65536
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 10)

struct _SseFeed
{
  GDBusConnection *connection;
  GBusType bus;
  char *stream;
  char *audience;
  GInputStream *input;
  gboolean progress;

  GMainLoop *loop;
  GCancellable *reading; /* while a piece is awaited */
  SseLines *lines;
  char *piece;
  gboolean ended;   /* nothing more is read */
  gboolean stopped; /* nothing more is sent */
  guint calls;
  gsize bytes;
  SseFeedTotals totals;
  gint64 progress_shown;
  GError *error;
};

/* One update until it is answered. */
typedef struct
{
  SseFeed *feed;
  guint64 line;
  gsize bytes;
} Call;

static void pump (SseFeed *self);

/**
 * sse_feed_new:
 * @connection: the bus
 * @bus: which it is, for messages
 * @stream: where the updates go
 * @audience: (nullable): whom they are for
 * @input: where they are read from
 * @progress: whether to show on standard error how far it is
 */
SseFeed *
sse_feed_new (GDBusConnection *connection,
              GBusType bus,
              const char *stream,
              const char *audience,
              GInputStream *input,
              gboolean progress)
{
  SseFeed *self = g_new0 (SseFeed, 1);

  self->connection = g_object_ref (connection);
  self->bus = bus;
  self->stream = g_strdup (stream);
  self->audience = g_strdup (audience);
  self->input = g_object_ref (input);
  self->progress = progress;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->lines = sse_lines_new (MAX_LINE);
  self->piece = g_malloc (PIECE);
  return self;
}

void
sse_feed_free (SseFeed *self)
{
  g_object_unref (self->connection);
  g_free (self->stream);
  g_free (self->audience);
  g_object_unref (self->input);
  g_main_loop_unref (self->loop);
  g_clear_object (&self->reading);
  sse_lines_free (self->lines);
  g_free (self->piece);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- what is told meanwhile ---- */

static void
clear_progress (SseFeed *self)
{
  if (self->progress && self->progress_shown != 0)
    g_printerr ("\r\033[K");
  self->progress_shown = 0;
}

static void
show_progress (SseFeed *self)
{
  gint64 now = g_get_monotonic_time ();
  const SseFeedTotals totals
      = { .published = self->totals.published, .refused = self->totals.refused };
  g_autofree char *text = NULL;

  if (!self->progress || now - self->progress_shown < PROGRESS_INTERVAL)
    return;
  self->progress_shown = now;
  text = sse_feed_describe (&totals);
  g_printerr ("\r\033[K%s", text);
}

static void G_GNUC_PRINTF (2, 3) warn (SseFeed *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  clear_progress (self);
  sse_cli_warn ("%s", text);
}

static void
refuse (SseFeed *self, guint64 line, const char *reason)
{
  self->totals.refused++;
  warn (self, _ ("line %" PRIu64 ": %s"), line, reason);
}

/* ---- sending ---- */

static void
stop_reading (SseFeed *self)
{
  self->ended = TRUE;
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
}

/* The first answer that leaves no hope for the others is told; theirs would be the same. Those that
 * don't come are given up in no certain order, so no line is named then. */
static void
give_up (SseFeed *self, guint64 line, SseBusFault fault, const char *reason)
{
  if (fault == SSE_BUS_FAULT_UNKNOWN)
    {
      if (self->totals.unknown++ == 0 || line < self->totals.first_unknown)
        self->totals.first_unknown = line;
      if (!self->stopped)
        warn (self, _ ("%s; stopping here"), reason);
    }
  else
    {
      self->totals.refused++;
      if (!self->stopped)
        warn (self, _ ("line %" PRIu64 ": %s; stopping here"), line, reason);
    }
  self->stopped = TRUE;
  stop_reading (self);
}

static void
on_answer (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  SseFeed *self = call->feed;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  self->calls--;
  self->bytes -= call->bytes;
  if (answer != NULL)
    {
      self->totals.published++;
    }
  else
    {
      SseBusFault fault = sse_cli_bus_judge (error);
      g_autofree char *reason = sse_cli_bus_describe (error, self->bus);

      if (fault == SSE_BUS_FAULT_REFUSED)
        refuse (self, call->line, reason);
      else
        give_up (self, call->line, fault, reason);
    }
  g_free (call);
  show_progress (self);
  pump (self);
}

static gboolean
is_blank (const SseLine *line)
{
  return line->text != NULL && strspn (line->text, " \t\r") == line->length;
}

static void
send_line (SseFeed *self, const SseLine *line)
{
  Call *call;

  if (is_blank (line))
    return;
  if (line->text == NULL)
    {
      refuse (self, line->number, _ ("longer than 31 MiB"));
      return;
    }
  if (!g_utf8_validate_len (line->text, line->length, NULL))
    {
      refuse (self, line->number, _ ("not UTF-8, or with a NUL in it"));
      return;
    }

  call = g_new0 (Call, 1);
  call->feed = self;
  call->line = line->number;
  call->bytes = line->length;
  self->calls++;
  self->bytes += line->length;
  g_dbus_connection_call (
      self->connection, SSE_CLI_BUS_NAME, SSE_CLI_BUS_PATH, SSE_CLI_BUS_PUBLISHER, "Publish",
      sse_cli_bus_make_publish (self->stream, line->text, self->audience), G_VARIANT_TYPE ("(s)"),
      G_DBUS_CALL_FLAGS_NONE, SSE_CLI_BUS_TIMEOUT, NULL, on_answer, call);
}

/* ---- reading ---- */

static void
on_piece (GObject *input, GAsyncResult *result, gpointer user_data)
{
  SseFeed *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (input), result, &error);

  g_clear_object (&self->reading);
  if (length > 0 && !self->ended)
    sse_lines_push (self->lines, self->piece, (gsize) length);
  if (length == 0)
    sse_lines_end (self->lines);
  if (length <= 0)
    self->ended = TRUE;
  if (length < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error (&self->error, SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                 _ ("cannot read standard input: %s"), error->message);
  pump (self);
}

/* Sends what may be sent, and reads on where that leaves room. */
static void
pump (SseFeed *self)
{
  while (!self->stopped && self->calls < MAX_CALLS && (self->calls == 0 || self->bytes < MAX_BYTES))
    {
      SseLine line;

      if (sse_lines_next (self->lines, &line))
        {
          send_line (self, &line);
          continue;
        }
      if (!self->ended && self->reading == NULL)
        {
          self->reading = g_cancellable_new ();
          g_input_stream_read_async (self->input, self->piece, PIECE, G_PRIORITY_DEFAULT,
                                     self->reading, on_piece, self);
        }
      break;
    }
  if (self->ended && self->calls == 0 && self->reading == NULL)
    g_main_loop_quit (self->loop);
}

/**
 * sse_feed_run:
 * @totals: (out): what became of the updates; set in any case
 * @error: where the input could not be read to its end
 *
 * Publishes all of the input, and returns when every update is answered.
 */
gboolean
sse_feed_run (SseFeed *self, SseFeedTotals *totals, GError **error)
{
  pump (self);
  if (!self->ended || self->calls > 0 || self->reading != NULL)
    g_main_loop_run (self->loop);
  clear_progress (self);
  *totals = self->totals;
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* Reads no further; sse_feed_run() returns when what is under way is answered. */
void
sse_feed_stop (SseFeed *self)
{
  self->stopped = TRUE;
  stop_reading (self);
  pump (self);
}

/**
 * sse_feed_describe:
 *
 * Returns: (transfer full): what became of the updates, in words on one line
 */
char *
sse_feed_describe (const SseFeedTotals *totals)
{
  g_autofree char *published
      = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%" PRIu64 " published",
                                      "%" PRIu64 " published", totals->published),
                         totals->published);
  g_autofree char *refused = g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE, "%" PRIu64 " refused", "%" PRIu64 " refused", totals->refused),
      totals->refused);
  g_autofree char *unknown = NULL;

  if (totals->unknown == 0)
    return g_strdup_printf (_ ("%s, %s"), published, refused);
  unknown = g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE,
                   "%" PRIu64 " without an answer, taken or not: publish it again, from line "
                   "%" PRIu64 " on",
                   "%" PRIu64 " without an answer, taken or not: publish them again, from line "
                   "%" PRIu64 " on",
                   totals->unknown),
      totals->unknown, totals->first_unknown);
  return g_strdup_printf (_ ("%s, %s, %s"), published, refused, unknown);
}
