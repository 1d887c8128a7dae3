/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-journal.h"

/* Of the message that is being logged in this thread. They go beside it, not with it, so that it
 * stays a plain message to all that looks at messages. */
static _Thread_local const SseJournalField *current;
static _Thread_local const char *current_id;

/**
 * sse_journal_tell:
 * @domain: as %G_LOG_DOMAIN
 *
 * See sse_journal().
 */
void
sse_journal_tell (const char *domain,
                  GLogLevelFlags level,
                  const char *id,
                  const SseJournalField *fields,
                  const char *format,
                  ...)
{
  va_list args;

  current = fields;
  current_id = id;
  va_start (args, format);
  g_logv (domain, level, format, args);
  va_end (args);
  current = NULL;
  current_id = NULL;
}

/**
 * sse_journal_get_fields:
 * @id: (out) (nullable): its kind
 *
 * To be called by what writes the log.
 *
 * Returns: (nullable): the fields of the message that is being logged in this thread, up to one
 *   without a name
 */
const SseJournalField *
sse_journal_get_fields (const char **id)
{
  *id = current_id;
  return current;
}
