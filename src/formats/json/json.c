/* SPDX-License-Identifier: MIT */
/* The row of JSON in the table of formats, and how JSON is recognized. */
#include <string.h>

#include "formats/json/json_reader.h"
#include "formats/json/json_writer.h"

/* Text with a first byte of JSON is enough: malformed JSON is recognized too and gets the reader's
 * error. Binary floats do not look like text: every byte would have to be printable by chance. A
 * digit is weaker evidence than a bracket: four digits are a float32 too, and a file with a single
 * number is rare. */
static bool is_word(const unsigned char *text, size_t length)
{
    static const char *const words[] = {"NaN", "Infinity"}; /* -Infinity begins like a number */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (length == strlen(words[i]) && memcmp(text, words[i], length) == 0)
            return true;
    return false;
}

static enum quant_match recognize(const unsigned char *head, size_t nbytes)
{
    size_t first = nbytes;
    size_t end = 0;
    for (size_t i = nbytes; i-- > 0;) {
        const bool space = head[i] == ' ' || head[i] == '\t' || head[i] == '\n' || head[i] == '\r';
        if (!space && (head[i] < 0x20 || head[i] > 0x7e))
            return QUANT_MATCH_NONE;
        if (!space && end == 0)
            end = i + 1;
        if (!space)
            first = i;
    }
    if (first == nbytes)
        return QUANT_MATCH_NONE;
    const unsigned char byte = head[first];
    if (byte == '[' || byte == '{')
        return QUANT_MATCH_SURE;
    return byte == '-' || (byte >= '0' && byte <= '9') || is_word(head + first, end - first)
               ? QUANT_MATCH_WEAK
               : QUANT_MATCH_NONE;
}

static const char *const extensions[] = {"json", NULL};

const struct quant_format quant_format_json = {
    .name = "json",
    .summary = "a number, nested arrays, or an object of shape and data, as JSON text",
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_GROWING,
    .is_text = true,
    .recognize = recognize,
    .open_reader = quant_json_open_reader,
    .open_writer = quant_json_open_writer,
};
