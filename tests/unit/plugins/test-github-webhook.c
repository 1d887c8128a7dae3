/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-github-form.h"
#include "sse-github-signature.h"
#include "sse-test-source.h"

#define SECRET   "a secret of twenty-six..."
#define PREVIOUS "the secret that was before"
#define PUSH                                                                                       \
  "{'action':'opened','sender':{'login':'octocat','id':1},'repository':{'full_name':'u/r'}}"

typedef struct
{
  SseTestSource *test;
  GHashTable *headers;
  GBytes *body;
} Fixture;

static void
configure (SseTestSource *test, const char *secret, const char *previous)
{
  g_autoptr (GVariant) settings = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (secret != NULL)
    g_variant_builder_add (
        &builder, "{sv}", "webhook-secret-file",
        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, secret, strlen (secret), 1));
  if (previous != NULL)
    g_variant_builder_add (
        &builder, "{sv}", "previous-webhook-secret-file",
        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, previous, strlen (previous), 1));
  settings = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_assert_true (sse_source_configure (test->source, settings, NULL));
}

static void
set_header (Fixture *f, const char *name, const char *value)
{
  if (value != NULL)
    g_hash_table_insert (f->headers, g_strdup (name), g_strdup (value));
  else
    g_hash_table_remove (f->headers, name);
}

/* Sets a body and signs it. */
static void
set_body (Fixture *f, const char *type, const char *body, gsize length, const char *secret)
{
  g_autofree char *digest = NULL;
  g_autofree char *signature = NULL;

  g_clear_pointer (&f->body, g_bytes_unref);
  f->body = g_bytes_new (body, length);
  digest = g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guchar *) secret, strlen (secret),
                                    (const guchar *) body, length);
  signature = g_strdup_printf ("sha256=%s", digest);
  set_header (f, "x-hub-signature-256", signature);
  set_header (f, "content-type", type);
}

static void
set_json (Fixture *f, const char *text)
{
  g_autofree char *json = sse_test_json (text);

  set_body (f, "application/json", json, strlen (json), SECRET);
}

static void
set_form (Fixture *f, const char *form)
{
  set_body (f, "application/x-www-form-urlencoded", form, strlen (form), SECRET);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->test = sse_test_source_new ();
  f->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  configure (f->test, SECRET, NULL);
  set_header (f, "x-github-delivery", "d-1");
  set_header (f, "x-github-event", "push");
  set_json (f, PUSH);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_hash_table_unref (f->headers);
  g_bytes_unref (f->body);
  sse_test_source_free (f->test);
}

/* Asserts that the request gives an update with the text @json, or none with NULL. */
static void
assert_taken (Fixture *f, const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SseUpdate) update = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GBytes) wanted = NULL;

  sse_receiver_receive (SSE_RECEIVER (f->test->source), f->headers, f->body, &update, &error);
  g_assert_no_error (error);
  if (json == NULL)
    {
      g_assert_null (update);
      return;
    }
  expected = sse_test_json (json);
  g_assert_cmpstr (sse_update_get_stream (update), ==, "github-events");
  g_assert_null (sse_update_get_audience (update));
  wanted = g_bytes_new (expected, strlen (expected));
  g_assert_true (g_bytes_equal (sse_update_get_json (update), wanted));

  g_assert_true (sse_update_parse (update, &error));
  g_assert_true (sse_source_validate (f->test->source, update, &error));
  g_assert_no_error (error);
}

static void
assert_refused (Fixture *f, SseError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  SseUpdate *update = (SseUpdate *) f;

  g_assert_false (
      sse_receiver_receive (SSE_RECEIVER (f->test->source), f->headers, f->body, &update, &error));
  g_assert_error (error, SSE_ERROR, (int) code);
  g_assert_null (update);
  if (!g_str_has_prefix (error->message, message))
    g_error ("“%s” does not begin with “%s”", error->message, message);
}

