/* SPDX-License-Identifier: MIT */
/* Error texts are written into the caller's struct: nothing here can fail. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct quant_error *error, enum quant_status status, const char *format,
                     va_list arguments)
{
    error->status = status;
    vsnprintf(error->text, sizeof error->text, format, arguments);
}

enum quant_status quant_error_set(struct quant_error *error, enum quant_status status,
                                  const char *format, ...)
{
    if (error) {
        const int saved_errno = errno;
        va_list arguments;
        va_start(arguments, format);
        set_text(error, status, format, arguments);
        va_end(arguments);
        errno = saved_errno;
    }
    return status;
}

/* There are two versions of strerror_r. The GNU version returns the text, which may be a constant
 * outside the buffer. The POSIX version, which musl has, fills the buffer and returns 0. */
static inline const char *words_returned(const char *returned, const char *buffer)
{
    (void)buffer;
    return returned;
}

static inline const char *words_in_buffer(int failed, const char *buffer)
{
    return failed ? "unknown error" : buffer;
}

#define SYSTEM_WORDS(result, buffer)                                                               \
    _Generic((result), char * : words_returned, int : words_in_buffer)((result), (buffer))

enum quant_status quant_error_system(struct quant_error *error, int number, const char *format, ...)
{
    const enum quant_status status = number == ENOMEM ? QUANT_NO_MEMORY : QUANT_IO;
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        set_text(error, status, format, arguments);
        va_end(arguments);
        const size_t length = strlen(error->text);
        char words[128] = "";
        snprintf(error->text + length, sizeof error->text - length, ": %s",
                 SYSTEM_WORDS(strerror_r(number, words, sizeof words), words));
    }
    return status;
}

void quant_error_prefix(struct quant_error *error, const char *prefix, const char *name)
{
    if (!error)
        return;
    char text[sizeof error->text];
    memcpy(text, error->text, sizeof text);
    const int length = snprintf(error->text, sizeof error->text, "%s '%s': ", prefix, name);
    if (length >= 0 && (size_t)length < sizeof error->text)
        snprintf(error->text + length, sizeof error->text - (size_t)length, "%s", text);
}

void quant_error_append(struct quant_error *error, const char *text)
{
    if (!error)
        return;
    const size_t length = strlen(error->text);
    snprintf(error->text + length, sizeof error->text - length, "%s", text);
}

enum quant_status quant_error_no_memory(struct quant_error *error, size_t nbytes, const char *what)
{
    return quant_error_set(error, QUANT_NO_MEMORY, "no memory for %zu bytes of %s", nbytes, what);
}

const char *quant_status_text(enum quant_status status)
{
    switch (status) {
    case QUANT_OK:
        return "no error";
    case QUANT_UNRECOGNIZED:
        return "format not recognized";
    case QUANT_UNSUPPORTED:
        return "not supported";
    case QUANT_CORRUPT:
        return "content is corrupt";
    case QUANT_TRUNCATED:
        return "content ends too early";
    case QUANT_OUT_OF_RANGE:
        return "number out of range";
    case QUANT_NONFINITE:
        return "elements are not finite";
    case QUANT_IO:
        return "input or output failed";
    case QUANT_NO_MEMORY:
        return "out of memory";
    case QUANT_INVALID:
        return "arguments are wrong";
    case QUANT_EXISTS:
        return "output exists already";
    case QUANT_CANCELLED:
        return "cancelled by the caller";
    case QUANT_CLOSED:
        return "output was closed";
    }
    return "unknown status";
}
