/* SPDX-License-Identifier: MIT */
/*
 * The text of a container's sidecar in four parts: the head, up to the brace that opens "tensors";
 * an entry for each tensor, each with the comma and the line break before it; and two braces. The
 * first entry goes without its comma.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "records/sidecar_print.h"
#include "records/sidecar_tensors.h"
#include "records/sidecar_words.h"

/* ---- The head ---- */

static void print_file(struct quant_json_printer *printer, const char *path, const char *format,
                       uint64_t nbytes)
{
    quant_json_key(printer, "path");
    quant_json_string(printer, path);
    quant_json_key(printer, "format");
    quant_json_string(printer, format);
    quant_json_key(printer, "bytes");
    quant_json_size(printer, nbytes);
}

static void print_checksum(struct quant_json_printer *printer, uint64_t xxh3_64)
{
    quant_json_key(printer, "xxh3_64");
    quant_json_checksum(printer, xxh3_64);
}

static void print_head(struct quant_json_printer *printer, const struct quant_sidecar_head *head)
{
    quant_json_open(printer, '{');
    quant_sidecar_print_head(printer, QUANT_SIDECAR_VERSION_2);
    quant_json_key(printer, "source");
    quant_json_open(printer, '{');
    print_file(printer, head->source_path, head->source_format, head->source_nbytes);
    quant_json_close(printer, '}');
    quant_json_key(printer, "data");
    quant_json_open(printer, '{');
    print_file(printer, head->data_path, head->data_format, head->data_nbytes);
    if (head->layout) {
        quant_json_key(printer, "layout");
        quant_json_string(printer, head->layout);
    }
    quant_json_key(printer, "header");
    quant_json_open(printer, '{');
    quant_json_key(printer, "bytes");
    quant_json_size(printer, head->header_nbytes);
    print_checksum(printer, head->header_xxh3_64);
    quant_json_close(printer, '}');
    quant_json_close(printer, '}');
    quant_json_key(printer, "plan");
    quant_json_open(printer, '{');
    print_checksum(printer, head->plan_xxh3_64);
    quant_json_close(printer, '}');
    quant_json_key(printer, "tensors");
    quant_json_open(printer, '{');
}

enum quant_status quant_sidecar_begin_tensors(struct quant_sink *sink,
                                              const struct quant_sidecar_head *head,
                                              struct quant_error *error)
{
    struct quant_json_printer printer = {.is_indented = true};
    print_head(&printer, head);
    const enum quant_status status = quant_sidecar_write_text(&printer, sink, error);
    free(printer.text);
    return status;
}

/* ---- An entry ---- */

static void print_data(struct quant_json_printer *printer, const struct quant_sidecar_entry *entry)
{
    quant_json_key(printer, "bytes");
    quant_json_size(printer, entry->stored_nbytes);
    print_checksum(printer, entry->digests.data);
}

static void print_copied(struct quant_json_printer *printer,
                         const struct quant_sidecar_entry *entry)
{
    quant_json_key(printer, "copied");
    quant_json_raw(printer, "true");
    quant_json_key(printer, "dtype");
    quant_json_string(printer, entry->stored_type);
    quant_sidecar_print_shape(printer, entry->ndim, entry->dims);
    print_data(printer, entry);
}

/* As in the sidecar of a tensor whose scales are in a file, "scale" is null if there are groups. */
static void print_scale(struct quant_json_printer *printer, const struct quant_sidecar_entry *entry)
{
    if (!entry->has_groups) {
        quant_sidecar_print_one(printer, &entry->params);
        return;
    }
    quant_json_key(printer, "scale");
    quant_json_raw(printer, "null");
    quant_json_key(printer, "zero_point");
    quant_json_raw(printer, "null");
    if (!quant_params_have_biases(&entry->params))
        return;
    quant_json_key(printer, "bias");
    quant_json_raw(printer, "null");
}

/* Or the biases that are in their place. */
static void print_zero_points(struct quant_json_printer *printer,
                              const struct quant_sidecar_entry *entry)
{
    const bool has_biases = quant_params_have_biases(&entry->params);
    quant_json_key(printer, "zero_points");
    if (!entry->zero_point_name || has_biases) {
        quant_json_raw(printer, "null");
    }
    if (!entry->zero_point_name)
        return;
    if (has_biases)
        quant_json_key(printer, "biases");
    quant_json_open(printer, '{');
    quant_json_key(printer, "tensor");
    quant_json_string(printer, entry->zero_point_name);
    print_checksum(printer, entry->digests.zero_points);
    quant_json_close(printer, '}');
}

