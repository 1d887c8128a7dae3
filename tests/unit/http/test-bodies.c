/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guests.h"

#define LENGTH  "POST /x?y HTTP/1.1\r\n" HOST "Content-Length: "
#define CHUNKED "POST /x?y HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static SseUpload *
wait_for_upload (Guests *guests)
{
  wait_for (guests->uploads->len == 1);
  return g_ptr_array_index (guests->uploads, 0);
}

static void
assert_body (SseUpload *upload, const char *body)
{
  g_autoptr (GBytes) expected = g_bytes_new (body, strlen (body));

  g_assert_true (g_bytes_equal (upload->body, expected));
}

/* The one that was posted is answered, and gone with all that it brought. */
static void
answer_and_check (Guests *guests, int fd)
{
  SseUpload *upload = g_ptr_array_steal_index (guests->uploads, 0);

  sse_listener_answer (guests->listener, upload, sse_answer_new_message (409, "Taken"));
  guests_assert_answered (guests, fd, 409);
}

static void
test_length (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, LENGTH "5\r\nX-Twice: \ta \r\nx-twice:b\r\nX:\r\n\r\nhello");
  SseUpload *upload = wait_for_upload (guests);

  assert_body (upload, "hello");
  g_assert_cmpstr (upload->path, ==, "/x");
  g_assert_cmpuint (g_hash_table_size (upload->fields), ==, 4);
  g_assert_cmpstr (g_hash_table_lookup (upload->fields, "host"), ==, "localhost");
  g_assert_cmpstr (g_hash_table_lookup (upload->fields, "x-twice"), ==, "a, b");
  g_assert_cmpstr (g_hash_table_lookup (upload->fields, "x"), ==, "");
  g_assert_cmpuint (sse_listener_get_connections (guests->listener), ==, 1);
  answer_and_check (guests, fd);
}

static void
test_empty (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, LENGTH "0\r\n\r\n");

  assert_body (wait_for_upload (guests), "");
  answer_and_check (guests, fd);
  fd = guests_connect (guests, CHUNKED "0\r\n\r\n");
  assert_body (wait_for_upload (guests), "");
  answer_and_check (guests, fd);
}

static void
test_pieces (Guests *guests, gconstpointer data)
{
  static const char *const requests[]
      = { LENGTH "5\r\n\r\nhello", CHUNKED "1\r\nh\r\n04\r\nello\r\n0\r\n\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      int fd = connect_to (guests->address);

      for (const char *byte = requests[i]; *byte != '\0'; byte++)
        {
          const char text[] = { *byte, '\0' };

          g_assert_cmpuint (guests->uploads->len, ==, 0);
          send_text (fd, text);
          iterate ();
        }
      assert_body (wait_for_upload (guests), "hello");
      answer_and_check (guests, fd);
    }
  g_assert_cmpuint (guests->n_asked, ==, G_N_ELEMENTS (requests));
}

/* What follows is no second request, and does not hinder the answer. */
static void
test_behind (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, LENGTH "5\r\n\r\nhello" REQUEST REQUEST);

  assert_body (wait_for_upload (guests), "hello");
  answer_and_check (guests, fd);
  fd = guests_connect (guests, CHUNKED "5\r\nhello\r\n0\r\n\r\n" REQUEST REQUEST);
  assert_body (wait_for_upload (guests), "hello");
  answer_and_check (guests, fd);
  g_assert_cmpuint (guests->n_asked, ==, 2);
}

static void
test_continue (Guests *guests, gconstpointer data)
{
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  int fd = guests_connect (guests, LENGTH "5\r\nExpect: 100-continue\r\n\r\n");
  g_autoptr (GString) received = g_string_new (NULL);

  wait_for (!receive_some (fd, received) || received->len >= strlen (go_on));
  g_assert_cmpstr (received->str, ==, go_on);
  send_text (fd, "hello");
  assert_body (wait_for_upload (guests), "hello");
  answer_and_check (guests, fd);

  /* It is not told to send what is not taken, nor is a client that knows nothing of it. */
  guests_assert_answered (
      guests, guests_connect (guests, LENGTH "1001\r\nExpect: 100-continue\r\n\r\n"), 503);
  fd = guests_connect (guests,
                       "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx");
  wait_for_upload (guests);
  answer_and_check (guests, fd);
}

