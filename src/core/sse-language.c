/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-language.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include <glib/gi18n-lib.h>

/* Past the last errno that Linux has. */
#define MAX_ERRNO 256

static void
bind (void)
{
  const char *folder = g_getenv (SSE_LANGUAGE_FOLDER);

  bindtextdomain (GETTEXT_PACKAGE, folder != NULL && *folder != '\0' ? folder : LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/**
 * sse_language_init:
 *
 * For a program that talks with a person as long as it runs: it does that in their language. To be
 * called first.
 */
void
sse_language_init (void)
{
  setlocale (LC_ALL, "");
  bind ();
}

/**
 * sse_language_init_service:
 *
 * For a daemon: all of it says everything in English, but the calling thread, which speaks the
 * language of whoever starts it until sse_language_serve(). Where nobody is there, but the journal,
 * that is English too: who reads it, and looks for something in it, may have any. To be called
 * first.
 */
void
sse_language_init_service (void)
{
  locale_t language;

  setlocale (LC_CTYPE, "");
  bind ();
  /* The C library's texts come as the locale has it, and all others are UTF-8. */
  if (!g_get_charset (NULL) || g_log_writer_is_journald (fileno (stderr)))
    return;
  language = newlocale (LC_CTYPE_MASK | LC_MESSAGES_MASK, "", NULL);
  if (language != NULL)
    uselocale (language);
}

/**
 * sse_language_settle:
 *
 * To be called before what goes on while the daemon serves: whatever GLib says of an errno is
 * English from now on. It keeps what it says first of each, for all threads.
 */
void
sse_language_settle (void)
{
  /* It is declared to do nothing but answer: a call whose answer is not kept would be left out. */
  const char *volatile said;
  locale_t language = uselocale (LC_GLOBAL_LOCALE);

  for (int number = 1; number < MAX_ERRNO; number++)
    said = g_strerror (number);
  (void) said;
  uselocale (language);
}

/**
 * sse_language_serve:
 *
 * After sse_language_init_service(): the calling thread says everything in English from now on, to
 * programs and to the log.
 */
void
sse_language_serve (void)
{
  locale_t language = uselocale (LC_GLOBAL_LOCALE);

  if (language != LC_GLOBAL_LOCALE)
    freelocale (language);
}
