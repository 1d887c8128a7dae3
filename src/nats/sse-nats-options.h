/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseNatsOptions:
 * @urls: (array zero-terminated=1): servers, such as nats://10.0.0.1:4222
 * @name: of the log: the JetStream stream is named so, and what begins its subjects
 * @node: what this node calls itself
 * @replicas: of the stream, where this node makes it
 * @credentials_file: (nullable): with a user's JWT and seed, as nsc(1) makes it
 * @ca_file: (nullable): whom to trust, in PEM; TLS is spoken where this is set, or a URL says tls://
 * @certificate_file: (nullable): this node's own certificate in PEM
 * @key_file: (nullable): and its key
 * @connect_ms: how long to look for a server at start, and for servers that answer
 * @deadline_ms: how long a publisher waits for an update to come back, before it is told that
 *   whether it was taken is unknown
 * @max_update_bytes: the largest update
 * @checkpoint_updates: between two checkpoints
 * @retain_updates: how many stay in the log behind a checkpoint
 * @retain_seconds: for how long each stays there at least
 * @directory: where this node keeps how far it was
 *
 * All strings outlive the log.
 */
typedef struct
{
  const char *const *urls;
  const char *name;
  const char *node;
  guint replicas;
  const char *credentials_file;
  const char *ca_file;
  const char *certificate_file;
  const char *key_file;
  guint connect_ms;
  guint deadline_ms;
  gsize max_update_bytes;
  guint64 checkpoint_updates;
  guint64 retain_updates;
  gint64 retain_seconds;
  const char *directory;
} SseNatsOptions;

G_END_DECLS
