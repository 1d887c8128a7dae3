/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-time.h"

#define SECOND G_GINT64_CONSTANT (1000000)

static const struct
{
  const char *text;
  gint64 microseconds;
} instants[] = {
  { "1970-01-01T00:00:00Z", 0 },
  { "2024-01-01T00:00:00Z", 1704067200 * SECOND },
  { "2024-01-01t00:00:00z", 1704067200 * SECOND },
  { "2024-01-01T00:00:00.5Z", 1704067200 * SECOND + 500000 },
  { "2024-01-01T00:00:00.000001Z", 1704067200 * SECOND + 1 },
  { "2024-01-01T01:00:00+01:00", 1704067200 * SECOND },
  { "2023-12-31T18:30:00-05:30", 1704067200 * SECOND },
  { "2024-01-01T00:00:00+00:00", 1704067200 * SECOND },
  { "2024-01-01T00:00:00-00:00", 1704067200 * SECOND },
  { "2024-02-29T12:00:00Z", 1709208000 * SECOND },
  { "1969-12-31T23:59:59.25Z", -SECOND + 250000 },
  { "0001-01-01T00:00:00Z", G_GINT64_CONSTANT (-62135596800) * SECOND },
  { "9999-12-31T23:59:59Z", G_GINT64_CONSTANT (253402300799) * SECOND },
};

static const char *const refused[] = {
  "",
  "now",
  "2024",
  "2024-01-01",
  "2024-01-01T00:00Z",
  "2024-01-01T00:00:00",
  "2024-01-01 00:00:00Z",
  "20240101T000000Z",
  "2024-W01-1T00:00:00Z",
  "2024-001T00:00:00Z",
  "2024-01-01T00:00:00.Z",
  "2024-01-01T00:00:00,5Z",
  "2024-01-01T00:00:00.1234567890Z",
  "2024-01-01T00:00:00Zx",
  "2024-01-01T00:00:00Z ",
  " 2024-01-01T00:00:00Z",
  "2024-01-01T00:00:00+01",
  "2024-01-01T00:00:00+0100",
  "2024-01-01T00:00:00+1:00",
  "2024-01-01T00:00:00+25:00",
  "2024-01-01T00:00:00+01:60",
  "2024-01-01T00:00:00 01:00",
  "2024-13-01T00:00:00Z",
  "2024-00-01T00:00:00Z",
  "2024-01-32T00:00:00Z",
  "2023-02-29T00:00:00Z",
  "2024-01-01T24:00:00Z",
  "2024-01-01T00:60:00Z",
  "2024-01-01T00:00:61Z",
  "0000-01-01T00:00:00Z",
  "-024-01-01T00:00:00Z",
  "2024-01-01T00:00:0\xd9\xa1Z",
};

static void
test_instants (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (instants); i++)
    {
      gint64 microseconds = G_MININT64;

      g_test_message ("%s", instants[i].text);
      g_assert_true (sse_time_parse (instants[i].text, &microseconds));
      g_assert_cmpint (microseconds, ==, instants[i].microseconds);
    }
}

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      gint64 microseconds = 42;

      g_test_message ("%s", refused[i]);
      g_assert_false (sse_time_parse (refused[i], &microseconds));
      g_assert_cmpint (microseconds, ==, 42);
    }
}

/* RFC 3339, 5.6 and 5.7, has second 60 at the end of a month; Unix time has no number of its own
 * for it, so that it may be any instant from 59 up to the next minute. */
static void
test_leap_second (void)
{
  gint64 leap;
  gint64 next;

  g_assert_true (sse_time_parse ("2017-01-01T00:00:00Z", &next));
  g_assert_true (sse_time_parse ("2016-12-31T23:59:60Z", &leap));
  g_assert_cmpint (leap, >=, next - SECOND);
  g_assert_cmpint (leap, <=, next);
  g_assert_true (sse_time_parse ("2017-01-01T00:59:60.25+01:00", &leap));
  g_assert_cmpint (leap, >=, next - SECOND);
  g_assert_cmpint (leap, <, next + SECOND);
}

/* No microsecond is lost to binary fractions, so that instants compare as they were written. */
static void
test_every_microsecond (void)
{
  for (int i = 0; i < 1000000; i += 7)
    {
      char text[64];
      gint64 microseconds;

      g_snprintf (text, sizeof text, "2024-01-01T00:00:59.%06dZ", i);
      g_assert_true (sse_time_parse (text, &microseconds));
      g_assert_cmpint (microseconds, ==, (1704067200 + 59) * SECOND + i);
    }
}

static void
test_format (void)
{
  static const struct
  {
    gint64 microseconds;
    const char *text;
  } formats[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { 1704067200 * SECOND + 500000, "2024-01-01T00:00:00.500Z" },
    { 1704067200 * SECOND + 1999, "2024-01-01T00:00:00.001Z" },
    { 1704067200 * SECOND + 999999, "2024-01-01T00:00:00.999Z" },
    { -1, "1969-12-31T23:59:59.999Z" },
    { -SECOND, "1969-12-31T23:59:59.000Z" },
    { G_GINT64_CONSTANT (-62135596800) * SECOND, "0001-01-01T00:00:00.000Z" },
    { G_GINT64_CONSTANT (253402300799) * SECOND, "9999-12-31T23:59:59.000Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *text = sse_time_format (formats[i].microseconds);
      gint64 back;

      g_assert_cmpstr (text, ==, formats[i].text);
      g_assert_true (sse_time_parse (text, &back));
      g_assert_cmpint (back, <=, formats[i].microseconds);
      g_assert_cmpint (back, >, formats[i].microseconds - 1000);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/time/instants", test_instants);
  g_test_add_func ("/api/time/refused", test_refused);
  g_test_add_func ("/api/time/leap-second", test_leap_second);
  g_test_add_func ("/api/time/every-microsecond", test_every_microsecond);
  g_test_add_func ("/api/time/format", test_format);
  return g_test_run ();
}
