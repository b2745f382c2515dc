/* SPDX-License-Identifier: MIT */
#include "records/json_keys.h"

#include "base/error.h"
#include "records/json_extent.h"

/* To the first ',', ']' or '}' after the value that begins at the next byte; *byte is
 * QUANT_JSON_END if the text ends before it. */
static enum quant_status pass_value(struct quant_json_scan *scan, int *byte,
                                    struct quant_error *error)
{
    struct quant_json_extent extent = {.depth = 0};
    for (;;) {
        const enum quant_status status = quant_json_scan_byte(scan, byte, error);
        if (status != QUANT_OK || *byte == QUANT_JSON_END)
            return status;
        scan->next = quant_json_extent_end(&extent, scan->next, scan->end);
        if (scan->next < scan->end) {
            *byte = (unsigned char)*scan->next;
            return QUANT_OK;
        }
    }
}

/* A key and its colon, up to its value. */
static enum quant_status pass_key(struct quant_json_scan *scan, char key[QUANT_JSON_TOKEN],
                                  struct quant_error *error)
{
    int byte;
    enum quant_status status = quant_json_scan_string(scan, "key", key, error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ':', error);
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, error);
    return status;
}

enum quant_status quant_json_keys_cut_short(const struct quant_json_scan *scan, const char *noun,
                                            struct quant_error *error)
{
    return quant_source_error(scan->source, error, QUANT_TRUNCATED,
                              "not a valid %s: the text ends at byte %llu, inside an object", noun,
                              (unsigned long long)quant_json_scan_offset(scan));
}

/* The next byte is the opening brace. */
static enum quant_status pass_keys(struct quant_json_scan *scan, const char *noun,
                                   quant_json_key_fn *found, void *context, bool *is_kind,
                                   struct quant_error *error)
{
    int byte = 0;
    enum quant_status status;
    do {
        char key[QUANT_JSON_TOKEN];
        quant_json_scan_skip(scan); /* the brace, or the comma before the key */
        status = pass_key(scan, key, error);
        const uint64_t begin = quant_json_scan_offset(scan);
        if (status == QUANT_OK)
            status = pass_value(scan, &byte, error);
        if (status == QUANT_OK && found(context, key, begin, quant_json_scan_offset(scan)))
            *is_kind = true;
    } while (status == QUANT_OK && byte == ',');
    return status == QUANT_OK && byte == QUANT_JSON_END
               ? quant_json_keys_cut_short(scan, noun, error)
               : status;
}

enum quant_status quant_json_keys_find(struct quant_json_scan *scan, const char *noun,
                                       quant_json_key_fn *found, void *context,
                                       struct quant_error *error)
{
    int byte;
    bool is_kind = false;
    struct quant_error own;
    enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK || byte != '{')
        return status;
    status = pass_keys(scan, noun, found, context, &is_kind, &own);
    const bool is_form = status == QUANT_CORRUPT || status == QUANT_TRUNCATED;
    if (!is_kind && is_form)
        return QUANT_OK;
    if (status != QUANT_OK && error)
        *error = own;
    return status;
}
