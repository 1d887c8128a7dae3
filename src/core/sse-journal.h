/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What of the log can be asked for by kind (MESSAGE_ID=) and by field: systemd.journal-fields(7).
 * Each kind is explained in data/systemd/rivulet.catalog. */

#define SSE_JOURNAL_UPDATE_REFUSED  "ed7b39ed6ca140609897a19497f52ac8"
#define SSE_JOURNAL_UPDATE_ACCEPTED "d89edafc25e84ddb8be50312c2a2593c"
#define SSE_JOURNAL_CLIENT_CAME     "13e1c1882d4c4860a8bcacf902a5c771"
#define SSE_JOURNAL_CLIENT_AFRESH   "8ff96652d20847ef87d27ae1a17c8a73"
#define SSE_JOURNAL_CLIENT_CLOSED   "761f8c9d68194fae9eea191a4862e2b6"
#define SSE_JOURNAL_TOKEN_REFUSED   "2a48612bf7d64383a9c1162edcedd8dc"
#define SSE_JOURNAL_TOKENS_REVOKED  "c660f97b42614bb18e7ebf0a9ed20d21"
#define SSE_JOURNAL_CALL_DENIED     "8396df46742b4c519d2f58a6b8b83f03"
#define SSE_JOURNAL_STORE_FAILED    "ae4ef7e660a840d2b6da5d455ec165ef"
#define SSE_JOURNAL_STORE_RECOVERED "4c5e7bcba7b943ab814e11ddacf2b47f"
#define SSE_JOURNAL_STREAM_DISABLED "748e2cbb0d8a41498913fa74a2bdf18b"
#define SSE_JOURNAL_CONFIG_LOADED   "d9a9a40efdf24314ba0d899f1d8430da"
#define SSE_JOURNAL_CONFIG_REFUSED  "57a6209056be41fd9c6f3421e9c5c73c"

/**
 * SseJournalField:
 * @name: such as `SSE_STREAM`
 * @value: (nullable): UTF-8; where it is %NULL the field is left out
 */
typedef struct
{
  const char *name;
  const char *value;
} SseJournalField;

#define SSE_JOURNAL_FIELDS(...) ((const SseJournalField[]){ __VA_ARGS__, { NULL, NULL } })

/**
 * sse_journal:
 * @level: a #GLogLevelFlags
 * @id: one of the kinds above
 * @fields: SSE_JOURNAL_FIELDS ({ "SSE_STREAM", name }, …)
 *
 * Logs a message in the file's domain, with what of it can be asked for.
 */
#define sse_journal(level, id, fields, ...)                                                        \
  sse_journal_tell (G_LOG_DOMAIN, level, id, fields, __VA_ARGS__)

void                   sse_journal_tell       (const char            *domain,
                                               GLogLevelFlags         level,
                                               const char            *id,
                                               const SseJournalField *fields,
                                               const char            *format,
                                               ...) G_GNUC_PRINTF (5, 6);
const SseJournalField *sse_journal_get_fields (const char           **id);

G_END_DECLS