static void
test_refused (Guests *guests, gconstpointer data)
{
  g_autofree char *much = g_strnfill (GUESTS_MAX_BODY + 1, 'x');
  g_autofree char *too_much = g_strdup_printf (CHUNKED "%x\r\n%s", GUESTS_MAX_BODY + 1, much);
  g_autofree char *all
      = g_strdup_printf (CHUNKED "%x\r\n%s\r\n0\r\n\r\n", GUESTS_MAX_BODY, much + 1);
  int fd;

  guests_assert_answered (guests, guests_connect (guests, CHUNKED "x"), 400);
  guests_assert_answered (guests, guests_connect (guests, CHUNKED "1;x=y\r\n"), 400);
  guests_assert_answered (guests, guests_connect (guests, CHUNKED "1\r\nab"), 400);
  guests_assert_answered (guests, guests_connect (guests, too_much), 413);
  g_assert_cmpuint (guests->uploads->len, ==, 0);

  fd = guests_connect (guests, all);
  assert_body (wait_for_upload (guests), much + 1);
  answer_and_check (guests, fd);
}

/* Only what has come counts among all bodies, as long as it is there. */
static void
test_all_together (Guests *guests, gconstpointer data)
{
  g_autofree char *body = g_strnfill (600, 'x');
  g_autofree char *first = g_strconcat (LENGTH "600\r\n\r\n", body, NULL);
  g_autofree char *chunks = g_strdup_printf (CHUNKED "%x\r\n%s\r\n", 400, body + 200);
  int silent = guests_connect (guests, LENGTH "900\r\n\r\n");
  int fd = guests_connect (guests, first);
  g_autofree char *busy = NULL;
  int growing;

  wait_for_upload (guests);
  busy = receive_all (guests_connect (guests, LENGTH "401\r\n\r\n"));
  guests_assert_status (busy, 503);
  g_assert_nonnull (strstr (busy, "\r\nRetry-After: 1\r\n"));

  growing = guests_connect (guests, chunks);
  wait_for (sse_listener_get_connections (guests->listener) == 3);
  for (guint i = 0; i < 10; i++)
    iterate ();
  send_text (growing, "1\r\nx\r\n");
  g_clear_pointer (&busy, g_free);
  busy = receive_all (growing);
  guests_assert_status (busy, 503);
  wait_for (sse_listener_get_connections (guests->listener) == 2);

  /* There is room again once it is answered, for that one too which announced much. */
  sse_listener_answer (guests->listener, g_ptr_array_steal_index (guests->uploads, 0),
                       sse_answer_new_message (409, "Taken"));
  send_text (silent, body);
  send_text (silent, body + 300);
  wait_for_upload (guests);
  g_clear_pointer (&busy, g_free);
  busy = receive_all (fd);
  guests_assert_status (busy, 409);
  answer_and_check (guests, silent);
}

static const SseListenerOptions slow_bodies = {
  .gate = { .max_connections = 1000, .max_body_bytes = 1000 },
  .head_timeout_ms = 60000,
  .body_timeout_seconds = 1,
};

static void
test_timeout (Guests *guests, gconstpointer data)
{
  guests_assert_answered (guests, guests_connect (guests, LENGTH "5\r\n\r\nhell"), 408);
  guests_assert_answered (guests, guests_connect (guests, CHUNKED), 408);
}

/* The time is for the whole body: bytes in between do not begin it again. */
static void
test_timeout_dripping (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, LENGTH "900\r\n\r\n");
  g_autoptr (GString) received = g_string_new (NULL);
  gint64 next = 0;
  guint n_sent = 0;

  while (received->len == 0)
    {
      if (g_get_monotonic_time () > next)
        {
          g_assert_cmpuint (n_sent++, <, 100);
          next = g_get_monotonic_time () + 100 * G_TIME_SPAN_MILLISECOND;
          g_assert_cmpint (send (fd, "x", 1, MSG_NOSIGNAL), ==, 1);
        }
      iterate ();
      receive_some (fd, received);
    }
  guests_assert_status (received->str, 408);
  close (fd);
}

