# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the C sources and tells of texts that are not wrapped for translation, and of those that must not be."""

import re

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
STRING = r'"(?:[^"\\\n]|\\.)*"'
# Strings beside each other, with what stands for a number's format between them.
STRINGS = rf"{STRING}(?:\s*(?:{STRING}|PRI[a-z0-9]+))*"
WRAPPED = re.compile(rf"(?<!\w)(?:_|N_)\s*\(\s*{STRINGS}\s*\)|(?<!\w)C_\s*\(\s*{STRING}\s*,\s*{STRINGS}\s*\)"
                     rf"|\bg_dngettext\s*\(\s*GETTEXT_PACKAGE,\s*{STRINGS}\s*,\s*{STRINGS}\s*,")
# The macros that take a literal.
ANY_WRAPPING = re.compile(r"(?<!\w)(?:_|N_|C_)\s*\((?!\s*\")")
# What says a sentence: a word, and another one. Names of programs, members and formats are none.
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? +(?:%\w+ +)?[A-Za-z]{2,}")

CALL = re.compile(r"\b(\w+) \(")
# Whoever calls these speaks to a person.
SPEAKING = {"g_print", "g_printerr", "sse_config_fail"}
# All that these say is for a person.
PERSONAL = re.compile(r"src/cli/|src/main\.c$|src/sse-options\.c$|src/core/sse-(config|settings)"
                      r"|src/token/sse-token-settings\.c$")
# These make an error, whose domain says for whom.
FAILING = {"g_set_error", "g_set_error_literal", "g_error_new", "g_error_new_literal"}
FOR_PERSONS = re.compile(r"\b(SSE_CONFIG_ERROR|SSE_CLI_ERROR|G_OPTION_ERROR|G_IO_ERROR|G_FILE_ERROR)\b")
FOR_PROGRAMS = re.compile(r"\b(SSE_ERROR|SSE_PLUGIN_ERROR|G_DBUS_ERROR)\b")
# These write to the log, which is English.
LOGGING = {"g_message", "g_warning", "g_critical", "g_debug", "g_info", "sse_journal",
           "sse_service_tell_status"}


def without_comments(text):
    return TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if found[0].startswith("/") else found[0],
                     text)


def blanked(text):
    """With strings' and characters' content blanked, so that brackets in them are none."""
    return TOKEN.sub(lambda found: found[0][0] + re.sub(r"[^\n]", " ", found[0][1:-1]) + found[0][-1], text)


def end_of(shape, start):
    """Where the bracket at start is closed."""
    depth = 0
    for index in range(start, len(shape)):
        depth += (shape[index] in "({") - (shape[index] in ")}")
        if depth == 0:
            return index + 1
    return len(shape)


def calls(text):
    """(name, line, arguments) of every call and definition."""
    shape = blanked(text)
    for found in CALL.finditer(shape):
        start = found.end() - 1
        yield found[1], text.count("\n", 0, found.start()) + 1, text[start:end_of(shape, start)]


def entries(text):
    """(line, content) of the entries of tables of options and of settings."""
    shape = blanked(text)
    for table in re.finditer(r"\b(?:GOptionEntry|SseSetting|SseSettingsGroup)\b[^;={]*=\s*\{", shape):
        index = table.end()
        while shape[index:].lstrip()[:1] not in ("}", ""):
            start = shape.find("{", index)
            stop = shape.find("}", index)
            if start < 0 or stop < start:
                break
            index = end_of(shape, start)
            yield text.count("\n", 0, start) + 1, text[start:index]
            index += 1


def unwrapped(arguments):
    """The sentences in it that nothing wraps."""
    rest = WRAPPED.sub(" ", arguments)
    return [found for found in re.findall(STRINGS, rest) if SENTENCE.search("".join(re.findall(STRING, found)))]


def without_logging(text):
    """The text less what it says to the log and of headers."""
    for name, _, arguments in calls(text):
        if name in LOGGING:
            text = text.replace(arguments, "")
    return re.sub(r"^ *#.*", "", text, flags=re.MULTILINE)


def problems(path, source):
    """All that is wrong in one file, a line each."""
    text = without_comments(source)
    found = []
    for name, line, arguments in calls(text):
        person = name in SPEAKING or name in FAILING and FOR_PERSONS.search(arguments)
        program = name in LOGGING or name in FAILING and FOR_PROGRAMS.search(arguments)
        if person and unwrapped(arguments):
            found.append(f"{path}:{line}: {name}: not wrapped: {unwrapped(arguments)[0]}")
        if program and WRAPPED.search(arguments):
            found.append(f"{path}:{line}: {name}: wrapped, and for programs")
    found += [f"{path}:{line}: not wrapped: {unwrapped(entry)[0]}" for line, entry in entries(text)
              if unwrapped(entry)]
    if PERSONAL.match(path):
        found += [f"{path}: not wrapped: {literal}" for literal in unwrapped(without_logging(text))]
    for wrapping in ANY_WRAPPING.finditer(blanked(text)):
        line = text.count("\n", 0, wrapping.start()) + 1
        found.append(f"{path}:{line}: what is wrapped is no literal")
    # A macro's text, or a number's format of GLib's, ends what xgettext sees.
    for wrapping in re.finditer(r"(?<!\w)(?:_|N_)\s*\(", blanked(text)):
        start = wrapping.end() - 1
        whole = text[wrapping.start():end_of(blanked(text), start)]
        if WRAPPED.fullmatch(whole) is None:
            line = text.count("\n", 0, wrapping.start()) + 1
            found.append(f"{path}:{line}: wrapped, and not of strings alone")
    return found