static void print_scales(struct quant_json_printer *printer,
                         const struct quant_sidecar_entry *entry)
{
    quant_json_key(printer, "scales");
    if (!entry->scale_name) {
        quant_json_raw(printer, "null");
        return;
    }
    quant_json_open(printer, '{');
    quant_json_key(printer, "tensor");
    quant_json_string(printer, entry->scale_name);
    quant_json_key(printer, "count");
    quant_json_size(printer, entry->scale_count);
    quant_json_key(printer, "scale_dtype");
    quant_json_string(printer, quant_sidecar_scale_dtype(&entry->params));
    print_checksum(printer, entry->digests.scales);
    print_zero_points(printer, entry);
    quant_json_close(printer, '}');
}

static void print_stored(struct quant_json_printer *printer,
                         const struct quant_sidecar_stored *stored)
{
    if (!stored->data)
        return;
    quant_json_key(printer, "stored");
    quant_json_open(printer, '{');
    quant_json_key(printer, "tensor");
    quant_json_string(printer, stored->data);
    quant_json_key(printer, "dtype");
    quant_json_string(printer, stored->type);
    quant_json_key(printer, "beside");
    quant_json_open(printer, '[');
    for (size_t i = 0; i < stored->nbeside; i++) {
        quant_json_item(printer);
        quant_json_string(printer, stored->beside[i]);
    }
    quant_json_close(printer, ']');
    quant_json_close(printer, '}');
}

static void print_quantized(struct quant_json_printer *printer,
                            const struct quant_sidecar_entry *entry)
{
    quant_sidecar_print_target(printer, &entry->params);
    print_scale(printer, entry);
    quant_sidecar_print_groups(printer, entry);
    print_scales(printer, entry);
    quant_sidecar_print_origin(printer, entry);
    quant_json_key(printer, "order");
    quant_json_string(printer, quant_sidecar_orders[entry->order]);
    quant_json_key(printer, "source");
    quant_json_open(printer, '{');
    quant_json_key(printer, "dtype");
    quant_json_string(printer, quant_dtype_info(entry->source_dtype)->name);
    quant_json_close(printer, '}');
    quant_json_key(printer, "data");
    quant_json_open(printer, '{');
    quant_json_key(printer, "dtype");
    quant_json_string(printer, entry->stored_type);
    print_data(printer, entry);
    quant_json_close(printer, '}');
    print_stored(printer, &entry->stored);
}

static void print_entry(struct quant_json_printer *printer, const struct quant_sidecar_entry *entry)
{
    quant_json_raw(printer, ",\n    ");
    quant_json_key(printer, entry->name);
    quant_json_open(printer, '{');
    if (entry->is_copied)
        print_copied(printer, entry);
    else
        print_quantized(printer, entry);
    quant_json_close(printer, '}');
}

static bool is_utf8(const char *text)
{
    return !text || quant_is_utf8(text);
}

enum quant_status quant_sidecar_print_entry(const struct quant_sidecar_entry *entry, char **text,
                                            size_t *nbytes, struct quant_error *error)
{
    enum { USUAL = 1024 }; /* without names: room that is rarely grown */
    struct quant_json_printer printer = {.text = NULL};
    enum quant_status status = QUANT_OK;
    *text = NULL;
    if (!is_utf8(entry->name) || !is_utf8(entry->scale_name) || !is_utf8(entry->zero_point_name))
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "a sidecar cannot hold '%.64s': the name is not UTF-8", entry->name);
    quant_json_reserve(&printer, USUAL + 3 * strlen(entry->name));
    print_entry(&printer, entry);
    if (printer.no_memory)
        status = quant_error_set(error, QUANT_NO_MEMORY, "no memory for the entry of '%.64s'",
                                 entry->name);
    else if (printer.length > QUANT_SIDECAR_ENTRY_MOST)
        status = quant_error_set(error, QUANT_UNSUPPORTED,
                                 "the sidecar entry of '%.64s' is longer than %d bytes",
                                 entry->name, QUANT_SIDECAR_ENTRY_MOST);
    if (status != QUANT_OK)
        goto fail;
    *text = printer.text;
    *nbytes = printer.length;
    return QUANT_OK;
fail:
    free(printer.text);
    return status;
}

/* ---- The stream ---- */

enum quant_status quant_sidecar_append_entry(struct quant_sink *sink, const char *text,
                                             size_t nbytes, bool is_first,
                                             struct quant_error *error)
{
    return quant_sink_write(sink, text + is_first, nbytes - is_first, error);
}

enum quant_status quant_sidecar_end_tensors(struct quant_sink *sink, struct quant_error *error)
{
    static const char end[] = "\n  }\n}\n";
    return quant_sink_write(sink, end, sizeof end - 1, error);
}
