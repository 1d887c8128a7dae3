/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseLogDirectory:
 * @path: the directory
 * @file: the log's file in it
 * @new_file: one that is being made
 *
 * The directory of the log, which one process at a time may use. Errors are in the domain
 * %SSE_DATABASE_ERROR.
 */
typedef struct
{
  char *path;
  char *file;
  char *new_file;

  /*< private >*/
  int lock;
} SseLogDirectory;

SseLogDirectory *sse_log_directory_new       (const char       *path);
void             sse_log_directory_free      (SseLogDirectory  *self);

gboolean         sse_log_directory_hold      (SseLogDirectory  *self,
                                              GError          **error);
gboolean         sse_log_directory_has_file  (SseLogDirectory  *self,
                                              gboolean         *has,
                                              GError          **error);
gboolean         sse_log_directory_set_aside (SseLogDirectory  *self,
                                              const char       *why,
                                              GError          **error);
gboolean         sse_log_directory_begin_file
                                             (SseLogDirectory  *self,
                                              GError          **error);
gboolean         sse_log_directory_finish_file
                                             (SseLogDirectory  *self,
                                              GError          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseLogDirectory, sse_log_directory_free)

G_END_DECLS
