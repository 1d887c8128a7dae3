/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-reception.h"

#include "sse-error.h"
#include "sse-json.h"
#include "sse-link.h"
#include "sse-publication.h"

/* Threads that make updates at the same time: parsing takes memory, many times the body's. */
#define MAX_RUNNING 4

/* Deliveries that wait for one of them. */
#define MAX_WAITING 256

struct _SseReception
{
  SseHub *hub;
  SseReceptionAnswer answer;
  gpointer user_data;
  SseLink waiting; /* for a thread */
  SseLink taken;   /* in a thread, or published and not answered */
  guint n_waiting;
  guint n_running;
};

/* What one request brought, until it is answered. */
typedef struct
{
  SseLink link;
  SseReception *reception; /* NULL once that is gone */
  SseReceiver *receiver;   /* NULL where it brought the update itself */
  SseUpload *upload;
  char *user; /* who brought it; NULL where it is for a receiver */
  SsePublication publication;
} Delivery;

static void start_some (SseReception *self);

static void
delivery_free (Delivery *delivery)
{
  sse_link_remove (&delivery->link);
  g_clear_pointer (&delivery->upload, sse_upload_free);
  g_clear_object (&delivery->receiver);
  g_clear_pointer (&delivery->publication.updates, g_ptr_array_unref);
  g_clear_pointer (&delivery->publication.outcomes, g_ptr_array_unref);
  g_clear_error (&delivery->publication.error);
  g_free (delivery->user);
  g_free (delivery);
}

/* Answers where there is still somebody to do so; takes @answer, and frees @delivery. */
static void
finish (Delivery *delivery, SseAnswer *answer)
{
  if (delivery->reception != NULL)
    delivery->reception->answer (g_steal_pointer (&delivery->upload), answer,
                                 delivery->reception->user_data);
  else
    sse_answer_free (answer);
  delivery_free (delivery);
}

static void
refuse (Delivery *delivery, const GError *error)
{
  g_info ("a delivery was refused: %s", error->message);
  finish (delivery, sse_answer_new_for_error (error));
}

static SseAnswer *
answer_accepted (const char *id)
{
  g_autoptr (GString) body = g_string_new ("{\"id\":");

  sse_json_append_string (body, id);
  g_string_append_c (body, '}');
  return sse_answer_new (202, SSE_ANSWER_JSON, body->str);
}

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  Delivery *delivery = user_data;
  SsePublication *publication = &delivery->publication;
  const SsePublisher publisher = {
    .user = delivery->user,
    .path = delivery->user == NULL ? sse_receiver_get_path (delivery->receiver) : NULL,
  };
  const SseOutcome *outcome = NULL;

  publication->outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &publication->error);
  if (publication->outcomes != NULL)
    outcome = g_ptr_array_index (publication->outcomes, 0);
  sse_publication_tell (publication, &publisher, sse_hub_get_record (SSE_HUB (hub)));
  if (outcome == NULL)
    finish (delivery, sse_answer_new_for_error (publication->error));
  else if (outcome->error != NULL)
    finish (delivery, sse_answer_new_for_error (outcome->error));
  else
    finish (delivery, answer_accepted (outcome->id));
}

static void
publish (Delivery *delivery, SseUpdate *update)
{
  delivery->publication.updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_ptr_array_add (delivery->publication.updates, update);
  sse_hub_publish_async (delivery->reception->hub, g_ptr_array_ref (delivery->publication.updates),
                         on_published, delivery);
}

static void
on_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Delivery *delivery = user_data;
  SseReception *self = delivery->reception;
  g_autoptr (GError) error = NULL;
  g_autoptr (SseUpdate) update = g_task_propagate_pointer (G_TASK (result), &error);

  if (self == NULL)
    {
      delivery_free (delivery);
      return;
    }
  if (error != NULL)
    refuse (delivery, error);
  else if (update == NULL)
    finish (delivery,
            sse_answer_new (200, SSE_ANSWER_JSON, "{\"message\":\"nothing to publish\"}"));
  else
    publish (delivery, g_steal_pointer (&update));
  self->n_running--;
  start_some (self);
}

