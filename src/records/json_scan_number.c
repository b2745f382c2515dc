/* SPDX-License-Identifier: MIT */
/* The grammar of numbers, RFC 8259 section 6, byte by byte: for those that the fast way left. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "records/json_scan.h"

/* A number while it is read. The first failure stays. */
struct pass {
    struct quant_json_scan *scan;
    struct quant_json_decimal *decimal;
    char *token;
    size_t length; /* of token */
    int byte;      /* the next one */
    enum quant_status status;
    struct quant_error *error;
};

static void look(struct pass *pass)
{
    if (pass->status == QUANT_OK)
        pass->status = quant_json_scan_byte(pass->scan, &pass->byte, pass->error);
    if (pass->status != QUANT_OK)
        pass->byte = QUANT_JSON_END;
}

static void take(struct pass *pass)
{
    if (pass->length < QUANT_JSON_TOKEN - 4)
        pass->token[pass->length++] = (char)pass->byte;
    else
        memcpy(pass->token + pass->length, "...", 4);
    quant_json_scan_skip(pass->scan);
    look(pass);
}

static bool at_digit(const struct pass *pass)
{
    return pass->byte >= '0' && pass->byte <= '9';
}

/* There must be a digit now: "no digit after the point of '1.'". */
static void need_digit(struct pass *pass, const char *where)
{
    if (pass->status != QUANT_OK || at_digit(pass))
        return;
    char place[QUANT_JSON_PLACE];
    quant_json_scan_place(pass->scan, quant_json_scan_offset(pass->scan), place);
    if (pass->byte == QUANT_JSON_END)
        pass->status = quant_json_scan_error(pass->scan, pass->error, QUANT_TRUNCATED,
                                             "the text ends inside a number %s", place);
    else
        pass->status = quant_json_scan_error(pass->scan, pass->error, QUANT_CORRUPT,
                                             "no digit %s of '%s' %s", where, pass->token, place);
}

static void read_sign(struct pass *pass)
{
    if (pass->byte != '-')
        return;
    pass->decimal->negative = true;
    take(pass);
}

static void read_integer(struct pass *pass)
{
    need_digit(pass, "after the minus sign");
    const bool zero = pass->byte == '0';
    const uint64_t offset = quant_json_scan_offset(pass->scan);
    do {
        if (!at_digit(pass))
            return;
        quant_json_decimal_digit(pass->decimal, (char)pass->byte, false);
        take(pass);
    } while (!zero);
    if (at_digit(pass)) {
        char place[QUANT_JSON_PLACE];
        pass->status = quant_json_scan_error(pass->scan, pass->error, QUANT_CORRUPT,
                                             "a number with a leading zero %s",
                                             quant_json_scan_place(pass->scan, offset, place));
    }
}

static void read_fraction(struct pass *pass)
{
    if (pass->byte != '.')
        return;
    take(pass);
    for (need_digit(pass, "after the point"); at_digit(pass); take(pass))
        quant_json_decimal_digit(pass->decimal, (char)pass->byte, true);
}

static void read_exponent(struct pass *pass)
{
    if (pass->byte != 'e' && pass->byte != 'E')
        return;
    take(pass);
    if (pass->byte == '-' || pass->byte == '+') {
        pass->decimal->written_negative = pass->byte == '-';
        take(pass);
    }
    for (need_digit(pass, "in the exponent"); at_digit(pass); take(pass))
        quant_json_decimal_exponent_digit(pass->decimal, (char)pass->byte);
}

/* Reads a number from after its sign. */
static void read_unsigned(struct pass *pass)
{
    read_integer(pass);
    if (pass->status == QUANT_OK)
        read_fraction(pass);
    if (pass->status == QUANT_OK)
        read_exponent(pass);
}

enum quant_status quant_json_scan_number(struct quant_json_scan *scan,
                                         struct quant_json_decimal *decimal,
                                         char token[QUANT_JSON_TOKEN], struct quant_error *error)
{
    memset(decimal, 0, sizeof *decimal);
    memset(token, 0, QUANT_JSON_TOKEN);
    struct pass pass = {scan, decimal, token, 0, QUANT_JSON_END, QUANT_OK, error};
    look(&pass);
    read_sign(&pass);
    read_unsigned(&pass);
    return pass.status;
}

/* Reads NaN or Infinity from after its sign; offset is that of the sign. */
static void read_word(struct pass *pass, uint64_t offset, double *value)
{
    char word[QUANT_JSON_TOKEN + 1] = "-";
    const bool negative = pass->decimal->negative;
    pass->status = quant_json_scan_word(pass->scan, word + 1, pass->error);
    if (pass->status != QUANT_OK)
        return;
    if (strcmp(word + 1, "Infinity") == 0)
        *value = negative ? -(double)INFINITY : (double)INFINITY;
    else if (strcmp(word + 1, "NaN") == 0 && !negative)
        *value = (double)NAN;
    else
        pass->status = quant_json_scan_wrong_word(pass->scan, word + !negative, offset, "a number",
                                                  pass->error);
}

enum quant_status quant_json_scan_float(struct quant_json_scan *scan, double *value, bool *is_word,
                                        char token[QUANT_JSON_TOKEN], struct quant_error *error)
{
    struct quant_json_decimal decimal;
    const uint64_t offset = quant_json_scan_offset(scan);
    memset(&decimal, 0, sizeof decimal);
    memset(token, 0, QUANT_JSON_TOKEN);
    struct pass pass = {scan, &decimal, token, 0, QUANT_JSON_END, QUANT_OK, error};
    look(&pass);
    read_sign(&pass);
    *is_word = pass.byte == 'N' || pass.byte == 'I';
    if (*is_word)
        read_word(&pass, offset, value);
    else
        read_unsigned(&pass);
    if (pass.status == QUANT_OK && !*is_word)
        *value = quant_json_decimal_double(&decimal);
    return pass.status;
}

enum quant_status quant_json_scan_dimension(struct quant_json_scan *scan, uint64_t *value,
                                            struct quant_error *error)
{
    struct quant_json_decimal decimal;
    char token[QUANT_JSON_TOKEN];
    char place[QUANT_JSON_PLACE];
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if ((byte < '0' || byte > '9') && byte != '-')
        return quant_json_scan_unexpected(scan, "a dimension", error);
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    status = quant_json_scan_number(scan, &decimal, token, error);
    if (status != QUANT_OK)
        return status;
    int64_t dimension;
    if (!quant_json_decimal_integer(&decimal, &dimension) || dimension < 0)
        return quant_json_scan_error(scan, error, QUANT_CORRUPT,
                                     "dimension %s %s is not an integer of at least 0", token,
                                     place);
    if (dimension == INT64_MAX)
        return quant_json_scan_error(scan, error, QUANT_OUT_OF_RANGE,
                                     "dimension %s %s is too large", token, place);
    *value = (uint64_t)dimension;
    return QUANT_OK;
}
