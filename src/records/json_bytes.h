/* SPDX-License-Identifier: MIT */
/* Kinds of bytes in JSON text, for both of its readers: json_scan.h and json_check.h. */
#ifndef QUANT_RECORDS_JSON_BYTES_H
#define QUANT_RECORDS_JSON_BYTES_H

#include <stdbool.h>

static inline bool quant_json_is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool quant_json_is_letter(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Whether a message that quotes a word or a number goes on with this byte. */
static inline bool quant_json_is_of_word(int byte)
{
    return quant_json_is_digit(byte) || quant_json_is_letter(byte) || byte == '.' || byte == '+' ||
           byte == '-' || byte == '_';
}

/* The value of a hexadecimal digit; -1 for any other byte. */
static inline int quant_json_hexadecimal(int byte)
{
    if (quant_json_is_digit(byte))
        return byte - '0';
    if ((byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'))
        return (byte | 0x20) - 'a' + 10;
    return -1;
}

#endif