static void
test_settings (Fixture *f, gconstpointer data)
{
  const SseSetting *settings = sse_source_get_settings (f->test->source);
  SseReceiver *receiver = SSE_RECEIVER (f->test->source);

  g_assert_cmpstr (settings[0].key, ==, "webhook-secret-file");
  g_assert_cmpint (settings[0].type, ==, SSE_SETTING_SECRET);
  g_assert_null (settings[0].default_value);
  g_assert_cmpint (settings[0].minimum, ==, 16);
  g_assert_cmpstr (settings[1].key, ==, "previous-webhook-secret-file");
  g_assert_cmpint (settings[1].type, ==, SSE_SETTING_SECRET);
  g_assert_cmpint (settings[1].minimum, ==, 16);
  g_assert_null (settings[2].key);

  g_assert_cmpstr (sse_receiver_get_path (receiver), ==, "/github/webhook");
  g_assert_cmpuint (sse_receiver_get_max_body (receiver), ==, 26214400);

  configure (f->test, NULL, PREVIOUS);
  g_assert_null (sse_receiver_get_path (receiver));
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "no webhook secret is configured");
  set_body (f, "application/json", "{}", 2, PREVIOUS);
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "no webhook secret is configured");
}

static void
test_json (Fixture *f, gconstpointer data)
{
  static const char update[]
      = "{'type':'new-event','event':{'delivery_id':'d-1','event':'push','action':'opened',"
        "'sender':'octocat','repo_full_name':'u/r','status':'pending'}}";

  assert_taken (f, update);
  set_header (f, "content-type", "Application/JSON; charset=utf-8");
  assert_taken (f, update);
  set_header (f, "content-type", "application/json ;charset=utf-8");
  assert_taken (f, update);
}

static void
test_absent_members (Fixture *f, gconstpointer data)
{
  static const char update[] = "{'type':'new-event','event':{'delivery_id':'d-1','event':'push',"
                               "'repo_full_name':'unknown','status':'pending'}}";

  set_json (f, "{}");
  assert_taken (f, update);
  set_json (f, "{'action':null,'sender':null,'repository':null}");
  assert_taken (f, update);
  set_json (f, "{'action':1,'sender':'octocat','repository':[]}");
  assert_taken (f, update);
  set_json (f, "{'action':'','sender':{'login':''},'repository':{'full_name':7}}");
  assert_taken (f, update);
  set_json (f, "{'sender':{},'repository':{}}");
  assert_taken (f, update);
}

static void
test_escapes (Fixture *f, gconstpointer data)
{
  set_header (f, "x-github-delivery", "d\"1\\");
  set_header (f, "x-github-event", "é");
  set_json (f, "{'action':'\\'\\u00e9\\n'}");
  assert_taken (f, "{'type':'new-event','event':{'delivery_id':'d\\'1\\\\','event':'é',"
                   "'action':'\\'é\\n','repo_full_name':'unknown','status':'pending'}}");
}

static void
test_form (Fixture *f, gconstpointer data)
{
  static const char update[]
      = "{'type':'new-event','event':{'delivery_id':'d-1','event':'push','action':'a b+é',"
        "'repo_full_name':'unknown','status':'pending'}}";

  set_form (f, "payload=%7B%22action%22%3A%22a+b%2b%C3%A9%22%7D");
  assert_taken (f, update);
  set_form (f, "x=%zz&&y&payload2=1&payload={\"action\":\"a%20b%2B\xc3\xa9\"}&=&z=1");
  assert_taken (f, update);
  set_form (f, "p%61yload=%7B%22action%22%3A%22a+b%2B%c3%a9%22%7D");
  assert_taken (f, update);
  set_header (f, "content-type", "application/x-www-form-urlencoded; charset=UTF-8");
  assert_taken (f, update);
}

