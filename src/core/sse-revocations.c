/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-revocations.h"

#include <string.h>

#include "sse-rules.h"

#define KIND       "revoke"
#define STATE_TYPE "(xa(sx))"

typedef struct
{
  gint64 until; /* seconds since 1970 UTC */
  GSequenceIter *place;
  char user[];
} Revocation;

struct _SseRevocations
{
  GObject parent_instance;

  GHashTable *by_user; /* user → Revocation */
  GSequence *by_age;   /* Revocation, not owned, the oldest first */
  gint64 floor;        /* everyone's tokens up to this second are refused */
};

static const SseView no_views[] = { { NULL, NULL } };

static void sse_revocations_source_init (SseSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseRevocations,
                               sse_revocations,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE, sse_revocations_source_init))

/* ---- what is kept ---- */

/* By name where the second is the same, so that the order does not depend on the history. */
static int
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Revocation *first = a, *second = b;

  if (first->until != second->until)
    return first->until < second->until ? -1 : 1;
  return strcmp (first->user, second->user);
}

static void
forget (SseRevocations *self, Revocation *revocation)
{
  g_sequence_remove (revocation->place);
  g_hash_table_remove (self->by_user, revocation->user);
}

static void
drop_oldest (SseRevocations *self)
{
  Revocation *oldest = g_sequence_get (g_sequence_get_begin_iter (self->by_age));

  self->floor = MAX (self->floor, oldest->until);
  forget (self, oldest);
}

static void
add (SseRevocations *self, const char *user, gint64 until)
{
  gsize size = strlen (user) + 1;
  Revocation *revocation = g_malloc (sizeof *revocation + size);

  revocation->until = until;
  memcpy (revocation->user, user, size);
  revocation->place = g_sequence_insert_sorted (self->by_age, revocation, compare, NULL);
  g_hash_table_insert (self->by_user, revocation->user, revocation);
}

/* ---- what is asked ---- */

/**
 * sse_revocations_new_update:
 * @user: whose tokens are refused that were issued before the update is accepted, or in that
 *   second; where they were revoked in it before, up to the next one
 *
 * Returns: (transfer full): the update, to be published
 */
SseUpdate *
sse_revocations_new_update (const char *user)
{
  static const char json[] = "{\"type\":\"" KIND "\"}";
  g_autoptr (GBytes) bytes = g_bytes_new_static (json, strlen (json));

  return sse_update_new (SSE_REVOCATIONS_STREAM, user, bytes);
}

/**
 * sse_revocations_cover:
 * @user: whose token it is
 * @issued: when it was issued, in seconds since 1970 UTC; %SSE_REVOCATIONS_NEVER where it does not
 *   say
 *
 * Returns: whether such a token was revoked
 */
gboolean
sse_revocations_cover (const SseRevocations *self, const char *user, gint64 issued)
{
  const Revocation *revocation = g_hash_table_lookup (self->by_user, user);

  if (revocation != NULL && issued <= revocation->until)
    return TRUE;
  return issued != SSE_REVOCATIONS_NEVER && issued <= self->floor;
}

/**
 * sse_revocations_get_last:
 * @user: a user
 *
 * Returns: the second up to which their tokens are refused, %SSE_REVOCATIONS_NEVER for none
 */
gint64
sse_revocations_get_last (const SseRevocations *self, const char *user)
{
  const Revocation *revocation = g_hash_table_lookup (self->by_user, user);

  return MAX (self->floor, revocation != NULL ? revocation->until : SSE_REVOCATIONS_NEVER);
}

/* ---- the source ---- */

static const char *
sse_revocations_get_stream (SseSource *source)
{
  return SSE_REVOCATIONS_STREAM;
}

static const char *
sse_revocations_get_path (SseSource *source)
{
  return NULL;
}

static const SseView *
sse_revocations_get_views (SseSource *source)
{
  return no_views;
}

static gboolean
sse_revocations_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  static const char *const kinds[] = { KIND, NULL };

  if (sse_update_get_audience (update) == NULL)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE,
                           "audience: missing; only one user's tokens are revoked");
      return FALSE;
    }
  return sse_rules_check_kind (update, kinds, error);
}

