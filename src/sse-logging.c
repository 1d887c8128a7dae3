/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-logging.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sse-journal.h"

/* A field's text, NULL where there is no such field. */
static char *
dup_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].length < 0 ? g_strdup (fields[i].value)
                                  : g_strndup (fields[i].value, (gsize) fields[i].length);
  return NULL;
}

/* A message is one line, whatever part of it came from outside. */
static void
append_line (GString *line, const char *message)
{
  for (const char *p = message; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      g_string_append_printf (line, "\\x%02x", (guint) *p);
    else
      g_string_append_c (line, *p);
  g_string_append_c (line, '\n');
}

/* Of one value, in bytes: the longest name of a user. What comes from outside may be longer. */
#define MAX_FIELD 1024

static void
add_field (GArray *fields, const char *key, const char *value)
{
  gsize length = strnlen (value, MAX_FIELD + 1);
  const char *end = value + length;
  GLogField field = { key, value, 0 };

  if (length > MAX_FIELD)
    g_utf8_validate_len (value, MAX_FIELD, &end);
  field.length = end - value;
  g_array_append_val (fields, field);
}

/* To the journal, with all that it can be asked for. */
static GLogWriterOutput
write_to_journal (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *id;
  const SseJournalField *more = sse_journal_get_fields (&id);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (GLogField));

  g_array_append_vals (all, fields, (guint) n_fields);
  if (id != NULL)
    add_field (all, "MESSAGE_ID", id);
  for (; more != NULL && more->name != NULL; more++)
    if (more->value != NULL)
      add_field (all, more->name, more->value);
  return g_log_writer_journald (level, (GLogField *) (gpointer) all->data, all->len, user_data);
}

/* One line for each message on standard error: "rivuletd: warning: MESSAGE". */
static GLogWriterOutput
write_line (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree char *domain = dup_field (fields, n_fields, "GLIB_DOMAIN");
  g_autofree char *message = dup_field (fields, n_fields, "MESSAGE");
  g_autoptr (GString) line = g_string_new ("rivuletd: ");
  const char *kind = "";

  if (g_log_writer_default_would_drop (level, domain))
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (fileno (stderr))
      && write_to_journal (level, fields, n_fields, user_data) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;

  switch (level & G_LOG_LEVEL_MASK)
    {
    case G_LOG_LEVEL_ERROR:
      kind = "error: ";
      break;
    case G_LOG_LEVEL_CRITICAL:
      kind = "critical: ";
      break;
    case G_LOG_LEVEL_WARNING:
      kind = "warning: ";
      break;
    case G_LOG_LEVEL_INFO:
      kind = "info: ";
      break;
    case G_LOG_LEVEL_DEBUG:
      kind = "debug: ";
      break;
    default:
      break;
    }
  g_string_append (line, kind);
  append_line (line, message != NULL ? message : "");
  /* At once, so that lines of several threads don't mix. */
  if (write (STDERR_FILENO, line->str, line->len) < 0)
    return G_LOG_WRITER_UNHANDLED;
  return G_LOG_WRITER_HANDLED;
}

/**
 * sse_logging_init:
 *
 * Sends messages to the journal where standard error is its, else to standard error as plain
 * lines. Levels below `message` are shown for the domains in `$G_MESSAGES_DEBUG`.
 */
void
sse_logging_init (void)
{
  g_log_set_writer_func (write_line, NULL, NULL);
}
