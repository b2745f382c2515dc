/* SPDX-License-Identifier: MIT */
/* The sidecar of one tensor: what an entry of a container has too, with paths, and with scales in
 * arrays or in a file of their own. */
#include <stdlib.h>

#include "base/error.h"
#include "records/sidecar.h"
#include "records/sidecar_print.h"
#include "records/sidecar_words.h"

/* ---- Scales ---- */

/* One for each group, or null if they are in a file. */
static void print_scale_array(struct quant_json_printer *printer,
                              const struct quant_sidecar_groups *groups)
{
    quant_json_open(printer, '[');
    for (uint64_t i = 0; i < groups->count; i++) {
        quant_json_item(printer);
        quant_json_nine(printer, (double)groups->scales[i]);
    }
    quant_json_close(printer, ']');
}

static void print_zero_point_array(struct quant_json_printer *printer,
                                   const struct quant_sidecar_groups *groups)
{
    quant_json_open(printer, '[');
    for (uint64_t i = 0; i < groups->count; i++) {
        quant_json_item(printer);
        quant_json_integer(printer, groups->zero_points[i]);
    }
    quant_json_close(printer, ']');
}

static void print_bias_array(struct quant_json_printer *printer,
                             const struct quant_sidecar_groups *groups)
{
    quant_json_open(printer, '[');
    for (uint64_t i = 0; i < groups->count; i++) {
        quant_json_item(printer);
        quant_json_nine(printer, (double)groups->biases[i]);
    }
    quant_json_close(printer, ']');
}

static void print_arrays(struct quant_json_printer *printer,
                         const struct quant_sidecar_groups *groups, bool has_biases)
{
    quant_json_key(printer, "scale");
    if (groups->path)
        quant_json_raw(printer, "null");
    else
        print_scale_array(printer, groups);
    quant_json_key(printer, "zero_point");
    if (groups->path)
        quant_json_raw(printer, "null");
    else
        print_zero_point_array(printer, groups);
    if (!has_biases)
        return;
    quant_json_key(printer, "bias");
    if (groups->path)
        quant_json_raw(printer, "null");
    else
        print_bias_array(printer, groups);
}

static void print_scales_file(struct quant_json_printer *printer,
                              const struct quant_sidecar *sidecar)
{
    const struct quant_sidecar_groups *groups = &sidecar->groups;
    quant_json_key(printer, "scales");
    quant_json_open(printer, '{');
    quant_json_key(printer, "path");
    quant_json_string(printer, groups->path);
    quant_json_key(printer, "count");
    quant_json_size(printer, groups->count);
    quant_json_key(printer, "scale_dtype");
    quant_json_string(printer, quant_sidecar_scale_dtype(&sidecar->params));
    quant_json_key(printer, "zero_points");
    quant_json_raw(printer, groups->has_zero_points ? "true" : "false");
    if (quant_params_have_biases(&sidecar->params)) {
        quant_json_key(printer, "biases");
        quant_json_raw(printer, "true");
    }
    quant_json_key(printer, "bytes");
    quant_json_size(printer, groups->bytes);
    quant_json_key(printer, "xxh3_64");
    quant_json_checksum(printer, groups->xxh3_64);
    quant_json_close(printer, '}');
}

/* ---- Files ---- */

static void print_file(struct quant_json_printer *printer, const struct quant_sidecar_file *file)
{
    quant_json_key(printer, "path");
    quant_json_string(printer, file->path);
    quant_json_key(printer, "format");
    quant_json_string(printer, file->format);
}

static void print_source(struct quant_json_printer *printer, const struct quant_sidecar *sidecar)
{
    quant_json_key(printer, "source");
    quant_json_open(printer, '{');
    print_file(printer, &sidecar->source);
    quant_json_key(printer, "dtype");
    quant_json_string(printer, quant_dtype_info(sidecar->source_dtype)->name);
    /* Only of raw elements: formats such as .npy store the byte order themselves. */
    if (sidecar->source_byte_order != QUANT_BYTE_ORDER_NONE) {
        quant_json_key(printer, "byte_order");
        quant_json_string(printer, sidecar->source_byte_order == QUANT_BIG ? "big" : "little");
    }
    quant_json_close(printer, '}');
}

static void print_data(struct quant_json_printer *printer, const struct quant_sidecar *sidecar)
{
    quant_json_key(printer, "data");
    quant_json_open(printer, '{');
    print_file(printer, &sidecar->data);
    quant_json_key(printer, "bytes");
    quant_json_size(printer, sidecar->data_bytes);
    quant_json_key(printer, "xxh3_64");
    quant_json_checksum(printer, sidecar->data_xxh3_64);
    quant_json_close(printer, '}');
}

/* ---- The whole ---- */

static int version_of(const struct quant_sidecar *sidecar)
{
    const bool has_file = sidecar->has_groups && sidecar->groups.path;
    const bool by_rows = sidecar->has_groups && sidecar->groups.block_rows > 0;
    return has_file || by_rows || sidecar->params.profile ||
                   !quant_sidecar_has_float32_scales(&sidecar->params)
               ? QUANT_SIDECAR_VERSION_2
               : QUANT_SIDECAR_VERSION_1;
}

static struct quant_sidecar_entry entry_of(const struct quant_sidecar *sidecar)
{
    return (struct quant_sidecar_entry){
        .ndim = sidecar->shape.ndim,
        .dims = sidecar->shape.dims,
        .params = sidecar->params,
        .has_groups = sidecar->has_groups,
        .axis = sidecar->groups.axis,
        .block_size = sidecar->groups.block_size,
        .block_rows = sidecar->groups.block_rows,
        .method = sidecar->method,
        .has_argument = sidecar->has_argument,
        .argument = sidecar->argument,
        .has_range = sidecar->has_range,
        .range = {sidecar->range[0], sidecar->range[1]},
        .has_observed = sidecar->has_observed,
        .observed = {sidecar->observed[0], sidecar->observed[1]},
    };
}

static void print_sidecar(struct quant_json_printer *printer, const struct quant_sidecar *sidecar)
{
    const struct quant_sidecar_entry entry = entry_of(sidecar);
    quant_json_open(printer, '{');
    quant_sidecar_print_head(printer, version_of(sidecar));
    quant_sidecar_print_target(printer, &sidecar->params);
    if (sidecar->has_groups)
        print_arrays(printer, &sidecar->groups, quant_params_have_biases(&sidecar->params));
    else
        quant_sidecar_print_one(printer, &sidecar->params);
    quant_sidecar_print_groups(printer, &entry);
    if (sidecar->has_groups && sidecar->groups.path)
        print_scales_file(printer, sidecar);
    quant_sidecar_print_origin(printer, &entry);
    quant_json_key(printer, "order");
    quant_json_string(printer, quant_sidecar_orders[sidecar->order]);
    print_source(printer, sidecar);
    print_data(printer, sidecar);
    quant_json_close(printer, '}');
    quant_json_raw(printer, "\n");
}

enum quant_status quant_sidecar_write(const struct quant_sidecar *sidecar, struct quant_sink *sink,
                                      struct quant_error *error)
{
    struct quant_json_printer printer = {.is_indented = true};
    print_sidecar(&printer, sidecar);
    const enum quant_status status = quant_sidecar_write_text(&printer, sink, error);
    free(printer.text);
    return status;
}
