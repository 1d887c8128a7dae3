/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-exposition.h"

#include <stdarg.h>

/* So many digits tell integers apart up to 2^53, and leave 0.1 as it is. */
#define NUMBER_FORMAT "%.16g"

static const char *const types[] = { "counter", "gauge", "histogram" };

G_STATIC_ASSERT (G_N_ELEMENTS (types) == SSE_METRIC_HISTOGRAM + 1);

/* With a point, whatever the locale. */
static void
append_number (GString *text, double number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, NUMBER_FORMAT, number));
}

/* A label's value is any text: a plugin that can't be loaded is named as its file is. */
static void
append_label_value (GString *text, const char *value)
{
  g_autofree char *utf8 = g_utf8_make_valid (value, -1);

  for (const char *p = utf8; *p != '\0'; p++)
    if (*p == '\n')
      g_string_append (text, "\\n");
    else
      {
        if (*p == '\\' || *p == '"')
          g_string_append_c (text, '\\');
        g_string_append_c (text, *p);
      }
}

static void
append_value (GString *text, double value)
{
  g_string_append_c (text, ' ');
  append_number (text, value);
  g_string_append_c (text, '\n');
}

/**
 * sse_exposition_begin:
 * @name: the metric's name; outlives what is added to it
 * @help: one line without backslash
 *
 * Begins a metric; each begins once.
 */
void
sse_exposition_begin (SseExposition *self, const char *name, SseMetricType type, const char *help)
{
  self->name = name;
  g_string_append_printf (self->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                          types[type]);
}

/**
 * sse_exposition_add:
 * @value: a value of the metric that was begun last
 * @...: labels and their values, all of them strings, and %NULL
 */
void
sse_exposition_add (SseExposition *self, double value, ...)
{
  const char *separator = "{";
  const char *label;
  va_list args;

  g_string_append (self->text, self->name);
  va_start (args, value);
  while ((label = va_arg (args, const char *)) != NULL)
    {
      g_string_append_printf (self->text, "%s%s=\"", separator, label);
      append_label_value (self->text, va_arg (args, const char *));
      g_string_append_c (self->text, '"');
      separator = ",";
    }
  va_end (args);
  if (*separator == ',')
    g_string_append_c (self->text, '}');
  append_value (self->text, value);
}

/**
 * sse_exposition_add_histogram:
 * @histogram: what the metric that was begun last shows, in seconds
 */
void
sse_exposition_add_histogram (SseExposition *self, const SseHistogram *histogram)
{
  guint64 n = 0;

  for (guint i = 0; i <= SSE_HISTOGRAM_N_BOUNDS; i++)
    {
      n += histogram->counts[i];
      g_string_append_printf (self->text, "%s_bucket{le=\"", self->name);
      if (i < SSE_HISTOGRAM_N_BOUNDS)
        append_number (self->text, (double) sse_histogram_bounds[i] / G_USEC_PER_SEC);
      else
        g_string_append (self->text, "+Inf");
      g_string_append (self->text, "\"}");
      append_value (self->text, (double) n);
    }
  g_string_append_printf (self->text, "%s_sum", self->name);
  append_value (self->text, (double) histogram->sum / G_USEC_PER_SEC);
  g_string_append_printf (self->text, "%s_count", self->name);
  append_value (self->text, (double) n);
}
