/* SPDX-License-Identifier: MIT */
/*
 * JSON text byte by byte, block by block out of a source, and the errors that say where in it.
 * Nothing here knows arrays or tensors.
 */
#ifndef QUANT_RECORDS_JSON_SCAN_H
#define QUANT_RECORDS_JSON_SCAN_H

#include <stdbool.h>

#include "base/source.h"
#include "records/json_number.h"

enum {
    QUANT_JSON_BLOCK = 64 * 1024,
    QUANT_JSON_TOKEN = 40, /* bytes of a word or a number that a message quotes, with the NUL */
    QUANT_JSON_END = -1    /* in the place of a byte: the text is over */
};

struct quant_json_scan {
    struct quant_source *source; /* borrowed */
    const char *prefix;          /* of errors: "not an index of shards: ", or empty */
    const char *next;            /* in block; the bytes up to end are there already */
    const char *end;
    uint64_t offset; /* in the source, of block[0] */
    uint64_t line;   /* from 1 on */
    uint64_t line_offset;
    char block[QUANT_JSON_BLOCK + QUANT_JSON_PADDING]; /* NUL from end on */
};

/* Begins at the first byte of the source, without a prefix. Reads nothing yet. */
void quant_json_scan_init(struct quant_json_scan *scan, struct quant_source *source);

/* The offset of the next byte. */
uint64_t quant_json_scan_offset(const struct quant_json_scan *scan);

/* The next byte, or QUANT_JSON_END; it stays the next one. */
enum quant_status quant_json_scan_byte(struct quant_json_scan *scan, int *byte,
                                       struct quant_error *error);

/* The same after any white space, which is passed over. */
enum quant_status quant_json_scan_token(struct quant_json_scan *scan, int *byte,
                                        struct quant_error *error);

/* Passes over a byte that was seen as the next one. */
static inline void quant_json_scan_skip(struct quant_json_scan *scan)
{
    scan->next++;
}

/* Passes over white space within the block, and counts the lines that end in it. */
static inline const char *quant_json_scan_space(struct quant_json_scan *scan, const char *p)
{
    for (; (unsigned char)*p <= ' '; p++) {
        if (*p == '\n') {
            scan->line++;
            scan->line_offset = scan->offset + (uint64_t)(p + 1 - scan->block);
        } else if (*p != ' ' && *p != '\r' && *p != '\t') {
            break;
        }
    }
    return p;
}

/* Passes over white space and the byte `expected`; any other byte is an error. */
enum quant_status quant_json_scan_expect(struct quant_json_scan *scan, char expected,
                                         struct quant_error *error);

/* Where a byte is: "at byte 11", with the line and the column where it is not in the first line. */
enum { QUANT_JSON_PLACE = 96 };
const char *quant_json_scan_place(const struct quant_json_scan *scan, uint64_t offset,
                                  char text[QUANT_JSON_PLACE]);

/* Sets the error, which begins with the prefix. */
enum quant_status quant_json_scan_error(const struct quant_json_scan *scan,
                                        struct quant_error *error, enum quant_status status,
                                        const char *format, ...) QUANT_PRINTF(4, 5);

/* Sets the error for a next byte, or an end, that is not expected. expected is in words:
 * "',' or ']'". Passes over what it quotes. */
enum quant_status quant_json_scan_unexpected(struct quant_json_scan *scan, const char *expected,
                                             struct quant_error *error);

/* A number byte by byte, of any length; the next byte is its first, a minus sign or a digit.
 * `token` gets how it begins, for messages. */
enum quant_status quant_json_scan_number(struct quant_json_scan *scan,
                                         struct quant_json_decimal *decimal,
                                         char token[QUANT_JSON_TOKEN], struct quant_error *error);

/* A number that is an integer from 0 on, after any white space. */
enum quant_status quant_json_scan_dimension(struct quant_json_scan *scan, uint64_t *value,
                                            struct quant_error *error);

/* Whether a number begins with byte; takes_words: Python's NaN and Infinity too. */
static inline bool quant_json_scan_begins_number(int byte, bool takes_words)
{
    return byte == '-' || (byte >= '0' && byte <= '9') ||
           (takes_words && (byte == 'N' || byte == 'I'));
}

/* The same as quant_json_scan_number for a double, infinite beyond float64, or one of Python's
 * words NaN, Infinity and -Infinity: *is_word. */
enum quant_status quant_json_scan_float(struct quant_json_scan *scan, double *value, bool *is_word,
                                        char token[QUANT_JSON_TOKEN], struct quant_error *error);

/* Letters, as far as there are any; long words are cut. */
enum quant_status quant_json_scan_word(struct quant_json_scan *scan, char word[QUANT_JSON_TOKEN],
                                       struct quant_error *error);

/* Sets the error that word, which begins at offset and has been passed over, or the end of the text
 * after it, is not what is expected. */
enum quant_status quant_json_scan_wrong_word(struct quant_json_scan *scan, const char *word,
                                             uint64_t offset, const char *expected,
                                             struct quant_error *error);

/* A string after any white space, without its quotes. Escapes are decoded; what is not printable
 * ASCII becomes '?'; long strings are cut. noun is what messages call it: "key". */
enum quant_status quant_json_scan_string(struct quant_json_scan *scan, const char *noun,
                                         char text[QUANT_JSON_TOKEN], struct quant_error *error);

/* The character of a string that begins with byte, which was passed over: an escape, both halves of
 * a surrogate pair, or what UTF-8 has in one to four bytes. QUANT_CORRUPT for what is neither. */
enum quant_status quant_json_scan_character(struct quant_json_scan *scan, int byte, unsigned *code,
                                            struct quant_error *error);

#endif