/* One that has its answer is not waited for any longer: neither for its time, nor for its client.
 */
static void
test_answered_late (Guests *guests, gconstpointer data)
{
  gint64 until = g_get_monotonic_time () + 1500 * G_TIME_SPAN_MILLISECOND;
  int fd = guests_connect (guests, LENGTH "5\r\n\r\nhello");

  wait_for_upload (guests);
  wait_for (g_get_monotonic_time () > until);
  answer_and_check (guests, fd);
}

static void
test_gone (Guests *guests, gconstpointer data)
{
  const struct linger reset = { 1, 0 };
  g_autofree char *nothing = NULL;
  int fd;

  close (guests_connect (guests, LENGTH "5\r\n\r\nhell"));
  close (guests_connect (guests, CHUNKED "5\r\nhell"));
  fd = guests_connect (guests, LENGTH "5\r\n\r\nhell");
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
  close (fd);
  fd = guests_connect (guests, LENGTH "5\r\n\r\nhell");
  g_assert_no_errno (shutdown (fd, SHUT_WR));
  nothing = receive_all (fd);
  g_assert_cmpstr (nothing, ==, "");
  wait_for (guests->counters.accepted == 4 && sse_listener_get_connections (guests->listener) == 0);
  g_assert_cmpuint (guests->uploads->len, ==, 0);

  /* All of it came: that nothing follows is in order; and who has left needs no answer. */
  fd = guests_connect (guests, LENGTH "5\r\n\r\nhello");
  g_assert_no_errno (shutdown (fd, SHUT_WR));
  wait_for_upload (guests);
  answer_and_check (guests, fd);
  fd = guests_connect (guests, LENGTH "5\r\n\r\nhello");
  wait_for_upload (guests);
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
  close (fd);
  sse_listener_answer (guests->listener, g_ptr_array_steal_index (guests->uploads, 0),
                       sse_answer_new_message (409, "Taken"));
}

/* Then the client is hung up on, and nothing of it is left, whichever is freed first. */
static void
test_not_answered (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, LENGTH "5\r\n\r\nhello");
  g_autofree char *nothing = NULL;
  SseUpload *upload;

  wait_for_upload (guests);
  g_ptr_array_set_size (guests->uploads, 0);
  nothing = receive_all (fd);
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpuint (sse_listener_get_connections (guests->listener), ==, 0);

  fd = guests_connect (guests, LENGTH "5\r\n\r\nhello");
  upload = wait_for_upload (guests);
  g_clear_pointer (&guests->listener, sse_listener_free);
  assert_body (upload, "hello");
  sse_upload_hang_up (upload);
  assert_body (upload, "hello");
  g_clear_pointer (&nothing, g_free);
  nothing = receive_all (fd);
  g_assert_cmpstr (nothing, ==, "");
}

static void
test_stopped (Guests *guests, gconstpointer data)
{
  int partial = guests_connect (guests, LENGTH "5\r\n\r\nhell");
  int whole = guests_connect (guests, LENGTH "5\r\n\r\nhello");
  g_autofree char *nothing = NULL;

  wait_for (guests->uploads->len == 1 && guests->n_asked == 2);
  sse_listener_stop (guests->listener);
  nothing = receive_all (partial);
  g_assert_cmpstr (nothing, ==, "");
  answer_and_check (guests, whole);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, options, func)                                                                   \
  g_test_add ("/http/bodies/" name, Guests, options, guests_set_up, func, guests_tear_down)
  ADD ("length", NULL, test_length);
  ADD ("empty", NULL, test_empty);
  ADD ("pieces", NULL, test_pieces);
  ADD ("behind", NULL, test_behind);
  ADD ("continue", NULL, test_continue);
  ADD ("refused", NULL, test_refused);
  ADD ("all-together", NULL, test_all_together);
  ADD ("timeout", &slow_bodies, test_timeout);
  ADD ("timeout-dripping", &slow_bodies, test_timeout_dripping);
  ADD ("answered-late", &slow_bodies, test_answered_late);
  ADD ("gone", NULL, test_gone);
  ADD ("not-answered", NULL, test_not_answered);
  ADD ("stopped", NULL, test_stopped);
  return g_test_run ();
}
