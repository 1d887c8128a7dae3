/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-table.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-cli.h"

#define GAP 2

/* Of a column that has others behind it: what is longer is cut. */
#define MAX_WIDTH 40

/* How many columns of a terminal a character takes. */
static guint
width_of (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

static guint
measure (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    width += width_of (g_utf8_get_char (p));
  return width;
}

/* A cell as it is shown: on one line, and no wider than that. */
static char *
make_cell (const char *text, guint max_width)
{
  g_autofree char *tame = sse_cli_tame (text);
  const char *end = tame;
  guint width = 0;

  if (measure (tame) <= max_width)
    return g_steal_pointer (&tame);
  while ((width += width_of (g_utf8_get_char (end))) < max_width)
    end = g_utf8_next_char (end);
  return g_strdup_printf ("%.*s…", (int) (end - tame), tame);
}

static void
append_spaces (GString *table, guint n)
{
  g_string_append_printf (table, "%*s", (int) n, "");
}

static void
append_row (GString *table, char **cells, const char *alignment, const guint *widths)
{
  guint n_columns = (guint) strlen (alignment);

  for (guint i = 0; i < n_columns; i++)
    {
      guint space = widths[i] - measure (cells[i]);
      gboolean right = alignment[i] == 'r';

      if (right)
        append_spaces (table, space);
      g_string_append (table, cells[i]);
      if (i + 1 < n_columns)
        append_spaces (table, GAP + (right ? 0 : space));
    }
  g_string_append_c (table, '\n');
}

/**
 * sse_table_print:
 * @rows: (element-type GStrv): cells of UTF-8, from wherever; a row of one cell is a line between
 *   the others
 * @alignment: how each column is aligned, `l` or `r`; the last one may be as long as it is
 *
 * Returns: (transfer full): the rows under each other, each with its line end, for a terminal
 */
char *
sse_table_print (GPtrArray *rows, const char *alignment)
{
  g_autoptr (GPtrArray) shown = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  guint n_columns = (guint) strlen (alignment);
  g_autofree guint *widths = g_new0 (guint, n_columns);
  GString *table = g_string_new (NULL);

  for (guint i = 0; i < rows->len; i++)
    {
      char **cells = g_ptr_array_index (rows, i);
      guint n_cells = g_strv_length (cells);
      char **row = g_new0 (char *, n_cells + 1);

      g_assert (n_cells == n_columns || n_cells == 1);
      for (guint j = 0; j < n_cells; j++)
        {
          row[j] = make_cell (cells[j], j + 1 < n_cells ? MAX_WIDTH : G_MAXUINT);
          if (n_cells == n_columns)
            widths[j] = MAX (widths[j], measure (row[j]));
        }
      g_ptr_array_add (shown, row);
    }
  for (guint i = 0; i < shown->len; i++)
    {
      char **row = g_ptr_array_index (shown, i);

      if (g_strv_length (row) == n_columns)
        append_row (table, row, alignment, widths);
      else
        g_string_append_printf (table, "%s\n", row[0]);
    }
  return g_string_free (table, FALSE);
}

/**
 * sse_table_bytes:
 *
 * Returns: (transfer full): so many bytes as a person reads them, "1.5 MiB"
 */
char *
sse_table_bytes (guint64 bytes)
{
  static const char *const units[]
      = { N_ ("KiB"), N_ ("MiB"), N_ ("GiB"), N_ ("TiB"), N_ ("PiB"), N_ ("EiB") };
  gdouble amount = (gdouble) bytes / 1024;
  guint i = 0;

  if (bytes < 1024)
    return g_strdup_printf (_ ("%" PRIu64 " B"), bytes);
  /* What would be rounded to 1024.0 is one of the next. */
  for (; amount >= 1023.95; i++)
    amount /= 1024;
  return g_strdup_printf (_ ("%.1f %s"), amount, g_dgettext (GETTEXT_PACKAGE, units[i]));
}
