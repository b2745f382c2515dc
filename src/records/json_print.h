/* SPDX-License-Identifier: MIT */
/*
 * Prints JSON into memory: objects either indented by two spaces, one key on a line, or all on one
 * line. Arrays are always on one line. The text does not depend on the locale.
 *
 *     struct quant_json_printer printer = {.is_indented = true};
 *     quant_json_open(&printer, '{');
 *     quant_json_key(&printer, "shape");
 *     quant_json_open(&printer, '[');
 *     quant_json_item(&printer);
 *     quant_json_integer(&printer, 7);
 *     ...
 *     if (printer.no_memory) ...
 *     free(printer.text);
 *
 * When memory runs out, no_memory is set and everything else does nothing.
 */
#ifndef QUANT_RECORDS_JSON_PRINT_H
#define QUANT_RECORDS_JSON_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is an empty text, to be printed on one line. */
struct quant_json_printer {
    char *text; /* for the caller to free; not terminated; NULL if nothing was printed */
    size_t length;
    size_t room;
    bool is_indented;
    bool no_memory;
    bool has_item; /* there is one before in the same array or object: a comma is next */
    int depth;     /* of objects */
};

/* Makes room for nbytes more, in one step. */
void quant_json_reserve(struct quant_json_printer *printer, size_t nbytes);

/* bracket is '{' or '[', and '}' or ']'. */
void quant_json_open(struct quant_json_printer *printer, char bracket);
void quant_json_close(struct quant_json_printer *printer, char bracket);

/* Before each value in an object; in an array. key is printed as quant_json_string prints it. */
void quant_json_key(struct quant_json_printer *printer, const char *key);
void quant_json_item(struct quant_json_printer *printer);

/* Text as it is. */
void quant_json_raw(struct quant_json_printer *printer, const char *text);

/* Quotes, backslashes and control characters are escaped, all other bytes are printed as they are.
 * text is UTF-8; NULL is printed as null. */
void quant_json_string(struct quant_json_printer *printer, const char *text);

void quant_json_integer(struct quant_json_printer *printer, int64_t value);
void quant_json_size(struct quant_json_printer *printer, uint64_t value);
void quant_json_checksum(struct quant_json_printer *printer, uint64_t value); /* 16 hex digits */

/* Finite numbers: nine significant digits; or as many, from 15, as read back to the same bits. */
void quant_json_nine(struct quant_json_printer *printer, double value);
void quant_json_double(struct quant_json_printer *printer, double value);

/* An array of two numbers, or null if it is not present. Each has nine digits if it is a float32,
 * or if nine digits read back to the same bits. */
void quant_json_pair(struct quant_json_printer *printer, bool present, const double pair[2]);

#endif
