/* SPDX-License-Identifier: MIT */
/* One entry of the header of a safetensors file: {"dtype": ..., "shape": ..., "data_offsets": ...}.
 */
#ifndef QUANT_FORMATS_SAFETENSORS_ENTRY_H
#define QUANT_FORMATS_SAFETENSORS_ENTRY_H

#include "base/arena.h"
#include "base/tensor_info.h"
#include "records/json_text.h"

struct quant_safetensors_parser {
    struct quant_json_scan *scan; /* of the header; its offsets are those of the file */
    struct quant_arena *arena;    /* for names, shapes and metadata */
    struct quant_json_text key;   /* the last one read */
    struct quant_json_text text;  /* the last value that was a string */
    struct quant_error *error;
};

/* The next key of an object into parser->key, and past its colon. *found is false at the end of the
 * object, which is passed over too. */
enum quant_status quant_safetensors_next_key(struct quant_safetensors_parser *parser, bool is_first,
                                             bool *found);

/* Reads the entry of the tensor that parser->key names, the whole object after the colon. The
 * range of data_offsets goes to offset and nbytes, still counted from the end of the header. Checks
 * everything that one entry can get wrong; whether the ranges of all tensors fit together is not
 * its business. */
enum quant_status quant_safetensors_read_entry(struct quant_safetensors_parser *parser,
                                               struct quant_tensor_info *info);

/* Sets the error "cannot read 'FILE': tensor 'NAME': " and the text; long names are cut. */
enum quant_status quant_safetensors_tensor_error(const struct quant_safetensors_parser *parser,
                                                 const char *name, enum quant_status status,
                                                 const char *format, ...) QUANT_PRINTF(4, 5);

#endif
