/* SPDX-License-Identifier: MIT */
/*
 * MLX, as mlx-lm loads it: L.weight in uint32, from the lowest bits on, which are the bytes that
 * quant stores; L.scales and L.biases. The config has "quantization", and the same again as its
 * quantization_config. Its bits and group_size are those of all modules without an object of their
 * own; modules without scales stay floats.
 */
#include <string.h>

#include "base/error.h"
#include "engine/files/layout_write.h"
#include "records/json_print.h"

static enum quant_status store(const struct quant_layout_weight *weight, struct quant_arena *arena,
                               struct quant_layout_stored *stored, struct quant_error *error)
{
    const unsigned bits = quant_dtype_info(weight->params->dtype)->bits;
    if (weight->block_size == 0 || weight->dims[1] % weight->block_size != 0)
        return quant_error_set(error, QUANT_UNSUPPORTED, "MLX needs rows of whole blocks");
    const char *module;
    const enum quant_status status =
        quant_layout_module(weight->name, "MLX", arena, &module, error);
    if (status != QUANT_OK)
        return status;
    stored->data = weight->name;
    stored->type = "uint32";
    stored->ndim = 2;
    stored->dims[0] = weight->dims[0];
    stored->dims[1] = weight->dims[1] / (32 / bits);
    stored->scales = quant_arena_join(arena, module, ".scales");
    stored->biases = quant_arena_join(arena, module, ".biases");
    return stored->scales && stored->biases
               ? QUANT_OK
               : quant_error_no_memory(error, strlen(weight->name), "names");
}

/* ---- The config ---- */

static void print_parameters(struct quant_json_printer *printer,
                             const struct quant_layout_weight *weight)
{
    quant_json_key(printer, "group_size");
    quant_json_size(printer, weight->block_size);
    quant_json_key(printer, "bits");
    quant_json_size(printer, quant_dtype_info(weight->params->dtype)->bits);
}

static void print_config(const struct quant_layout_quantized *quantized,
                         struct quant_json_printer *printer)
{
    const size_t nown = quantized->nalike > 0 ? quantized->nalike - 1 : 0;
    quant_json_open(printer, '{');
    if (quantized->nalike > 0)
        print_parameters(printer, &quantized->alike[nown].weight);
    for (size_t i = 0; i < nown; i++) {
        const struct quant_layout_alike *alike = &quantized->alike[i];
        for (size_t k = 0; k < alike->modules.n; k++) {
            quant_json_key(printer, alike->modules.names[k]);
            quant_json_open(printer, '{');
            print_parameters(printer, &alike->weight);
            quant_json_close(printer, '}');
        }
    }
    quant_json_close(printer, '}');
}

static const struct quant_layout_ending endings[] = {
    {".scales", ".weight"}, {".biases", ".weight"}, {NULL, NULL}};

const struct quant_written_layout quant_written_mlx = {
    .name = "mlx",
    .engine = "mlx",
    .summary = "uint4 and uint8 with biases, packed into uint32",
    .store = store,
    .print_config = print_config,
    .has_other_entry = true,
    .endings = endings,
};
