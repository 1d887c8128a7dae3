/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-volatile-log.h"

struct _SseVolatileLog
{
  GObject parent_instance;

  char *epoch;
  guint64 position;
  GPtrArray *pending; /* appended since the last commit */
  GSource *commit;    /* attached while something is pending */
};

static void sse_volatile_log_iface_init (SseLogInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseVolatileLog,
                               sse_volatile_log,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_LOG, sse_volatile_log_iface_init))

/* Commits all that is pending: as a log with a disk does, many updates at a time. */
static gboolean
commit (gpointer user_data)
{
  g_autoptr (SseVolatileLog) self = g_object_ref (SSE_VOLATILE_LOG (user_data));
  g_autoptr (GPtrArray) updates = g_steal_pointer (&self->pending);

  g_clear_pointer (&self->commit, g_source_unref);
  for (guint i = 0; i < updates->len; i++)
    sse_update_set_position (g_ptr_array_index (updates, i), ++self->position);
  sse_log_emit_committed (SSE_LOG (self), updates);
  return G_SOURCE_REMOVE;
}

static void
sse_volatile_log_append (SseLog *log, GPtrArray *updates)
{
  SseVolatileLog *self = SSE_VOLATILE_LOG (log);

  if (self->pending != NULL)
    {
      g_ptr_array_extend_and_steal (self->pending, updates);
      return;
    }
  self->pending = updates;
  self->commit = g_idle_source_new ();
  g_source_set_priority (self->commit, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->commit, "volatile log commit");
  g_source_set_callback (self->commit, commit, self, NULL);
  g_source_attach (self->commit, g_main_context_get_thread_default ());
}

static const char *
sse_volatile_log_get_epoch (SseLog *log)
{
  return SSE_VOLATILE_LOG (log)->epoch;
}

static guint64
sse_volatile_log_get_position (SseLog *log)
{
  return SSE_VOLATILE_LOG (log)->position;
}

static void
sse_volatile_log_iface_init (SseLogInterface *iface)
{
  iface->get_epoch = sse_volatile_log_get_epoch;
  iface->append = sse_volatile_log_append;
  iface->get_position = sse_volatile_log_get_position;
}

static void
sse_volatile_log_finalize (GObject *object)
{
  SseVolatileLog *self = SSE_VOLATILE_LOG (object);

  if (self->commit != NULL)
    g_source_destroy (self->commit);
  g_clear_pointer (&self->commit, g_source_unref);
  g_clear_pointer (&self->pending, g_ptr_array_unref);
  g_free (self->epoch);
  G_OBJECT_CLASS (sse_volatile_log_parent_class)->finalize (object);
}

static void
sse_volatile_log_class_init (SseVolatileLogClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sse_volatile_log_finalize;
}

static void
sse_volatile_log_init (SseVolatileLog *self)
{
  self->epoch = g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ());
}

/**
 * sse_volatile_log_new:
 *
 * Returns: (transfer full): an empty log in a new epoch, drawn at random
 */
SseLog *
sse_volatile_log_new (void)
{
  return g_object_new (SSE_TYPE_VOLATILE_LOG, NULL);
}