static void
test_bad_form (Fixture *f, gconstpointer data)
{
  set_form (f, "");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: missing in the form");
  set_form (f, "payloads={}&x=payload");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: missing in the form");
  set_form (f, "payload");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
  set_form (f, "payload=");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
  set_form (f, "payload={}&payload={}");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: there twice in the form");
  set_form (f, "payload={}%");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: % without two hexadecimal digits");
  set_form (f, "payload={}%2");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: % without two hexadecimal digits");
  set_form (f, "payload={}%2&x=20");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: % without two hexadecimal digits");
  set_form (f, "payload={}%2g");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "payload: % without two hexadecimal digits");
  set_form (f, "payload={}%00");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
  set_form (f, "payload={\"a\":\"%ff\"}");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: not UTF-8");
  set_form (f, "payload=[]");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not a JSON object");
}

static void
test_ping (Fixture *f, gconstpointer data)
{
  set_header (f, "x-github-event", "ping");
  set_json (f, "{'zen':'Design for failure.','hook_id':1}");
  assert_taken (f, NULL);
  set_form (f, "payload=%7B%7D");
  assert_taken (f, NULL);
  set_header (f, "x-hub-signature-256", "sha256=");
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
}

static void
test_missing_headers (Fixture *f, gconstpointer data)
{
  set_header (f, "x-github-delivery", NULL);
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "X-GitHub-Delivery: missing");
  set_header (f, "x-github-delivery", "");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "X-GitHub-Delivery: missing");
  set_header (f, "x-github-delivery", "\xff");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "X-GitHub-Delivery: must be UTF-8");
  set_header (f, "x-github-delivery", "d");
  set_header (f, "x-github-event", NULL);
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "X-GitHub-Event: missing");
  set_header (f, "x-github-event", "push");
  set_header (f, "content-type", NULL);
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "Content-Type: missing");
  set_header (f, "content-type", "text/plain");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "Content-Type: must be application/json or ");
  set_header (f, "content-type", "application/jsonx");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "Content-Type: must be application/json or ");
}

static void
test_bad_json (Fixture *f, gconstpointer data)
{
  set_json (f, "");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
  set_json (f, "[]");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not a JSON object");
  set_json (f, "{'a':1,}");
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
  set_body (f, "application/json", "{}\0", 3, SECRET);
  assert_refused (f, SSE_ERROR_INVALID_UPDATE, "not JSON: ");
}

static void
test_signature (Fixture *f, gconstpointer data)
{
  g_autofree char *good = g_strdup (g_hash_table_lookup (f->headers, "x-hub-signature-256"));
  g_autofree char *upper = g_ascii_strup (good + strlen ("sha256="), -1);
  g_autofree char *upper_value = g_strdup_printf ("sha256=%s", upper);
  g_autofree char *shorter = g_strndup (good, strlen (good) - 1);
  g_autofree char *longer = g_strconcat (good, "0", NULL);
  g_autofree char *twice = g_strdup_printf ("%s, %s", good, good);
  g_autofree char *sha1 = g_strdup_printf ("sha1=%s", good + strlen ("sha256="));
  const char *bad[] = { "", "sha256=", shorter, longer, twice, sha1, good + strlen ("sha256=") };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      set_header (f, "x-hub-signature-256", bad[i]);
      assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: not this body's");
    }
  set_header (f, "x-hub-signature-256", NULL);
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: missing");

  /* One wrong digit anywhere. */
  for (gsize i = strlen ("sha256="); good[i] != '\0'; i++)
    {
      g_autofree char *wrong = g_strdup (good);

      wrong[i] = wrong[i] == '0' ? '1' : '0';
      set_header (f, "x-hub-signature-256", wrong);
      assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
      wrong[i] = 'g';
      set_header (f, "x-hub-signature-256", wrong);
      assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
    }

  set_header (f, "x-hub-signature-256", upper_value);
  assert_taken (f, "{'type':'new-event','event':{'delivery_id':'d-1','event':'push',"
                   "'action':'opened','sender':'octocat','repo_full_name':'u/r',"
                   "'status':'pending'}}");
}

