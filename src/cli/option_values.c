/* SPDX-License-Identifier: MIT */
/* The readers of option values. */
#include "cli/option_values.h"

#include <quant/profiles.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/nearest_word.h"
#include "cli/numbers.h"

/* ---- Enumerations -------------------------------------------------------------------------- */

static const char *word_of(const char *const *words, size_t nwords, size_t i)
{
    return i < nwords ? words[i] : NULL;
}

#define WORD_OF(words, i) word_of(words, sizeof(words) / sizeof(words)[0], i)

const char *choice_scheme(size_t i)
{
    static const char *const words[] = {
        [QUANT_ABSMAX] = "absmax", [QUANT_ZERO_POINT] = "zero-point"};
    return WORD_OF(words, i);
}

const char *choice_rounding(size_t i)
{
    static const char *const words[] = {
        [QUANT_HALF_EVEN] = "half-even", [QUANT_HALF_AWAY] = "half-away"};
    return WORD_OF(words, i);
}

const char *choice_nonfinite(size_t i)
{
    static const char *const words[] = {
        [QUANT_NONFINITE_ERROR] = "error", [QUANT_NONFINITE_SATURATE] = "saturate"};
    return WORD_OF(words, i);
}

const char *choice_byte_order(size_t i)
{
    static const char *const words[] = {[QUANT_LITTLE - 1] = "little", [QUANT_BIG - 1] = "big"};
    return WORD_OF(words, i);
}

const char *choice_progress(size_t i)
{
    static const char *const words[] = {"auto", "always", "never"};
    return WORD_OF(words, i);
}

/* The name of the i-th type for which wanted is true. */
static const char *choice_dtype(size_t i, bool (*wanted)(const struct quant_dtype_info *info))
{
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
        if (info && wanted(info) && i-- == 0)
            return info->name;
    }
    return NULL;
}

static bool is_target(const struct quant_dtype_info *info)
{
    return info->quantizes;
}

static bool is_source(const struct quant_dtype_info *info)
{
    return info->is_source;
}

const char *choice_target(size_t i)
{
    return choice_dtype(i, is_target);
}

static bool is_found_target(const struct quant_dtype_info *info)
{
    return info->quantizes && !info->needs_scale;
}

const char *choice_found_target(size_t i)
{
    return choice_dtype(i, is_found_target);
}

static bool is_scaled_target(const struct quant_dtype_info *info)
{
    return is_found_target(info) && !info->is_unscaled;
}

const char *choice_scaled_target(size_t i)
{
    return choice_dtype(i, is_scaled_target);
}

const char *choice_source(size_t i)
{
    return choice_dtype(i, is_source);
}

static bool is_scale(const struct quant_dtype_info *info)
{
    return info->is_scale;
}

const char *choice_scale(size_t i)
{
    return choice_dtype(i, is_scale);
}

static const char *row_choice(const void *context, size_t i)
{
    const struct option_row *row = context;
    return row->choice(i);
}

void value_expect_choice(const struct option_row *row, const char *text, char *words, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; row->choice(i) && used < room; i++)
        used += (size_t)snprintf(
            words + used, room - used, "%s%s",
            i == 0 ? (row->choice(1) ? "expected one of " : "expected ") : ", ", row->choice(i));
    const char *nearest = word_nearest(text, row_choice, row);
    if (nearest && used < room)
        snprintf(words + used, room - used, "; did you mean '%s'?", nearest);
}

/* The number of the choice; -1 if text is not a choice. */
static int find_choice(const struct option_row *row, const char *text)
{
    for (size_t i = 0; row->choice(i); i++)
        if (strcmp(row->choice(i), text) == 0)
            return (int)i;
    return -1;
}

bool value_choice(const struct option_row *row, const char *text, void *field,
                  struct option_reason *reason)
{
    (void)reason;
    const int found = find_choice(row, text);
    if (found >= 0)
        *(int *)field = found;
    return found >= 0;
}

bool value_choice_from_1(const struct option_row *row, const char *text, void *field,
                         struct option_reason *reason)
{
    (void)reason;
    const int found = text ? find_choice(row, text) : 0;
    if (found >= 0)
        *(int *)field = found + 1;
    return found >= 0;
}

bool value_word(const struct option_row *row, const char *text, void *field,
                struct option_reason *reason)
{
    (void)reason;
    const int found = find_choice(row, text);
    if (found >= 0)
        *(const char **)field = row->choice((size_t)found);
    return found >= 0;
}

/* The method itself says what its argument must be. */
static bool check_calibration(const struct given_calibration *calibration,
                              struct option_reason *reason)
{
    const struct quant_spec spec = {
        .calibration = calibration->name,
        .has_calibration_argument = calibration->has_argument,
        .calibration_argument = calibration->argument,
    };
    struct quant_error error;
    if (quant_spec_check(&spec, &error) == QUANT_OK)
        return true;
    snprintf(reason->text, sizeof reason->text, "%.500s", error.text);
    return false;
}

