/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench-error.h"
#include "bench-steps.h"

#define STATUS_FAILED      1
#define STATUS_USAGE       2
#define STATUS_INTERRUPTED 130

typedef struct
{
  char *url;
  char *dialect;
  char *stream;
  char *publish;
  char *token_file;
  char *secret_file;
  char *bus_name;
  char **pids;
  int clients;
  int at_once;
  int event_bytes;
  int deliveries;
  int burst;
  int rate;
  double idle;
  double stall;
  gboolean commands;
  gboolean json;
  gboolean version;
} Options;

static const char summary[]
    = "Connects many subscribers to a server of Server-Sent Events, publishes, checks every byte\n"
      "they get, and tells what it costs the server. For example:\n"
      "\n"
      "  rivulet-bench --url http://127.0.0.1:3001/github/events/stream --token-file tokens \\\n"
      "    --clients 1000 --publish bus:session --burst 100 --pid \"$(pidof rivuletd)\"\n"
      "\n"
      "Figures of processor time and memory need --pid. Nobody else may publish meanwhile.";

static const char epilogue[]
    = "Ways to publish (WAY):\n"
      "  bus:ADDRESS    Publish and PublishMany over D-Bus; ADDRESS may be session or system\n"
      "  webhook:URL    signed GitHub webhooks\n"
      "  post:URL       plain POST requests on one connection\n"
      "  line:PATH      one line each, to a pipe\n"
      "\n"
      "Exit status: 0 all was right; 1 the server did not send what it must, or could not be\n"
      "reached; 2 the options or a step are wrong; 130 interrupted.";

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  GOptionEntry entries[] = {
    { "url", 'u', 0, G_OPTION_ARG_STRING, &options->url, "The stream to follow", "URL" },
    { "clients", 'c', 0, G_OPTION_ARG_INT, &options->clients, "Subscribers (1000)", "N" },
    { "dialect", 0, 0, G_OPTION_ARG_STRING, &options->dialect,
      "rivulet: all as Rivulet's contract says; any: the right data in any events (rivulet)",
      "NAME" },
    { "stream", 0, 0, G_OPTION_ARG_STRING, &options->stream,
      "Of several on one connection, the one whose events are checked", "NAME" },
    { "token-file", 't', 0, G_OPTION_ARG_FILENAME, &options->token_file,
      "JSON Web Tokens, one in a line; clients take them in turn", "FILE" },
    { "pid", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &options->pids,
      "A process of the server; those that it started count as well", "PID" },
    { "publish", 0, 0, G_OPTION_ARG_STRING, &options->publish, "How to publish", "WAY" },
    { "bus-name", 0, 0, G_OPTION_ARG_STRING, &options->bus_name, "Whom to call on the bus",
      "NAME" },
    { "webhook-secret-file", 0, 0, G_OPTION_ARG_FILENAME, &options->secret_file,
      "What webhooks are signed with", "FILE" },
    { "event-bytes", 0, 0, G_OPTION_ARG_INT, &options->event_bytes,
      "Bytes of an event with its id and event type (256)", "N" },
    { "connects", 0, 0, G_OPTION_ARG_INT, &options->at_once, "Connects in flight (64)", "N" },
    { "deliveries", 'd', 0, G_OPTION_ARG_INT, &options->deliveries,
      "Events that are published one by one (5)", "N" },
    { "burst", 'b', 0, G_OPTION_ARG_INT, &options->burst, "Events that are published at once",
      "N" },
    { "idle", 0, 0, G_OPTION_ARG_DOUBLE, &options->idle, "Time with heartbeats alone", "SECONDS" },
    { "stall", 0, 0, G_OPTION_ARG_DOUBLE, &options->stall, "Clients that do not read", "PERCENT" },
    { "rate", 0, 0, G_OPTION_ARG_INT, &options->rate,
      "Updates that are published as fast as can be, without clients", "N" },
    { "commands", 0, 0, G_OPTION_ARG_NONE, &options->commands,
      "Read steps from stdin, and answer each with one line of JSON", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "Print JSON, a line for each step", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL },
    { 0 },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, epilogue);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
