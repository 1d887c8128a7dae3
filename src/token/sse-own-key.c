/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-token"

#include "config.h"

#include "sse-own-key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define ALGORITHM "HS256"

/* It is kept as text, twice as long. */
#define KEY_BYTES 32

/* Of the key's hash, in its name. */
#define ID_DIGITS 16

static char *
make_key (GError **error)
{
  guint8 bytes[KEY_BYTES];
  GString *text = g_string_sized_new (2 * sizeof bytes);

  if (getrandom (bytes, sizeof bytes, 0) != (gssize) sizeof bytes)
    {
      int saved = errno;

      g_string_free (text, TRUE);
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved),
                   _ ("cannot make a key for tokens: %s"), strerror (saved));
      return NULL;
    }
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  explicit_bzero (bytes, sizeof bytes);
  return g_string_free (text, FALSE);
}

/* The file is there whole, for nobody else to read, or not at all. */
static gboolean
store_key (const char *path, const char *key, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (g_file_set_contents_full (path, key, (gssize) strlen (key),
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &local))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("cannot keep the key for tokens: %s"),
               local->message);
  return FALSE;
}

/* A copy that was put back may be readable by others. */
static void
close_to_others (const char *path)
{
  struct stat status;

  if (stat (path, &status) == 0 && (status.st_mode & 077) != 0)
    {
      g_warning ("%s could be read by others than rivuletd; it is closed to them now", path);
      if (chmod (path, 0600) < 0)
        g_warning ("%s: %s", path, g_strerror (errno));
    }
}

static gboolean
is_key (const char *text)
{
  return strlen (text) == (gsize) (2 * KEY_BYTES)
         && strspn (text, "0123456789abcdef") == (gsize) (2 * KEY_BYTES);
}

/* The text of the key in @path, made where there is none; NULL with an error. */
static char *
load_or_make (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;

  if (g_file_get_contents (path, &text, NULL, &local))
    {
      close_to_others (path);
      if (is_key (g_strchomp (text)))
        return g_steal_pointer (&text);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%s holds no key as rivuletd makes it; move it away, and a new one is made, "
                      "with which tokens that were issued before are not valid"),
                   path);
      return NULL;
    }
  if (!g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("cannot read the key for tokens: %s"),
                   local->message);
      return NULL;
    }
  text = make_key (error);
  return text != NULL && store_key (path, text, error) ? g_steal_pointer (&text) : NULL;
}

/**
 * sse_own_key_take:
 * @self: (out caller-allocates): the key; to be cleared
 * @secret: 32 bytes or more
 * @error: where it is too short
 *
 * Who has the same secret has the same key, by the same name.
 */
gboolean
sse_own_key_take (SseOwnKey *self, GBytes *secret, GError **error)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, secret);

  self->id = g_strdup_printf ("rivulet-%.*s", ID_DIGITS, hash);
  self->key = sse_token_key_new (ALGORITHM, secret, error);
  return self->key != NULL;
}

/**
 * sse_own_key_load:
 * @self: (out caller-allocates): the key; to be cleared
 * @directory: (nullable): a directory that nobody else uses, where the key is or is made; %NULL for
 *   one that lasts as long as the daemon
 * @error: in the domain %G_IO_ERROR where it can't be had
 */
gboolean
sse_own_key_load (SseOwnKey *self, const char *directory, GError **error)
{
  g_autofree char *path
      = directory != NULL ? g_build_filename (directory, SSE_OWN_KEY_FILE, NULL) : NULL;
  g_autofree char *text = path != NULL ? load_or_make (path, error) : make_key (error);
  g_autoptr (GBytes) bytes = NULL;

  if (text == NULL)
    return FALSE;
  bytes = g_bytes_new (text, strlen (text));
  return sse_own_key_take (self, bytes, error);
}

void
sse_own_key_clear (SseOwnKey *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->key, sse_token_key_unref);
}
