/* SPDX-License-Identifier: MIT */
/* ComfyUI: L.weight, L.weight_scale in float32, and L.comfy_quant, bytes of a JSON text that says
 * how L is quantized. 16-bit scales crash it, and one scale has no dimensions. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/layout_write.h"

/* ComfyUI's name for what dtype is stored as; NULL: it has no such. */
static const char *format_of(enum quant_dtype dtype)
{
    return dtype == QUANT_INT8            ? "int8_tensorwise"
           : dtype == QUANT_FLOAT8_E4M3FN ? "float8_e4m3fn"
                                          : NULL;
}

static enum quant_status check(const struct quant_layout_weight *weight, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(weight->params->dtype);
    if (!format_of(weight->params->dtype) || weight->has_zero_points)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "ComfyUI loads int8 and float8_e4m3fn without zero points, not %s",
                               info->name);
    if (weight->axis > 0 || weight->block_size > 0 || (weight->axis == 0 && !info->is_integer))
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "ComfyUI has one scale for a tensor, or in int8 for each row (axis "
                               "0)");
    if (weight->params->scale_dtype != QUANT_FLOAT32)
        return quant_error_set(error, QUANT_UNSUPPORTED, "ComfyUI needs scales in float32");
    return QUANT_OK;
}

static enum quant_status add_mark(const struct quant_layout_weight *weight,
                                  struct quant_arena *arena, struct quant_layout_stored *stored,
                                  struct quant_error *error)
{
    const bool is_integer = quant_dtype_info(weight->params->dtype)->is_integer;
    char text[128];
    const char *module;
    const enum quant_status status =
        quant_layout_module(weight->name, "ComfyUI", arena, &module, error);
    if (status != QUANT_OK)
        return status;
    const int length =
        snprintf(text, sizeof text, "{\"format\":\"%s\",\"orig_dtype\":\"torch.%s\"%s}",
                 format_of(weight->params->dtype), quant_dtype_info(weight->input)->name,
                 !is_integer         ? ""
                 : weight->axis == 0 ? ",\"per_row\":true"
                                     : ",\"per_row\":false");
    const char *name = quant_arena_join(arena, module, ".comfy_quant");
    const char *bytes = quant_arena_join(arena, text, "");
    if (!name || !bytes)
        return quant_error_no_memory(error, strlen(weight->name), "names");
    stored->fixed[stored->nfixed++] = (struct quant_layout_fixed){.name = name,
                                                                  .type = "uint8",
                                                                  .length = (uint64_t)length,
                                                                  .bytes = bytes,
                                                                  .nbytes = (size_t)length};
    return QUANT_OK;
}

static enum quant_status store(const struct quant_layout_weight *weight, struct quant_arena *arena,
                               struct quant_layout_stored *stored, struct quant_error *error)
{
    const enum quant_status status = check(weight, error);
    if (status != QUANT_OK)
        return status;
    stored->data = weight->name;
    stored->type = quant_dtype_info(weight->params->dtype)->name;
    stored->ndim = 2;
    memcpy(stored->dims, weight->dims, sizeof stored->dims);
    stored->has_one_scale = weight->axis < 0;
    stored->scales = quant_arena_join(arena, weight->name, "_scale");
    return stored->scales ? add_mark(weight, arena, stored, error)
                          : quant_error_no_memory(error, strlen(weight->name), "names");
}

static const struct quant_layout_ending endings[] = {
    {"_scale", ""}, {".comfy_quant", ".weight"}, {NULL, NULL}};

const struct quant_written_layout quant_written_comfyui = {
    .name = "comfyui",
    .engine = "comfyui",
    .summary = "int8 and float8_e4m3fn, marked by L.comfy_quant",
    .store = store,
    .endings = endings,
};
