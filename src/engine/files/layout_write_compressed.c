/* SPDX-License-Identifier: MIT */
/*
 * compressed-tensors, as 0.20 loads it through transformers. pack-quantized: integers of 4 or 8
 * bits without zero points, each half its range above itself, from the lowest bit of an int32 on,
 * rows padded to whole ones. naive-quantized: int8, with zero points if the scheme has them.
 * "format" is in the group as well as at the top: with that at the top alone, transformers loads
 * weights as they are.
 */
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "engine/files/layout_write.h"
#include "records/json_print.h"

/* ---- One weight ---- */

static const char *strategy_of(const struct quant_layout_weight *weight)
{
    if (weight->axis < 0)
        return "tensor";
    if (weight->block_rows > 0)
        return "block";
    return weight->block_size > 0 ? "group" : "channel";
}

/* That the engine knows the strategy, and can have it for this shape. */
static enum quant_status check(const struct quant_layout_weight *weight, struct quant_error *error)
{
    const uint64_t columns = weight->dims[1];
    const int wanted = weight->block_size > 0 ? 1 : 0;
    if (weight->axis >= 0 && weight->axis != wanted)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "compressed-tensors has one scale for each row or for each block of "
                               "a row, not along axis %d",
                               weight->axis);
    if (weight->block_size > 0 && weight->block_rows == 0 && columns % weight->block_size != 0)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "compressed-tensors needs rows of whole blocks, and %llu columns "
                               "are not blocks of %llu; --exclude copies it",
                               (unsigned long long)columns, (unsigned long long)weight->block_size);
    return QUANT_OK;
}

static enum quant_status store_beside(const struct quant_layout_weight *weight,
                                      struct quant_arena *arena, struct quant_layout_stored *stored,
                                      struct quant_error *error)
{
    stored->scales = quant_arena_join(arena, weight->name, "_scale");
    if (weight->has_zero_points)
        stored->zero_points = quant_arena_join(arena, weight->name, "_zero_point");
    return stored->data && stored->scales && (stored->zero_points || !weight->has_zero_points)
               ? QUANT_OK
               : quant_error_no_memory(error, strlen(weight->name), "names");
}

/* ---- pack-quantized ---- */

static bool is_symmetric(const struct quant_params *params)
{
    return params->scheme == QUANT_ABSMAX;
}

static enum quant_status add_shape(const struct quant_layout_weight *weight,
                                   struct quant_arena *arena, struct quant_layout_stored *stored,
                                   struct quant_error *error)
{
    unsigned char *bytes = quant_arena_take(arena, 16);
    const char *name = quant_arena_join(arena, weight->name, "_shape");
    if (!bytes || !name)
        return quant_error_no_memory(error, strlen(weight->name), "names");
    quant_store_64_little(bytes, weight->dims[0]);
    quant_store_64_little(bytes + 8, weight->dims[1]);
    stored->fixed[stored->nfixed++] = (struct quant_layout_fixed){
        .name = name, .type = "int64", .length = 2, .bytes = bytes, .nbytes = 16};
    return QUANT_OK;
}

static enum quant_status store_packed(const struct quant_layout_weight *weight,
                                      struct quant_arena *arena, struct quant_layout_stored *stored,
                                      struct quant_error *error)
{
    const unsigned bits = quant_dtype_info(weight->params->dtype)->bits;
    const uint64_t words = weight->dims[1] / (32 / bits) + (weight->dims[1] % (32 / bits) != 0);
    if (weight->has_zero_points)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "compressed-tensors does not load pack-quantized weights with zero "
                               "points; give --layout naive-quantized, or --scheme absmax");
    enum quant_status status = check(weight, error);
    if (status != QUANT_OK)
        return status;
    stored->data = quant_arena_join(arena, weight->name, "_packed");
    stored->type = "int32";
    stored->ndim = 2;
    stored->dims[0] = weight->dims[0];
    stored->dims[1] = words;
    stored->packing = (struct quant_packing){
        .bits = bits,
        .flip = bits == 4 ? 0x88 : 0x80,
        .columns = weight->dims[1],
        .row_bytes = 4 * words,
    };
    status = store_beside(weight, arena, stored, error);
    return status == QUANT_OK ? add_shape(weight, arena, stored, error) : status;
}

/* ---- naive-quantized ---- */

static enum quant_status store_naive(const struct quant_layout_weight *weight,
                                     struct quant_arena *arena, struct quant_layout_stored *stored,
                                     struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(weight->params->dtype);
    if (weight->params->dtype != QUANT_INT8)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "naive-quantized weights of compressed-tensors are int8, not %s; "
                               "int4 without zero points is for pack-quantized",
                               info->name);
    const enum quant_status status = check(weight, error);
    if (status != QUANT_OK)
        return status;
    stored->data = weight->name;
    stored->type = info->name;
    stored->ndim = 2;
    memcpy(stored->dims, weight->dims, sizeof stored->dims);
    return store_beside(weight, arena, stored, error);
}

/* ---- The config ---- */

