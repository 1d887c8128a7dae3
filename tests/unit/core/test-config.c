/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-config.h"

#include <string.h>

#include <glib/gstdio.h>

static const SseSetting settings[] = {
  { "flag", SSE_SETTING_BOOLEAN, "false", 0, 0, "" },
  { "number", SSE_SETTING_INTEGER, "5", 1, 10, "" },
  { "text", SSE_SETTING_STRING, NULL, 0, 0, "" },
  { "list", SSE_SETTING_STRINGS, "a;b", 0, 0, "" },
  { "secret-file", SSE_SETTING_SECRET, NULL, 4, 8, "" },
  { .key = NULL },
};

typedef struct
{
  char *dir;
  char *file;
  SseConfig *config;
} Fixture;

static char *
write_file (Fixture *fixture, const char *name, const char *content)
{
  char *path = g_build_filename (fixture->dir, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_no_errno (g_mkdir_with_parents (parent, 0700));
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("rivulet-config-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->dir, "test.conf", NULL);
  fixture->config = sse_config_new (fixture->dir);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  sse_config_free (fixture->config);
  remove_all (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->file);
}

static void
load (Fixture *fixture, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = write_file (fixture, "test.conf", content);

  sse_config_load (fixture->config, path, TRUE, &error);
  g_assert_no_error (error);
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) group = sse_config_get_group (fixture->config, "g", settings, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (group, TRUE);
  g_assert_cmpstr (text, ==, "{'flag': <false>, 'number': <int64 5>, 'list': <['a', 'b']>}");
}

static void
test_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) group = NULL;
  g_autofree char *secret = write_file (fixture, "secret", "passw0rd\n");
  g_autofree char *content = g_strdup_printf (
      "[g]\nflag=true\nnumber= 10 \ntext=ü b\nlist= x ;;y;\nsecret-file=%s\n", secret);
  g_autofree char *text = NULL;

  load (fixture, content);
  group = sse_config_get_group (fixture->config, "g", settings, &error);
  g_assert_no_error (error);
  text = g_variant_print (group, TRUE);
  g_assert_cmpstr (text, ==,
                   "{'flag': <true>, 'number': <int64 10>, 'text': <'ü b'>, "
                   "'list': <['x', 'y']>, 'secret-file': <[byte 0x70, 0x61, 0x73, 0x73, 0x77, "
                   "0x30, 0x72, 0x64]>}");
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) group = NULL;
  gint64 number = 0;
  const char *text = NULL;
  gboolean flag = TRUE;
  G_GNUC_UNUSED g_autofree char *first
      = write_file (fixture, "test.conf.d/10-a.conf", "[g]\nnumber=2\ntext=a\n");
  G_GNUC_UNUSED g_autofree char *second
      = write_file (fixture, "test.conf.d/20-b.conf", "[g]\nnumber=3\n");
  G_GNUC_UNUSED g_autofree char *ignored
      = write_file (fixture, "test.conf.d/30-c.conf~", "[g]\nnumber=4\n");

  load (fixture, "[g]\nnumber=1\ntext=file\nflag=true\n");
  sse_config_set (fixture->config, "g", "flag", "false", "--flag");
  group = sse_config_get_group (fixture->config, "g", settings, &error);
  g_assert_no_error (error);
  g_variant_lookup (group, "number", "x", &number);
  g_variant_lookup (group, "text", "&s", &text);
  g_variant_lookup (group, "flag", "b", &flag);
  g_assert_cmpint (number, ==, 3);
  g_assert_cmpstr (text, ==, "a");
  g_assert_false (flag);
}

static void
test_credential (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) group = NULL;
  g_autoptr (GVariant) secret = NULL;
  G_GNUC_UNUSED g_autofree char *path = write_file (fixture, "g.secret-file", "hidden\r\n");

  group = sse_config_get_group (fixture->config, "g", settings, NULL);
  secret = g_variant_lookup_value (group, "secret-file", G_VARIANT_TYPE_BYTESTRING);
  g_assert_nonnull (secret);
  g_assert_cmpuint (g_variant_get_size (secret), ==, 6);
}

/* Each row: what a file says, and what the message has behind the file's path. */
static void
test_errors (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *content;
    const char *message;
  } rows[] = {
    { "[g]\nflag=yes\n", ": [g] flag: “yes” is neither true nor false" },
    { "[g]\nnumber=0\n", ": [g] number: “0” is not a number from 1 to 10" },
    { "[g]\nnumber=11\n", ": [g] number: “11” is not a number from 1 to 10" },
    { "[g]\nnumber=5x\n", ": [g] number: “5x” is not a number from 1 to 10" },
    { "[g]\nnumber=\n", ": [g] number: “” is not a number from 1 to 10" },
    { "[g]\nnumbre=5\n",
      ": [g] numbre: unknown key; there are: flag, number, text, list, secret-file" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = g_strconcat (fixture->file, rows[i].message, NULL);

      g_clear_pointer (&fixture->config, sse_config_free);
      fixture->config = sse_config_new (NULL);
      load (fixture, rows[i].content);
      g_assert_null (sse_config_get_group (fixture->config, "g", settings, &error));
      g_assert_cmpstr (error->message, ==, expected);
      g_assert_cmpuint (error->domain, ==, SSE_CONFIG_ERROR);
    }
}

