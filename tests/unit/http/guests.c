/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guests.h"

#include <string.h>

#include "sse-address.h"

static void
guest_free (gpointer data)
{
  Guest *guest = data;

  g_object_unref (guest->connection);
  sse_admission_unref (guest->admission);
  g_free (guest);
}

static SseAnswer *
answer (const SseRequest *request, SseAdmission *admission, gsize *max_body, gpointer user_data)
{
  Guests *guests = user_data;

  guests->n_asked++;
  *max_body = GUESTS_MAX_BODY;
  if (strcmp (request->path, "/stay") == 0 && !sse_admission_has_room (admission))
    return sse_answer_new (200, "text/event-stream", "retry: 1\n\n");
  return strcmp (request->path, "/refuse") == 0 ? sse_answer_new_message (404, "Not found") : NULL;
}

static void
admit (GSocketConnection *connection, SseAdmission *admission, gpointer user_data)
{
  Guests *guests = user_data;
  Guest *guest = g_new0 (Guest, 1);

  guest->connection = g_object_ref (connection);
  guest->admission = admission;
  g_ptr_array_add (guests->admitted, guest);
}

static void
take_upload (SseUpload *upload, gpointer user_data)
{
  Guests *guests = user_data;

  g_ptr_array_add (guests->uploads, upload);
}

const SseListenerFuncs guests_funcs = { answer, admit, take_upload };

void
guests_set_up (Guests *guests, gconstpointer data)
{
  const SseListenerOptions defaults = {
    .gate = { .max_connections = 1000, .max_body_bytes = 1000 },
    .head_timeout_ms = 60000,
    .body_timeout_seconds = 60,
  };
  const char *const addresses[] = { "127.0.0.1:0", NULL };
  g_autoptr (GError) error = NULL;

  guests->admitted = g_ptr_array_new_with_free_func (guest_free);
  guests->uploads = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_upload_free);
  guests->listener = sse_listener_new (sse_address_listen (addresses, SSE_ADDRESS_OPEN, NULL),
                                       data != NULL ? data : &defaults, &guests_funcs,
                                       &guests->counters, guests, &error);
  g_assert_no_error (error);
  guests->address = sse_listener_get_addresses (guests->listener)[0];
}

void
guests_tear_down (Guests *guests, gconstpointer data)
{
  g_ptr_array_unref (guests->admitted);
  g_ptr_array_unref (guests->uploads);
  if (guests->listener != NULL)
    {
      wait_for (sse_listener_get_connections (guests->listener) == 0);
      sse_listener_free (guests->listener);
    }
  g_assert_false (g_main_context_pending (NULL));
}

int
guests_connect (Guests *guests, const char *text)
{
  int fd = connect_to (guests->address);

  send_text (fd, text);
  return fd;
}

int
guests_connect_from (Guests *guests, const char *source, const char *text)
{
  int fd = connect_from (source, guests->address);

  send_text (fd, text);
  return fd;
}

void
guests_assert_status (const char *answer, guint status)
{
  g_autofree char *line = g_strdup_printf ("HTTP/1.1 %u ", status);

  g_test_message ("%s", answer);
  g_assert_true (g_str_has_prefix (answer, line));
}

void
guests_assert_answered (Guests *guests, int fd, guint status)
{
  g_autofree char *answer = receive_all (fd);

  guests_assert_status (answer, status);
  g_assert_nonnull (strstr (answer, "\r\nConnection: close\r\n"));
  g_assert_null (strstr (answer, "(reset)"));
  wait_for (sse_listener_get_connections (guests->listener) == 0);
}