check_options (const Options *options, int argc, GError **error)
{
  const char *wrong = NULL;

  if (argc > 1)
    wrong = "there are only options; see --help";
  else if (options->url == NULL && (options->publish == NULL || options->rate == 0)
           && !options->commands)
    wrong = "--url is missing; or --publish and --rate, without clients";
  else if (options->clients < 1 || options->clients > 1000000 || options->at_once < 1
           || options->event_bytes < 1 || options->event_bytes > 16 * 1024
           || options->deliveries < 0 || options->burst < 0 || options->rate < 0
           || options->idle < 0 || options->stall < 0 || options->stall > 50)
    wrong = "a number is out of bounds; see --help";
  else if (!g_str_equal (options->dialect, "rivulet") && !g_str_equal (options->dialect, "any"))
    wrong = "--dialect is rivulet or any";
  else if (options->stream != NULL && !g_str_equal (options->dialect, "rivulet"))
    wrong = "--stream needs --dialect rivulet";
  else if (options->publish == NULL
           && (options->burst > 0 || options->stall > 0 || options->rate > 0))
    wrong = "--burst, --stall and --rate need --publish";
  if (wrong != NULL)
    g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_USAGE, wrong);
  return wrong == NULL;
}

static gboolean
add_processes (BenchSteps *steps, const Options *options, GError **error)
{
  for (char **text = options->pids; text != NULL && *text != NULL; text++)
    {
      guint64 pid;
      if (!g_ascii_string_to_unsigned (*text, 10, 1, G_MAXINT32, &pid, NULL))
        {
          g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "--pid %s is no process id", *text);
          return FALSE;
        }
      bench_processes_add (steps->processes, (pid_t) pid);
    }
  return TRUE;
}

static gboolean
add_crowd (BenchSteps *steps, const Options *options, GError **error)
{
  if (options->url == NULL)
    return TRUE;
  steps->crowd = bench_crowd_new (options->url, g_str_equal (options->dialect, "rivulet"),
                                  options->stream, error);
  if (steps->crowd == NULL)
    return FALSE;
  bench_crowd_set_progress (steps->crowd, isatty (STDERR_FILENO) != 0);
  if (options->token_file == NULL)
    return TRUE;

  g_autofree char *text = NULL;
  if (!g_file_get_contents (options->token_file, &text, NULL, error))
    return FALSE;
  g_auto (GStrv) tokens = g_strsplit (g_strstrip (text), "\n", -1);
  if (tokens[0] == NULL || *tokens[0] == '\0')
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "there are no tokens in %s",
                   options->token_file);
      return FALSE;
    }
  bench_crowd_set_tokens (steps->crowd, g_steal_pointer (&tokens));
  return TRUE;
}

static gboolean
add_publisher (BenchSteps *steps, const Options *options, GError **error)
{
  g_autofree char *secret = NULL;
  BenchPublisherOptions more = { .bus_name = options->bus_name };

  if (options->publish == NULL)
    return TRUE;
  if (g_str_has_prefix (options->publish, "bus:"))
    steps->bus_address = options->publish + strlen ("bus:");
  steps->bus_name = options->bus_name;
  if (options->secret_file != NULL
      && !g_file_get_contents (options->secret_file, &secret, NULL, error))
    return FALSE;
  more.webhook_secret = secret != NULL ? g_strchomp (secret) : NULL;
  steps->publisher = bench_publisher_new (options->publish, &more, error);
  return steps->publisher != NULL;
}

static gboolean
run_commands (BenchSteps *steps, GError **error)
{
  char line[256];

  while (fgets (line, sizeof line, stdin) != NULL)
    if (!bench_steps_run (steps, g_strchomp (line), error))
      return FALSE;
  return bench_interrupt_check (error);
}

