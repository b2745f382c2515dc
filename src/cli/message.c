/* SPDX-License-Identifier: MIT */
/* Composes, masks and writes messages. */
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cli/command.h"
#include "cli/status_line.h"

/* Longer ones end in "...". Two paths of PATH_MAX fit. */
enum { MESSAGE_ROOM = 10240 };

void message_mask(char *text)
{
    mbstate_t state;
    memset(&state, 0, sizeof state);
    size_t left = strlen(text);
    const char *in = text;
    char *out = text; /* never ahead of in: '?' is not longer than the character it replaces */
    while (left > 0) {
        wchar_t character = L'\0';
        size_t nbytes = mbrtowc(&character, in, left, &state);
        bool printable = false;
        if (nbytes == 0 || nbytes > left) { /* not a character of this locale, or half of one */
            memset(&state, 0, sizeof state);
            nbytes = 1;
        } else {
            printable = iswprint((wint_t)character) != 0;
        }
        if (printable) {
            memmove(out, in, nbytes);
            out += nbytes;
        } else {
            *out++ = '?';
        }
        in += nbytes;
        left -= nbytes;
    }
    *out = '\0';
}

/* Writes the masked line to text, without a newline; returns its length. */
static size_t compose(char *text, size_t room, const char *prefix, const char *format,
                      va_list arguments) QUANT_PRINTF(4, 0);

static size_t compose(char *text, size_t room, const char *prefix, const char *format,
                      va_list arguments)
{
    const size_t start = (size_t)snprintf(text, room, "%s", prefix);
    const int length = vsnprintf(text + start, room - start, format, arguments);
    if (length > 0 && (size_t)length >= room - start)
        memcpy(text + room - 4, "...", 4);
    message_mask(text);
    return strlen(text);
}

static void write_line(const char *prefix, const char *format, va_list arguments)
    QUANT_PRINTF(2, 0);

static void write_line(const char *prefix, const char *format, va_list arguments)
{
    char text[MESSAGE_ROOM + 1];
    size_t length = compose(text, MESSAGE_ROOM, prefix, format, arguments);
    text[length++] = '\n';
    status_line_write(text, length);
}

void message_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("quant: ", format, arguments);
    va_end(arguments);
}

void message_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("quant: warning: ", format, arguments);
    va_end(arguments);
}

void message_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("", format, arguments);
    va_end(arguments);
}

int message_usage(const char *command, const char *format, ...)
{
    enum { HINT_ROOM = 128 };
    char text[MESSAGE_ROOM + HINT_ROOM];
    va_list arguments;
    va_start(arguments, format);
    size_t length = compose(text, MESSAGE_ROOM, "quant: ", format, arguments);
    va_end(arguments);
    const int hint = command
                         ? snprintf(text + length, HINT_ROOM, "\nTry 'quant %s --help'.\n", command)
                         : snprintf(text + length, HINT_ROOM, "\nTry 'quant help'.\n");
    if (hint > 0)
        length += (size_t)hint < HINT_ROOM ? (size_t)hint : HINT_ROOM - 1;
    status_line_write(text, length);
    return EXIT_USAGE;
}

int message_failure(enum quant_status status, const struct quant_error *error)
{
    if (status != QUANT_CANCELLED && status != QUANT_CLOSED)
        message_error("%s", error->text);
    return EXIT_FAILED;
}
