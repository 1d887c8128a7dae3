/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-own-key.h"

#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("rivulet-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, SSE_OWN_KEY_FILE, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->path);
  g_free (self->directory);
}

static SseOwnKey
load (const char *directory)
{
  SseOwnKey self = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_own_key_load (&self, directory, &error));
  g_assert_no_error (error);
  return self;
}

static guint
get_mode (const char *path)
{
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_mode & 0777;
}

/* Made once, for nobody else to read, and the same ever after. */
static void
test_kept (Fixture *self, gconstpointer data)
{
  SseOwnKey first = load (self->directory);
  SseOwnKey second = load (self->directory);
  g_autofree char *token = sse_token_key_sign (first.key, first.id, "{\"sub\":\"42\"}");

  g_assert_cmpuint (get_mode (self->path), ==, 0600);
  g_assert_cmpstr (first.id, ==, second.id);
  g_assert_true (sse_token_key_verify (second.key, token));
  sse_own_key_clear (&first);
  sse_own_key_clear (&second);
}

static void
test_not_kept (Fixture *self, gconstpointer data)
{
  SseOwnKey first = load (NULL);
  SseOwnKey second = load (NULL);

  g_assert_cmpstr (first.id, !=, second.id);
  sse_own_key_clear (&first);
  sse_own_key_clear (&second);
}

/* One that was put back readable by others is closed to them, which is told. */
static void
test_open_to_others (Fixture *self, gconstpointer data)
{
  SseOwnKey key = load (self->directory);

  sse_own_key_clear (&key);
  g_assert_cmpint (g_chmod (self->path, 0644), ==, 0);
  g_test_expect_message ("rivulet-token", G_LOG_LEVEL_WARNING, "*closed to them now*");
  key = load (self->directory);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (get_mode (self->path), ==, 0600);
  sse_own_key_clear (&key);
}

static void
assert_fails (Fixture *self, const char *content)
{
  SseOwnKey key = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;

  g_assert_true (
      g_file_set_contents_full (self->path, content, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_false (sse_own_key_load (&key, self->directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_true (g_file_get_contents (self->path, &left, NULL, NULL));
  g_assert_cmpstr (left, ==, content);
  sse_own_key_clear (&key);
}

/* What is none is left as it is: it might be the administrator's. */
static void
test_damaged (Fixture *self, gconstpointer data)
{
  assert_fails (self, "");
  assert_fails (self, "0123");
  assert_fails (self, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeX");
}

static void
test_no_directory (void)
{
  SseOwnKey key = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (sse_own_key_load (&key, "/nonexistent/directory", &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/token/own-key/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/token/own-key/not-kept", Fixture, NULL, set_up, test_not_kept, tear_down);
  g_test_add ("/token/own-key/open-to-others", Fixture, NULL, set_up, test_open_to_others,
              tear_down);
  g_test_add ("/token/own-key/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
  g_test_add_func ("/token/own-key/no-directory", test_no_directory);
  return g_test_run ();
}
