/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Warnings that a test expects of threads of which it can't say which comes first. */

void warnings_catch (void);
void warnings_expect (const char *pattern);
void warnings_finish (void);

G_END_DECLS