static gboolean
run_step (BenchSteps *steps, GError **error, const char *name, double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *line
      = number > 0 ? g_strdup_printf ("%s %s", name, g_ascii_dtostr (text, sizeof text, number))
                   : g_strdup (name);

  return bench_steps_run (steps, line, error);
}

static gboolean
deliver (BenchSteps *steps, int times, GError **error)
{
  for (int i = 0; i < times; i++)
    if (!run_step (steps, error, "deliver", 0))
      return FALSE;
  return TRUE;
}

/* All that options ask for, in an order that makes sense. */
static gboolean
run_options (BenchSteps *steps, const Options *options, GError **error)
{
  gboolean memory = options->pids != NULL;
  int deliveries = options->publish != NULL ? options->deliveries : 0;

  if (options->url != NULL)
    {
      if ((memory && !run_step (steps, error, "memory", 0))
          || !run_step (steps, error, "connect", options->clients)
          || (memory && !run_step (steps, error, "memory", 0))
          || !deliver (steps, deliveries, error)
          || (options->burst > 0 && !run_step (steps, error, "burst", options->burst))
          || (options->idle > 0 && !run_step (steps, error, "idle", options->idle))
          || (options->stall > 0
              && (!run_step (steps, error, "stall", options->stall)
                  || !deliver (steps, deliveries, error) || !run_step (steps, error, "resume", 0)))
          || !run_step (steps, error, "disconnect", 0)
          || (memory && !run_step (steps, error, "memory", 0)))
        return FALSE;
    }
  return options->rate == 0 || run_step (steps, error, "rate", options->rate);
}

static gboolean
run (Options *options, GError **error)
{
  g_autoptr (BenchProcesses) processes = bench_processes_new ();
  g_autoptr (BenchReport) report = bench_report_new (options->json || options->commands);
  BenchSteps steps = { .processes = processes,
                       .report = report,
                       .at_once = (guint) options->at_once,
                       .event_bytes = (gsize) options->event_bytes,
                       .text_bytes = (gsize) options->event_bytes };

  bench_interrupt_catch ();
  gboolean done = add_processes (&steps, options, error) && add_crowd (&steps, options, error)
                  && add_publisher (&steps, options, error)
                  && (options->commands ? run_commands (&steps, error)
                                        : run_options (&steps, options, error));
  g_clear_pointer (&steps.crowd, bench_crowd_free);
  g_clear_pointer (&steps.publisher, bench_publisher_free);
  return done;
}

static int
status_of (const GError *error)
{
  if (g_error_matches (error, BENCH_ERROR, BENCH_ERROR_INTERRUPTED))
    return STATUS_INTERRUPTED;
  if (error->domain == G_OPTION_ERROR || g_error_matches (error, BENCH_ERROR, BENCH_ERROR_USAGE)
      || error->domain == G_FILE_ERROR)
    return STATUS_USAGE;
  return STATUS_FAILED;
}

int
main (int argc, char **argv)
{
  Options options = { .clients = 1000, .at_once = 64, .event_bytes = 256, .deliveries = 5 };
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("rivulet-bench: %s\n", error->message);
      return STATUS_USAGE;
    }
  if (options.version)
    {
      printf ("rivulet-bench %s\n", RIVULET_VERSION);
      return EXIT_SUCCESS;
    }
  if (options.dialect == NULL)
    options.dialect = g_strdup ("rivulet");
  gboolean done = check_options (&options, argc, &error) && run (&options, &error);
  if (!done)
    g_printerr ("rivulet-bench: %s\n", error->message);
  g_free (options.url);
  g_free (options.dialect);
  g_free (options.stream);
  g_free (options.publish);
  g_free (options.token_file);
  g_free (options.secret_file);
  g_free (options.bus_name);
  g_strfreev (options.pids);
  return done ? EXIT_SUCCESS : status_of (error);
}
