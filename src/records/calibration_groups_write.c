/* SPDX-License-Identifier: MIT */
/* The ranges of groups go to the sink as they are printed, some thousand at a time. */
#include <stdlib.h>

#include "base/error.h"
#include "records/calibration_groups.h"
#include "records/document.h"
#include "records/json_print.h"
#include "records/sidecar_words.h"

/* ---- The head ---- */

static cJSON *make_integers(const uint64_t *values, int n)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < n; i++)
        if (!quant_document_append(array, quant_document_integer(values[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_block_size(const struct quant_calibration_groups *groups)
{
    const uint64_t block[] = {groups->block_rows, groups->block_size};
    if (groups->block_rows > 0)
        return make_integers(block, 2);
    return groups->block_size > 0 ? quant_document_integer(groups->block_size) : cJSON_CreateNull();
}

void quant_calibration_groups_add_head(cJSON *root, const struct quant_calibration_groups *groups,
                                       bool *ok)
{
    quant_document_add(root, "axis",
                       groups->axis >= 0 ? cJSON_CreateNumber(groups->axis) : cJSON_CreateNull(),
                       ok);
    quant_document_add(root, "block_size", make_block_size(groups), ok);
    quant_document_add(root, "scale_shape",
                       make_integers(groups->scale_shape.dims, groups->scale_shape.ndim), ok);
    quant_document_add(root, "order", quant_document_string(quant_sidecar_orders[groups->order]),
                       ok);
}

/* ---- Entries ---- */

enum { FLUSH = 64 << 10 };

static enum quant_status flush(struct quant_json_printer *printer, size_t least,
                               struct quant_sink *sink, struct quant_error *error)
{
    if (printer->no_memory)
        return quant_error_no_memory(error, FLUSH, "calibration");
    if (printer->length < least)
        return QUANT_OK;
    const size_t nbytes = printer->length;
    printer->length = 0;
    return quant_sink_write(sink, printer->text, nbytes, error);
}

static void print_entry(struct quant_json_printer *printer,
                        const struct quant_calibration_groups *groups,
                        enum quant_calibration_array array, uint64_t i)
{
    const double observed[2] = {(double)groups->observed[i][0] + 0.0, /* -0 becomes 0 */
                                (double)groups->observed[i][1] + 0.0};
    quant_json_item(printer);
    quant_json_pair(printer, quant_calibration_groups_have(groups, i),
                    array == QUANT_CALIBRATION_RANGE ? groups->ranges[i] : observed);
}

enum quant_status
quant_calibration_groups_write_arrays(const struct quant_calibration_groups *groups,
                                      struct quant_sink *sink, struct quant_error *error)
{
    struct quant_json_printer printer = {.has_item = true};
    enum quant_status status = QUANT_OK;
    for (int array = 0; array < QUANT_CALIBRATION_ARRAYS; array++) {
        quant_json_raw(&printer, ",\n  \"");
        quant_json_raw(&printer, quant_calibration_arrays[array]);
        quant_json_raw(&printer, "\": ");
        quant_json_open(&printer, '[');
        for (uint64_t i = 0; status == QUANT_OK && i < groups->count; i++) {
            print_entry(&printer, groups, (enum quant_calibration_array)array, i);
            status = flush(&printer, FLUSH, sink, error);
        }
        quant_json_close(&printer, ']');
    }
    quant_json_raw(&printer, "\n}\n");
    if (status == QUANT_OK)
        status = flush(&printer, 1, sink, error);
    free(printer.text);
    return status;
}