static void
receive (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Delivery *delivery = task_data;
  SseUpdate *update = NULL;
  GError *error = NULL;

  if (sse_receiver_receive (delivery->receiver, delivery->upload->fields, delivery->upload->body,
                            &update, &error))
    g_task_return_pointer (task, update, (GDestroyNotify) sse_update_unref);
  else
    g_task_return_error (task, error);
}

static void
start_some (SseReception *self)
{
  while (self->n_running < MAX_RUNNING && self->n_waiting > 0)
    {
      Delivery *delivery = sse_link_get (self->waiting.next, Delivery, link);
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_received, delivery);

      sse_link_remove (&delivery->link);
      sse_link_append (&self->taken, &delivery->link);
      self->n_waiting--;
      self->n_running++;
      g_task_set_task_data (task, delivery, NULL);
      g_task_run_in_thread (task, receive);
    }
}

/**
 * sse_reception_new:
 * @hub: which updates are published to
 * @answer: told each answer, until it is freed
 * @user_data: for @answer
 */
SseReception *
sse_reception_new (SseHub *hub, SseReceptionAnswer answer, gpointer user_data)
{
  SseReception *self = g_new0 (SseReception, 1);

  self->hub = g_object_ref (hub);
  self->answer = answer;
  self->user_data = user_data;
  sse_link_init (&self->waiting);
  sse_link_init (&self->taken);
  return self;
}

/**
 * sse_reception_free:
 *
 * Answers nobody any more. Updates that are published already may be applied nevertheless.
 */
void
sse_reception_free (SseReception *self)
{
  while (sse_link_is_linked (&self->waiting))
    delivery_free (sse_link_get (self->waiting.next, Delivery, link));
  while (sse_link_is_linked (&self->taken))
    {
      Delivery *delivery = sse_link_get (self->taken.next, Delivery, link);

      sse_link_remove (&delivery->link);
      sse_upload_hang_up (delivery->upload);
      delivery->reception = NULL;
    }
  g_object_unref (self->hub);
  g_free (self);
}

static Delivery *
delivery_new (SseReception *self, SseUpload *upload)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  sse_link_init (&delivery->link);
  delivery->reception = self;
  delivery->upload = upload;
  return delivery;
}

/**
 * sse_reception_take:
 * @receiver: whom it was posted to
 * @upload: (transfer full): a request with its whole body
 *
 * Answers a request, soon.
 */
void
sse_reception_take (SseReception *self, SseReceiver *receiver, SseUpload *upload)
{
  Delivery *delivery;

  if (self->n_waiting == MAX_WAITING)
    {
      g_autoptr (GError) busy = g_error_new_literal (
          SSE_ERROR, SSE_ERROR_BUSY, "too many deliveries wait already; post it again later");

      self->answer (upload, sse_answer_new_for_error (busy), self->user_data);
      return;
    }

  delivery = delivery_new (self, upload);
  delivery->receiver = g_object_ref (receiver);
  sse_link_append (&self->waiting, &delivery->link);
  self->n_waiting++;
  start_some (self);
}

/**
 * sse_reception_publish:
 * @update: (transfer full): an update
 * @user: who brought it
 * @upload: (transfer full): the request that did
 *
 * Answers a request once its update is in the log and applied, or refused.
 */
void
sse_reception_publish (SseReception *self, SseUpdate *update, const char *user, SseUpload *upload)
{
  Delivery *delivery = delivery_new (self, upload);

  delivery->user = g_strdup (user);
  sse_link_append (&self->taken, &delivery->link);
  publish (delivery, update);
}

/**
 * sse_reception_is_quiet:
 *
 * Returns: whether no answer is due to a request that was taken
 */
gboolean
sse_reception_is_quiet (SseReception *self)
{
  return !sse_link_is_linked (&self->waiting) && !sse_link_is_linked (&self->taken);
}
