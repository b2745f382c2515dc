/* SPDX-License-Identifier: MIT */
/* The row of the table, and how JSON is told from other formats. */
#include "formats/json_reader.h"
#include "formats/json_writer.h"

/* Only the form of text and its first byte count, so that malformed JSON is recognized too and gets
 * the reader's error. Binary floats do not look like that for long: a byte of each, on average,
 * would have to be printable by chance. */
static bool recognize(const unsigned char *head, size_t nbytes)
{
    size_t first = nbytes;
    for (size_t i = nbytes; i-- > 0;) {
        const bool space = head[i] == ' ' || head[i] == '\t' || head[i] == '\n' || head[i] == '\r';
        if (!space && (head[i] < 0x20 || head[i] > 0x7e))
            return false;
        if (!space)
            first = i;
    }
    if (first == nbytes)
        return false;
    const unsigned char byte = head[first];
    return byte == '[' || byte == '{' || byte == '-' || (byte >= '0' && byte <= '9');
}

static const char *const extensions[] = {"json", NULL};

const struct quant_format quant_format_json = {
    .name = "json",
    .summary = "a number, nested arrays, or an object of shape and data, as JSON text",
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_GROWING,
    .takes_raw_options = false,
    .recognize = recognize,
    .open_reader = quant_json_open_reader,
    .open_writer = quant_json_open_writer,
};
