/* SPDX-License-Identifier: MIT */
/* Measures and shortens text, character by character in the encoding of the locale. */
#include "cli/text_columns.h"

#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

bool text_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The number of bytes of the character at text, which is not empty; *columns is its width. */
static size_t next_character(const char *text, int *columns)
{
    wchar_t character;
    mbstate_t state;
    memset(&state, 0, sizeof state);
    const size_t nbytes = mbrtowc(&character, text, strlen(text), &state);
    if (nbytes == 0 || nbytes > strlen(text)) {
        *columns = 1;
        return 1;
    }
    const int width = wcwidth(character);
    *columns = width > 0 ? width : 0;
    return nbytes;
}

int text_width(const char *text)
{
    int width = 0;
    while (*text != '\0') {
        int columns;
        text += next_character(text, &columns);
        width += columns;
    }
    return width;
}

/* The number of bytes at the start of text that fit into this many columns, and the columns they
 * take. */
static size_t bytes_that_fit(const char *text, int columns, int *taken)
{
    size_t nbytes = 0;
    *taken = 0;
    while (text[nbytes] != '\0') {
        int width;
        const size_t length = next_character(text + nbytes, &width);
        if (*taken + width > columns)
            break;
        *taken += width;
        nbytes += length;
    }
    return nbytes;
}

void text_abbreviate(char *name, int columns)
{
    static const char ends[] = "./";
    int width = text_width(name);
    char *word = name;
    while (width > columns) {
        const size_t length = strcspn(word, ends);
        if (word[length] == '\0')
            break;
        if (length == 0 || strspn(word, "0123456789") == length) {
            word += length + 1;
            continue;
        }
        int kept;
        const size_t first = next_character(word, &kept);
        memmove(word + first, word + length, strlen(word + length) + 1);
        width = text_width(name);
        word += first + 1;
    }
}

/* The mark for characters that were left out, and its width. */
static const char *ellipsis(int *columns)
{
    *columns = text_is_utf8() ? 1 : 3;
    return text_is_utf8() ? "\u2026" : "...";
}

static int print_shortened(FILE *out, const char *text, int columns)
{
    int ndots;
    const char *dots = ellipsis(&ndots);
    if (columns <= ndots)
        return fprintf(out, "%.*s", columns, "...");
    int head;
    const size_t nhead = bytes_that_fit(text, (columns - ndots) / 2, &head);
    /* From the left, leave out characters until the rest fits. */
    const char *tail = text + nhead;
    int width = text_width(tail);
    while (head + ndots + width > columns) {
        int left_out;
        tail += next_character(tail, &left_out);
        width -= left_out;
    }
    fprintf(out, "%.*s%s%s", (int)nhead, text, dots, tail);
    return head + ndots + width;
}

void text_print(FILE *out, const char *text, int columns)
{
    int width = text_width(text);
    if (width > columns)
        width = print_shortened(out, text, columns);
    else
        fputs(text, out);
    fprintf(out, "%*s", columns - width, "");
}

void text_print_start(FILE *out, const char *text, int columns)
{
    int ndots;
    const char *dots = ellipsis(&ndots);
    if (text_width(text) <= columns) {
        fputs(text, out);
        return;
    }
    int taken;
    const size_t nbytes = bytes_that_fit(text, columns > ndots ? columns - ndots : 0, &taken);
    fprintf(out, "%.*s%s", (int)nbytes, text, dots);
}

int text_columns(FILE *out)
{
    enum { MIN_COLUMNS = 80 };
    struct winsize size;
    const bool is_known = isatty(fileno(out)) == 1 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0;
    return is_known && size.ws_col > MIN_COLUMNS ? size.ws_col : MIN_COLUMNS;
}