static void
test_secret_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) shorter = NULL;
  g_autofree char *path = write_file (fixture, "secret", "abc\n");
  g_autofree char *line = g_strdup_printf ("[g]\nsecret-file=%s\n", path);

  load (fixture, "[g]\nsecret-file=/nonexistent/secret\n");
  g_assert_null (sse_config_get_group (fixture->config, "g", settings, &missing));
  g_assert_nonnull (strstr (missing->message, "[g] secret-file: "));
  g_assert_nonnull (strstr (missing->message, "/nonexistent/secret"));

  load (fixture, line);
  g_assert_null (sse_config_get_group (fixture->config, "g", settings, &shorter));
  g_assert_nonnull (strstr (shorter->message, "holds 3 bytes; there must be 4 to 8"));
}

static void
test_unknown_group (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  load (fixture, "[h]\nkey=1\n[quiet]\nx=1\n");
  g_clear_pointer (&error, g_error_free);
  sse_config_ignore_group (fixture->config, "quiet");
  g_assert_false (sse_config_check_groups (fixture->config, &error));
  g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNKNOWN);
  g_assert_nonnull (strstr (error->message, "test.conf: [h]: unknown group"));

  sse_config_ignore_group (fixture->config, "h");
  g_assert_true (sse_config_check_groups (fixture->config, NULL));
}

static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) garbled = NULL;
  g_autofree char *path = write_file (fixture, "garbled.conf", "no group\n");

  g_assert_true (sse_config_load (fixture->config, fixture->file, FALSE, NULL));
  g_assert_false (sse_config_load (fixture->config, fixture->file, TRUE, &missing));
  g_assert_error (missing, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE);
  g_assert_nonnull (strstr (missing->message, fixture->file));
  g_assert_false (sse_config_load (fixture->config, path, TRUE, &garbled));
  g_assert_error (garbled, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE);
  g_assert_true (g_str_has_prefix (garbled->message, path));
}

/* What they say is not passed over in silence. */
static void
test_drop_ins_unreadable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = write_file (fixture, "other.conf", "[g]\n");
  g_autofree char *drop_ins = write_file (fixture, "other.conf.d", "no directory\n");

  g_assert_false (sse_config_load (fixture->config, path, TRUE, &error));
  g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE);
  g_assert_nonnull (strstr (error->message, drop_ins));
}

/* In whichever part of the file, and of whatever type the value is. */
static void
test_bad_bytes (Fixture *fixture, gconstpointer data)
{
  static const char *const contents[] = {
    "[g]\nlist=a;\xff\n",
    "[g]\ntext=\xff\n",
    "[g]\nke\xff=1\n",
    "[g\xff]\nkey=1\n",
  };
  static const char *const keys[] = { "flag", "number", "text", "list", "secret-file" };
  static const char *const values[] = { "1;\xff", "\v1", "a\x7f" };

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = write_file (fixture, "latin.conf", contents[i]);
      g_autofree char *expected
          = g_strdup_printf ("%s: not UTF-8 at byte %zu", path, strcspn (contents[i], "\xff"));

      g_assert_false (sse_config_load (fixture->config, path, TRUE, &error));
      g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_UNREADABLE);
      g_assert_cmpstr (error->message, ==, expected);
    }
  for (guint i = 0; i < G_N_ELEMENTS (keys) * G_N_ELEMENTS (values); i++)
    {
      g_autoptr (SseConfig) config = sse_config_new (NULL);
      g_autoptr (GError) error = NULL;
      const char *key = keys[i % G_N_ELEMENTS (keys)];
      g_autofree char *expected
          = g_strdup_printf ("--option: [g] %s: not UTF-8, or with a control character in it", key);

      sse_config_set (config, "g", key, values[i / G_N_ELEMENTS (keys)], "--option");
      g_assert_null (sse_config_get_group (config, "g", settings, &error));
      g_assert_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/core/config/defaults", test_defaults },
    { "/core/config/values", test_values },
    { "/core/config/order", test_order },
    { "/core/config/credential", test_credential },
    { "/core/config/errors", test_errors },
    { "/core/config/secret-errors", test_secret_errors },
    { "/core/config/unknown-group", test_unknown_group },
    { "/core/config/files", test_files },
    { "/core/config/drop-ins-unreadable", test_drop_ins_unreadable },
    { "/core/config/bad-bytes", test_bad_bytes },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
