/* SPDX-License-Identifier: MIT */
/* A program that knows no sidecars finds scales by name and lets their shape broadcast. */
#include "engine/files/verify_pairs.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/scale_shape.h"
#include "formats/container.h"

struct pairing {
    struct quant_findings *findings;
    const struct quant_tensor_file *file;
    const struct quant_tensor_info *data;
    struct quant_shape expected; /* of the scales */
};

static void fail(const struct pairing *pairing, const struct quant_tensor_info *info,
                 const char *what, const char *found, const char *expected)
{
    struct quant_error error;
    quant_source_error(pairing->file->source, &error, QUANT_CORRUPT,
                       "tensor '%.200s' of the scales of '%.200s' has the %s %.200s, not %.200s",
                       info->name, pairing->data->name, what, found, expected);
    quant_findings_add(pairing->findings, QUANT_FAULT_LAYOUT, &error);
}

static bool has_name(const char *name, const char *data, const char *suffix)
{
    const size_t length = strlen(data);
    return strncmp(name, data, length) == 0 && strcmp(name + length, suffix) == 0;
}

static void check(const struct pairing *pairing, uint32_t index, const char *suffix,
                  const struct quant_stored_type *type)
{
    if (index == QUANT_NOT_STORED)
        return;
    const struct quant_tensor_info *info = &pairing->file->tensors[index];
    char found[QUANT_SHAPE_TEXT];
    char expected[QUANT_SHAPE_TEXT];
    const struct quant_shape shape =
        quant_shape_of(info->dims, info->ndim <= QUANT_MAX_DIMS ? info->ndim : 0);
    const bool in_layout = pairing->file->stored_offsets; /* which has names of its own */
    if (!in_layout && !has_name(info->name, pairing->data->name, suffix))
        fail(pairing, info, "name", info->name, suffix);
    if (!type || strcmp(info->type->name, type->name) != 0)
        fail(pairing, info, "type", info->type->name, type ? type->name : "none");
    if (!quant_tensor_has_shape(info, &pairing->expected))
        fail(pairing, info, "shape", quant_shape_text(&shape, found),
             quant_shape_text(&pairing->expected, expected));
}

void quant_verify_pairs(struct quant_findings *findings, const struct quant_tensor_file *file,
                        const struct quant_restored_tensor *restored)
{
    const struct quant_container *format = file->format->container;
    const struct pairing pairing = {findings, file, &file->tensors[restored->data],
                                    quant_scale_shape(restored->dims, restored->ndim,
                                                      restored->axis, restored->block_size,
                                                      restored->block_rows)};
    check(&pairing, restored->scales, "_scale", format->type_of(restored->params.scale_dtype));
    if (quant_params_have_biases(&restored->params))
        check(&pairing, restored->zero_points, "_bias",
              format->type_of(restored->params.scale_dtype));
    else
        check(&pairing, restored->zero_points, "_zero_point",
              quant_container_type_called(format, "int32"));
}