static void print_word(struct quant_json_printer *printer, const char *key, const char *word)
{
    quant_json_key(printer, key);
    quant_json_string(printer, word);
}

static void print_null(struct quant_json_printer *printer, const char *key)
{
    quant_json_key(printer, key);
    quant_json_raw(printer, "null");
}

static void print_names(struct quant_json_printer *printer,
                        const struct quant_layout_modules *modules)
{
    for (size_t i = 0; i < modules->n; i++) {
        quant_json_item(printer);
        quant_json_string(printer, modules->names[i]);
    }
}

static void print_weights(struct quant_json_printer *printer,
                          const struct quant_layout_weight *weight)
{
    quant_json_key(printer, "weights");
    quant_json_open(printer, '{');
    quant_json_key(printer, "num_bits");
    quant_json_size(printer, quant_dtype_info(weight->params->dtype)->bits);
    print_word(printer, "type", "int");
    quant_json_key(printer, "symmetric");
    quant_json_raw(printer, weight->has_zero_points ? "false" : "true");
    print_word(printer, "strategy", strategy_of(weight));
    if (weight->block_size > 0 && weight->block_rows == 0) {
        quant_json_key(printer, "group_size");
        quant_json_size(printer, weight->block_size);
    }
    if (weight->block_rows > 0) {
        quant_json_key(printer, "block_structure");
        quant_json_open(printer, '[');
        quant_json_item(printer);
        quant_json_size(printer, weight->block_rows);
        quant_json_item(printer);
        quant_json_size(printer, weight->block_size);
        quant_json_close(printer, ']');
    }
    quant_json_close(printer, '}');
}

/* The options for all weights are those of the class; what a section names is named one by one,
 * which goes before the class. */
static void print_group(struct quant_json_printer *printer, const struct quant_layout_alike *alike,
                        const char *format, size_t i)
{
    char key[32];
    snprintf(key, sizeof key, "group_%zu", i);
    quant_json_key(printer, key);
    quant_json_open(printer, '{');
    quant_json_key(printer, "targets");
    quant_json_open(printer, '[');
    if (alike->is_global) {
        quant_json_item(printer);
        quant_json_string(printer, "Linear");
    } else {
        print_names(printer, &alike->modules);
    }
    quant_json_close(printer, ']');
    print_word(printer, "format", format);
    print_weights(printer, &alike->weight);
    print_null(printer, "input_activations");
    print_null(printer, "output_activations");
    quant_json_close(printer, '}');
}

static bool has_name(const struct quant_layout_modules *modules, const char *name)
{
    for (size_t i = 0; i < modules->n; i++)
        if (strcmp(modules->names[i], name) == 0)
            return true;
    return false;
}

/* A head that shares the embedding's weights is not in the file, but it is a linear layer. */
static void print_ignore(struct quant_json_printer *printer,
                         const struct quant_layout_quantized *quantized)
{
    static const char head[] = "lm_head";
    bool is_named = has_name(&quantized->kept, head);
    for (size_t i = 0; !is_named && i < quantized->nalike; i++)
        is_named = has_name(&quantized->alike[i].modules, head);
    quant_json_key(printer, "ignore");
    quant_json_open(printer, '[');
    print_names(printer, &quantized->kept);
    if (!is_named) {
        quant_json_item(printer);
        quant_json_string(printer, head);
    }
    quant_json_close(printer, ']');
}

static void print_config(const struct quant_layout_quantized *quantized, const char *format,
                         struct quant_json_printer *printer)
{
    quant_json_open(printer, '{');
    print_word(printer, "quant_method", "compressed-tensors");
    print_word(printer, "format", format);
    print_word(printer, "quantization_status", "compressed");
    print_ignore(printer, quantized);
    quant_json_key(printer, "config_groups");
    quant_json_open(printer, '{');
    for (size_t i = 0; i < quantized->nalike; i++)
        print_group(printer, &quantized->alike[i], format, i);
    quant_json_close(printer, '}');
    quant_json_close(printer, '}');
}

static void print_packed(const struct quant_layout_quantized *quantized,
                         struct quant_json_printer *printer)
{
    print_config(quantized, quant_written_pack_quantized.name, printer);
}

static void print_naive(const struct quant_layout_quantized *quantized,
                        struct quant_json_printer *printer)
{
    print_config(quantized, quant_written_naive_quantized.name, printer);
}

/* ---- The rows ---- */

static const struct quant_layout_ending endings[] = {
    {"_packed", ""}, {"_scale", ""}, {"_zero_point", ""}, {"_shape", ""}, {NULL, NULL}};

const struct quant_written_layout quant_written_pack_quantized = {
    .name = "pack-quantized",
    .engine = "compressed-tensors",
    .summary = "int8 and int4 without zero points, packed into int32",
    .is_usual = is_symmetric,
    .store = store_packed,
    .print_config = print_packed,
    .endings = endings,
};

const struct quant_written_layout quant_written_naive_quantized = {
    .name = "naive-quantized",
    .engine = "compressed-tensors",
    .summary = "int8, with or without zero points",
    .store = store_naive,
    .print_config = print_naive,
    .endings = endings,
};