bool value_calibration(const struct option_row *row, const char *text, void *field,
                       struct option_reason *reason)
{
    char name[64];
    const size_t length = strcspn(text, ":");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), text);
    const int found = find_choice(row, name);
    if (found < 0) {
        value_expect_choice(row, name, reason->text, sizeof reason->text);
        return false;
    }
    struct given_calibration calibration = {.name = row->choice((size_t)found)};
    calibration.has_argument = text[length] == ':';
    if (calibration.has_argument && quant_calibration_at((size_t)found)->argument &&
        !number_double(text + length + 1, &calibration.argument)) {
        snprintf(reason->text, sizeof reason->text, "expected a decimal number after '%s:'", name);
        return false;
    }
    *(struct given_calibration *)field = calibration;
    return check_calibration(&calibration, reason);
}

bool value_target(const struct option_row *row, const char *text, void *field,
                  struct option_reason *reason)
{
    const enum quant_dtype dtype = quant_dtype_from_name(text);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (info && (info->quantizes || info->block_nelems > 0)) {
        *(int *)field = (int)dtype;
        return true;
    }
    if (strcmp(text, "fp8") == 0 || strcmp(text, "float8") == 0 || strcmp(text, "f8") == 0)
        snprintf(reason->text, sizeof reason->text, "expected float8_e4m3fn or float8_e5m2");
    if (info) {
        const int used = snprintf(reason->text, sizeof reason->text,
                                  "this version cannot quantize to %s; ", info->name);
        /* "" is not near to any word. */
        value_expect_choice(row, "", reason->text + used, sizeof reason->text - (size_t)used);
    }
    return false;
}

static bool set_dtype(const char *text, bool (*wanted)(const struct quant_dtype_info *info),
                      void *field)
{
    const enum quant_dtype dtype = quant_dtype_from_name(text);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info || !wanted(info))
        return false;
    *(int *)field = (int)dtype;
    return true;
}

bool value_source(const struct option_row *row, const char *text, void *field,
                  struct option_reason *reason)
{
    (void)row;
    (void)reason;
    return set_dtype(text, is_source, field);
}

bool value_scale_dtype(const struct option_row *row, const char *text, void *field,
                       struct option_reason *reason)
{
    (void)row;
    (void)reason;
    return set_dtype(text, is_scale, field);
}

/* ---- Flags, text, numbers ------------------------------------------------------------------ */

const char *choice_format(size_t i)
{
    const struct quant_format_info *info = quant_format_at(i);
    return info ? info->name : NULL;
}

const char *choice_engine(size_t i)
{
    const struct quant_profile *profile = quant_profile_at(i);
    return profile ? profile->name : NULL;
}

const char *choice_any_method(size_t i)
{
    const struct quant_calibration_info *info = quant_calibration_at(i);
    return info ? info->name : NULL;
}

bool value_flag(const struct option_row *row, const char *text, void *field,
                struct option_reason *reason)
{
    (void)row;
    (void)text;
    (void)reason;
    *(bool *)field = true;
    return true;
}

bool value_text(const struct option_row *row, const char *text, void *field,
                struct option_reason *reason)
{
    (void)row;
    (void)reason;
    *(const char **)field = text;
    return text[0] != '\0';
}

bool value_range(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct given_range *range = field;
    range->given = true;
    return number_pair(text, &range->low, &range->high) && range->low < range->high &&
           isfinite((float)range->low) && isfinite((float)range->high);
}

bool value_scale(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct given_float *scale = field;
    double value;
    if (!number_double(text, &value))
        return false;
    scale->given = true;
    scale->value = (float)value;
    return isfinite(scale->value) && scale->value > 0;
}

bool value_share(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct given_double *share = field;
    share->given = true;
    return number_double(text, &share->value) && share->value > 0 && share->value <= 1;
}

bool value_int32(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct given_int32 *number = field;
    number->given = true;
    return number_int32(text, &number->value);
}

bool value_dims(const struct option_row *row, const char *text, void *field,
                struct option_reason *reason)
{
    struct given_int32 *number = field;
    return value_int32(row, text, field, reason) && number->value >= 0 &&
           number->value <= QUANT_MAX_DIMS;
}

bool value_size(const struct option_row *row, const char *text, void *field,
                struct option_reason *reason)
{
    (void)row;
    (void)reason;
    uint64_t *size = field;
    /* A sidecar stores it in JSON, and most readers store numbers as double. */
    return number_count(text, size) && *size > 0 && *size <= UINT64_C(1) << 53;
}

bool value_blocks(const struct option_row *row, const char *text, void *field,
                  struct option_reason *reason)
{
    struct given_blocks *blocks = field;
    const char *comma = strchr(text, ',');
    char rows[32];
    *blocks = (struct given_blocks){.rows = 0};
    if (!comma)
        return value_size(row, text, &blocks->size, reason);
    if ((size_t)(comma - text) >= sizeof rows)
        return false;
    snprintf(rows, sizeof rows, "%.*s", (int)(comma - text), text);
    return value_size(row, rows, &blocks->rows, reason) &&
           value_size(row, comma + 1, &blocks->size, reason);
}

bool value_shape(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct given_shape *shape = field;
    shape->given = true;
    return number_shape(text, &shape->shape);
}

bool value_threads(const struct option_row *row, const char *text, void *field,
                   struct option_reason *reason)
{
    (void)row;
    (void)reason;
    return number_threads(text, field);
}
