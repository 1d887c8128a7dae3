/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What publishing over D-Bus costs at the least: a service with Rivulet's Publish, which answers
 * each call with the same id and does nothing else; or, with a database, commits it before that. */

#include "answering-batch.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH      "/io/github/rivulet/Rivulet"
#define INTERFACE "io.github.rivulet.Rivulet1.Publisher"

static const char description[] = "<node><interface name='" INTERFACE "'><method name='Publish'>"
                                  "<arg type='s' direction='in'/><arg type='s' direction='in'/>"
                                  "<arg type='a{sv}' direction='in'/>"
                                  "<arg type='s' direction='out'/></method></interface></node>";

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  AnsweringBatch *batch = user_data;

  if (batch != NULL)
    answering_batch_add (batch, invocation);
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", "00000000000000ba-1"));
}

static const GDBusInterfaceVTable vtable = { .method_call = on_call };

static void
on_bus (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (description, NULL);
  g_autoptr (GError) error = NULL;

  if (g_dbus_connection_register_object (connection, PATH, node->interfaces[0], &vtable, user_data,
                                         NULL, &error)
      == 0)
    g_error ("%s", error->message);
}

static void
on_name (GDBusConnection *connection, const char *name, gpointer user_data)
{
  printf ("answering-service: %s\n", name);
  fflush (stdout);
}

static void
on_no_name (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_printerr ("answering-service: %s cannot be had\n", name);
  exit (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  if (argc < 2 || argc > 3 || !g_dbus_is_name (argv[1]))
    {
      g_printerr ("Usage: answering-service BUS-NAME [DATABASE]\n\nAnswers on the session bus.\n");
      return 2;
    }
  AnsweringBatch *batch = argc == 3 ? answering_batch_new (argv[2]) : NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_bus_own_name (G_BUS_TYPE_SESSION, argv[1], G_BUS_NAME_OWNER_FLAGS_NONE, on_bus, on_name,
                  on_no_name, batch, NULL);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
