/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-report.h"

#include <stdio.h>

struct _BenchReport
{
  gboolean json;
  GString *figures;
};

/**
 * bench_report_new:
 * @json: whether a program reads it
 */
BenchReport *
bench_report_new (gboolean json)
{
  BenchReport *self = g_new0 (BenchReport, 1);

  self->json = json;
  self->figures = g_string_new (NULL);
  return self;
}

void
bench_report_free (BenchReport *self)
{
  g_string_free (self->figures, TRUE);
  g_free (self);
}

/**
 * bench_report_add:
 * @name: of the figure
 * @value: of it
 * @unit: `µs`, `B`, `s`, `1/s`, or `1` for a number of things
 */
void
bench_report_add (BenchReport *self, const char *name, double value, const char *unit)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (self->json)
    g_string_append_printf (self->figures, "%s\"%s\":%s", self->figures->len > 0 ? "," : "", name,
                            g_ascii_dtostr (number, sizeof number, value));
  else
    g_string_append_printf (self->figures, "  %-24s %s%s%s\n", name,
                            g_ascii_formatd (number, sizeof number, "%.10g", value),
                            g_str_equal (unit, "1") ? "" : " ",
                            g_str_equal (unit, "1") ? "" : unit);
}

/* A JSON string of what is UTF-8 or plain bytes. */
static char *
quote (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *quoted = g_string_new ("\"");

  for (const char *byte = valid; *byte != '\0'; byte++)
    if (*byte == '"' || *byte == '\\')
      g_string_append_printf (quoted, "\\%c", *byte);
    else if ((guchar) *byte < ' ')
      g_string_append_printf (quoted, "\\u%04x", (guint) *byte);
    else
      g_string_append_c (quoted, *byte);
  g_string_append_c (quoted, '"');
  return g_string_free (quoted, FALSE);
}

/**
 * bench_report_end:
 * @step: its name
 * @failure: (nullable): why it failed
 *
 * Prints it, and begins the next one. For people a failure is not printed: it goes to stderr.
 */
void
bench_report_end (BenchReport *self, const char *step, const char *failure)
{
  g_autofree char *name = quote (step);
  g_autofree char *reason = failure != NULL ? quote (failure) : NULL;

  if (self->json)
    printf ("{\"step\":%s,\"figures\":{%s}%s%s}\n", name, self->figures->str,
            reason != NULL ? ",\"error\":" : "", reason != NULL ? reason : "");
  else if (failure == NULL)
    printf ("%s\n%s", step, self->figures->str);
  fflush (stdout);
  g_string_truncate (self->figures, 0);
}