/* Without the right signature, nothing else that may be wrong is looked at. */
static void
test_signature_comes_first (Fixture *f, gconstpointer data)
{
  set_header (f, "x-github-event", NULL);
  set_header (f, "x-github-delivery", NULL);
  set_body (f, "text/plain", "{", 1, PREVIOUS);
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
}

static void
test_previous_secret (Fixture *f, gconstpointer data)
{
  static const char update[] = "{'type':'new-event','event':{'delivery_id':'d-1','event':'push',"
                               "'repo_full_name':'unknown','status':'pending'}}";

  set_body (f, "application/json", "{}", 2, PREVIOUS);
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
  configure (f->test, SECRET, PREVIOUS);
  assert_taken (f, update);
  set_body (f, "application/json", "{}", 2, SECRET);
  assert_taken (f, update);
  set_body (f, "application/json", "{}", 2, "some other secret of theirs");
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
  configure (f->test, PREVIOUS, NULL);
  set_body (f, "application/json", "{}", 2, SECRET);
  assert_refused (f, SSE_ERROR_NOT_AUTHORIZED, "X-Hub-Signature-256: ");
}

/* From GitHub's documentation on validating webhook deliveries. */
static void
test_documented_signature (void)
{
  g_autoptr (GBytes) secret = g_bytes_new_static ("It's a Secret to Everybody", 26);
  g_autoptr (GBytes) body = g_bytes_new_static ("Hello, World!", 13);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  static const char signature[]
      = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

  g_assert_true (sse_github_signature_check (signature, body, secret));
  g_assert_false (sse_github_signature_check (signature, empty, secret));
  g_assert_false (sse_github_signature_check (signature, body, body));
}

static gpointer
receive_often (gpointer data)
{
  Fixture *f = data;

  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (SseUpdate) update = NULL;
      g_autoptr (GError) error = NULL;

      sse_receiver_receive (SSE_RECEIVER (f->test->source), f->headers, f->body, &update, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

/* Whatever is configured meanwhile, one of the two secrets always is the one that signed. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("receiver", receive_often, f);
  for (guint i = 0; i < 5000; i++)
    {
      configure (f->test, i % 2 == 0 ? PREVIOUS : SECRET, i % 2 == 0 ? SECRET : PREVIOUS);
      g_assert_nonnull (sse_receiver_get_path (SSE_RECEIVER (f->test->source)));
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_large_body (Fixture *f, gconstpointer data)
{
  GString *json = g_string_new ("{\"repository\":{\"full_name\":\"u/r\"},\"commits\":[");

  while (json->len < 25 * 1024 * 1024 - 200)
    g_string_append (json, "{\"message\":\"an ordinary commit of somebody\",\"n\":[1,2,3]},");
  g_string_append (json, "{}]}");
  set_body (f, "application/json", json->str, json->len, SECRET);
  g_string_free (json, TRUE);
  assert_taken (f, "{'type':'new-event','event':{'delivery_id':'d-1','event':'push',"
                   "'repo_full_name':'u/r','status':'pending'}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/github-webhook/settings", test_settings);
  ADD ("/github-webhook/json", test_json);
  ADD ("/github-webhook/absent-members", test_absent_members);
  ADD ("/github-webhook/escapes", test_escapes);
  ADD ("/github-webhook/form", test_form);
  ADD ("/github-webhook/bad-form", test_bad_form);
  ADD ("/github-webhook/ping", test_ping);
  ADD ("/github-webhook/missing-headers", test_missing_headers);
  ADD ("/github-webhook/bad-json", test_bad_json);
  ADD ("/github-webhook/signature", test_signature);
  ADD ("/github-webhook/signature-comes-first", test_signature_comes_first);
  ADD ("/github-webhook/previous-secret", test_previous_secret);
  g_test_add_func ("/github-webhook/documented-signature", test_documented_signature);
  ADD ("/github-webhook/threads", test_threads);
  ADD ("/github-webhook/large-body", test_large_body);
#undef ADD
  return g_test_run ();
}