/* What was issued since the last time, in the same second, may be of the next one. */
static gint64
choose_until (SseRevocations *self, const SseUpdate *update)
{
  gint64 second = sse_update_get_accepted (update) / G_USEC_PER_SEC;
  gint64 last = sse_revocations_get_last (self, sse_update_get_audience (update));

  return last < second ? second : MAX (last, second + 1);
}

/* Also where it reaches no further, it is applied: what the user follows by now has to end. */
static SseVerdict
sse_revocations_apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  SseRevocations *self = SSE_REVOCATIONS (source);
  const char *user = sse_update_get_audience (update);
  gint64 until = choose_until (self, update);
  Revocation *before = g_hash_table_lookup (self->by_user, user);

  if (before != NULL)
    forget (self, before);
  else if (g_hash_table_size (self->by_user) == SSE_REVOCATIONS_MAX)
    drop_oldest (self);
  add (self, user, until);
  return SSE_VERDICT_APPLIED;
}

static void
sse_revocations_render (SseSource *source,
                        const SseView *view,
                        const char *audience,
                        GString *members)
{
}

static gboolean
sse_revocations_has_audience (SseSource *source, const char *audience)
{
  return FALSE;
}

static GVariant *
sse_revocations_save (SseSource *source)
{
  SseRevocations *self = SSE_REVOCATIONS (source);
  guint n;
  g_autofree const char **users = sse_rules_dup_audiences (self->by_user, &n);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sx)"));
  for (guint i = 0; i < n; i++)
    {
      const Revocation *revocation = g_hash_table_lookup (self->by_user, users[i]);

      g_variant_builder_add (&builder, "(sx)", users[i], revocation->until);
    }
  return g_variant_new (STATE_TYPE, self->floor, &builder);
}

static gboolean
sse_revocations_restore (SseSource *source, GVariant *state, GError **error)
{
  SseRevocations *self = SSE_REVOCATIONS (source);
  g_autoptr (GVariantIter) iter = NULL;
  const char *previous = NULL;
  const char *user;
  gint64 until;

  if (!sse_rules_check_state (state, STATE_TYPE, error))
    return FALSE;
  g_variant_get (state, STATE_TYPE, &self->floor, &iter);
  if (g_variant_iter_n_children (iter) > SSE_REVOCATIONS_MAX)
    {
      sse_rules_set_invalid (error, "more than %d users", SSE_REVOCATIONS_MAX);
      return FALSE;
    }
  g_hash_table_remove_all (self->by_user);
  g_sequence_remove_range (g_sequence_get_begin_iter (self->by_age),
                           g_sequence_get_end_iter (self->by_age));
  while (g_variant_iter_next (iter, "(&sx)", &user, &until))
    {
      if (!sse_rules_check_audience (previous, user, error))
        return FALSE;
      add (self, user, until);
      previous = user;
    }
  return TRUE;
}

static void
sse_revocations_source_init (SseSourceInterface *iface)
{
  iface->get_stream = sse_revocations_get_stream;
  iface->get_path = sse_revocations_get_path;
  iface->get_views = sse_revocations_get_views;
  iface->validate = sse_revocations_validate;
  iface->apply = sse_revocations_apply;
  iface->render = sse_revocations_render;
  iface->has_audience = sse_revocations_has_audience;
  iface->save = sse_revocations_save;
  iface->restore = sse_revocations_restore;
}

/* ---- the object ---- */

static void
sse_revocations_finalize (GObject *object)
{
  SseRevocations *self = SSE_REVOCATIONS (object);

  g_sequence_free (self->by_age);
  g_hash_table_unref (self->by_user);
  G_OBJECT_CLASS (sse_revocations_parent_class)->finalize (object);
}

static void
sse_revocations_class_init (SseRevocationsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sse_revocations_finalize;
}

static void
sse_revocations_init (SseRevocations *self)
{
  self->by_user = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->by_age = g_sequence_new (NULL);
  self->floor = SSE_REVOCATIONS_NEVER;
}
