/* SPDX-License-Identifier: MIT */
/* Keys in the order of the schema. */
#include "records/sidecar_print.h"

#include <quant/profiles.h>

#include <stdio.h>

#include "base/error.h"
#include "records/sidecar_words.h"

void quant_sidecar_print_head(struct quant_json_printer *printer, int version)
{
    quant_json_key(printer, "format");
    quant_json_string(printer, QUANT_SIDECAR_FORMAT);
    quant_json_key(printer, "version");
    quant_json_integer(printer, version);
    quant_json_key(printer, "tool");
    quant_json_string(printer, "quant " QUANT_VERSION);
}

static void print_bound(struct quant_json_printer *printer, const char *key, bool is_integer,
                        int32_t value)
{
    quant_json_key(printer, key);
    if (is_integer)
        quant_json_integer(printer, value);
    else
        quant_json_raw(printer, "null");
}

void quant_sidecar_print_target(struct quant_json_printer *printer,
                                const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    quant_json_key(printer, "scheme");
    quant_json_string(printer, quant_sidecar_schemes[params->scheme]);
    quant_json_key(printer, "dtype");
    quant_json_string(printer, info->name);
    print_bound(printer, "qmin", info->is_integer, params->qmin);
    print_bound(printer, "qmax", info->is_integer, params->qmax);
    if (params->profile) {
        quant_json_key(printer, "profile");
        quant_json_string(printer, params->profile->name);
    }
    if (params->exact) {
        quant_json_key(printer, "exact");
        quant_json_raw(printer, "true");
    }
}

void quant_sidecar_print_one(struct quant_json_printer *printer, const struct quant_params *params)
{
    quant_json_key(printer, "scale");
    quant_json_nine(printer, (double)params->scale);
    quant_json_key(printer, "zero_point");
    quant_json_integer(printer, params->zero_point);
}

bool quant_sidecar_has_float32_scales(const struct quant_params *params)
{
    return params->scale_dtype == QUANT_FLOAT32 || params->scale_dtype == QUANT_DTYPE_NONE;
}

const char *quant_sidecar_scale_dtype(const struct quant_params *params)
{
    const bool is_float32 = quant_sidecar_has_float32_scales(params);
    return quant_dtype_info(is_float32 ? QUANT_FLOAT32 : params->scale_dtype)->name;
}

static void print_block(struct quant_json_printer *printer, const struct quant_sidecar_entry *entry)
{
    char text[64];
    snprintf(text, sizeof text, "[%llu, %llu]", (unsigned long long)entry->block_rows,
             (unsigned long long)entry->block_size);
    quant_json_raw(printer, text);
}

void quant_sidecar_print_groups(struct quant_json_printer *printer,
                                const struct quant_sidecar_entry *entry)
{
    if (!quant_sidecar_has_float32_scales(&entry->params)) {
        quant_json_key(printer, "scale_dtype");
        quant_json_string(printer, quant_sidecar_scale_dtype(&entry->params));
    }
    const bool by_rows = entry->has_groups && entry->block_rows > 0;
    quant_json_key(printer, "axis");
    if (entry->has_groups && !by_rows)
        quant_json_integer(printer, entry->axis);
    else
        quant_json_raw(printer, "null");
    quant_json_key(printer, "block_size");
    if (by_rows)
        print_block(printer, entry);
    else if (entry->has_groups && entry->block_size > 0)
        quant_json_size(printer, entry->block_size);
    else
        quant_json_raw(printer, "null");
}

static void print_calibration(struct quant_json_printer *printer,
                              const struct quant_sidecar_entry *entry)
{
    quant_json_key(printer, "calibration");
    quant_json_open(printer, '{');
    quant_json_key(printer, "method");
    quant_json_string(printer, entry->method);
    if (entry->has_argument) {
        quant_json_key(printer, "argument");
        quant_json_double(printer, entry->argument);
    }
    quant_json_key(printer, "observed");
    quant_json_pair(printer, entry->has_observed, entry->observed);
    quant_json_close(printer, '}');
}

void quant_sidecar_print_shape(struct quant_json_printer *printer, int ndim, const uint64_t *dims)
{
    quant_json_key(printer, "shape");
    quant_json_open(printer, '[');
    for (int i = 0; i < ndim; i++) {
        quant_json_item(printer);
        quant_json_size(printer, dims[i]);
    }
    quant_json_close(printer, ']');
}

void quant_sidecar_print_origin(struct quant_json_printer *printer,
                                const struct quant_sidecar_entry *entry)
{
    quant_json_key(printer, "rounding");
    quant_json_string(printer, quant_sidecar_roundings[entry->params.rounding]);
    quant_json_key(printer, "range");
    quant_json_pair(printer, entry->has_range, entry->range);
    print_calibration(printer, entry);
    quant_sidecar_print_shape(printer, entry->ndim, entry->dims);
}

enum quant_status quant_sidecar_write_text(const struct quant_json_printer *printer,
                                           struct quant_sink *sink, struct quant_error *error)
{
    if (printer->no_memory)
        return quant_error_set(error, QUANT_NO_MEMORY, "no memory for the sidecar '%s'",
                               sink->name);
    return quant_sink_write(sink, printer->text, printer->length, error);
}
