/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * AnsweringBatch:
 *
 * Calls that are to be on the disk before they are answered: all that have arrived go into one
 * transaction of SQLite, as soon as nothing else has.
 */
typedef struct _AnsweringBatch AnsweringBatch;

AnsweringBatch *answering_batch_new (const char            *path);
void            answering_batch_add (AnsweringBatch        *self,
                                     GDBusMethodInvocation *invocation);

G_END_DECLS
