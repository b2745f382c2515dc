/* SPDX-License-Identifier: MIT */
/*
 * Writing a GGUF file that is made from another one: its pairs are copied as they are, but for
 * those that say how the file is quantized, which llama-quantize puts last. Tensors are in its
 * order too: those of no layer first, then layer by layer, by name.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "formats/gguf.h"

enum { QUANTIZATION_VERSION = 2 };

struct layout {
    struct quant_container_layout *result;
    const struct quant_tensor_file *origin;
    const struct quant_gguf *gguf;
    struct quant_container_tensor **tensors; /* owned: in the order of the file */
    uint64_t npairs;
    unsigned char *bytes; /* owned: nbytes of the header; NULL: they are only counted */
    size_t nbytes;
    struct quant_error *error;
};

/* ---- Order ---- */

/* N of "blk.N.", else -1. */
static long layer_of(const char *name)
{
    char *end = NULL;
    if (strncmp(name, "blk.", 4) != 0)
        return -1;
    const long layer = strtol(name + 4, &end, 10);
    return end == name + 4 ? -1 : layer;
}

static int compare_tensors(const void *a, const void *b)
{
    const char *one = (*(struct quant_container_tensor *const *)a)->name;
    const char *other = (*(struct quant_container_tensor *const *)b)->name;
    const long layer = layer_of(one);
    const long other_layer = layer_of(other);
    if (layer != other_layer)
        return layer < other_layer ? -1 : 1;
    return strcmp(one, other);
}

static enum quant_status check_tensor(const struct layout *layout,
                                      const struct quant_container_tensor *tensor)
{
    if (tensor->ndim > QUANT_GGUF_DIMS)
        return quant_error_set(layout->error, QUANT_UNSUPPORTED,
                               "tensor '%.200s' has %" PRIu32 " dimensions; GGUF has at most %d",
                               tensor->name, tensor->ndim, QUANT_GGUF_DIMS);
    if (!*tensor->name || strlen(tensor->name) > QUANT_GGUF_TEXT)
        return quant_error_set(layout->error, QUANT_INVALID,
                               "the name of a tensor is empty or too long for GGUF");
    return QUANT_OK;
}

static enum quant_status sort_tensors(struct layout *layout)
{
    const size_t n = layout->result->n;
    enum quant_status status = QUANT_OK;
    layout->tensors = calloc(n + 1, sizeof(void *));
    if (!layout->tensors)
        return quant_error_no_memory(layout->error, n * sizeof(void *), "layout");
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        layout->tensors[i] = &layout->result->tensors[i];
        status = check_tensor(layout, layout->tensors[i]);
    }
    if (status != QUANT_OK)
        return status;
    qsort(layout->tensors, n, sizeof(void *), compare_tensors);
    for (size_t i = 1; i < n; i++)
        if (strcmp(layout->tensors[i - 1]->name, layout->tensors[i]->name) == 0)
            return quant_error_set(layout->error, QUANT_INVALID, "two tensors are called '%.200s'",
                                   layout->tensors[i]->name);
    return QUANT_OK;
}

/* ---- Bytes of the header ---- */

static void put(struct layout *layout, const void *bytes, size_t nbytes)
{
    if (layout->bytes && nbytes > 0)
        memcpy(layout->bytes + layout->nbytes, bytes, nbytes);
    layout->nbytes += nbytes;
}

static void put_32(struct layout *layout, uint32_t value)
{
    unsigned char bytes[4];
    quant_store_32_little(bytes, value);
    put(layout, bytes, sizeof bytes);
}

static void put_64(struct layout *layout, uint64_t value)
{
    unsigned char bytes[8];
    quant_store_64_little(bytes, value);
    put(layout, bytes, sizeof bytes);
}

static void put_text(struct layout *layout, const char *text)
{
    put_64(layout, strlen(text));
    put(layout, text, strlen(text));
}

/* ---- Pairs ---- */

/* The file type of the tensors that are quantized or restored. */
static uint16_t file_type(const struct layout *layout)
{
    const struct quant_gguf_type *type = (const struct quant_gguf_type *)layout->result->mapped;
    return type ? type->file_type : QUANT_GGUF_NO_FILE_TYPE;
}

/* Those of a file that is one of several stay; llama-quantize drops those of one. */
static bool is_of_splits(const struct layout *layout, const char *key)
{
    const struct quant_gguf_pair *splits = quant_gguf_find(layout->gguf, QUANT_GGUF_KEY_SPLITS);
    return splits && splits->number <= 1 &&
           (strcmp(key, "split.no") == 0 || strcmp(key, QUANT_GGUF_KEY_SPLITS) == 0 ||
            strcmp(key, "split.tensors.count") == 0);
}

static bool is_kept(const struct layout *layout, const char *key)
{
    if (file_type(layout) == QUANT_GGUF_NO_FILE_TYPE)
        return true;
    return strcmp(key, QUANT_GGUF_KEY_FILE_TYPE) != 0 && strcmp(key, QUANT_GGUF_KEY_VERSION) != 0 &&
           !is_of_splits(layout, key);
}

static enum quant_status put_kept(struct layout *layout, const struct quant_gguf_pair *pair)
{
    struct quant_source *source = layout->origin->source;
    const size_t nbytes = (size_t)pair->bytes.nbytes;
    const enum quant_status status =
        layout->bytes
            ? quant_source_read_exactly(source, pair->bytes.offset, layout->bytes + layout->nbytes,
                                        nbytes, layout->error)
            : QUANT_OK;
    layout->nbytes += nbytes;
    return status;
}

static void put_number(struct layout *layout, const char *key, uint32_t value)
{
    put_text(layout, key);
    put_32(layout, QUANT_GGUF_UINT32);
    put_32(layout, value);
}

static enum quant_status put_pairs(struct layout *layout)
{
    const struct quant_gguf *gguf = layout->gguf;
    enum quant_status status = QUANT_OK;
    layout->npairs = 0;
    for (size_t i = 0; status == QUANT_OK && i < gguf->npairs; i++)
        if (is_kept(layout, gguf->pairs[i].key)) {
            status = put_kept(layout, &gguf->pairs[i]);
            layout->npairs++;
        }
    if (file_type(layout) == QUANT_GGUF_NO_FILE_TYPE)
        return status;
    put_number(layout, QUANT_GGUF_KEY_VERSION, QUANTIZATION_VERSION);
    put_number(layout, QUANT_GGUF_KEY_FILE_TYPE, file_type(layout));
    layout->npairs += 2;
    return status;
}

/* ---- Tensors ---- */

static void put_tensor(struct layout *layout, const struct quant_container_tensor *tensor)
{
    const struct quant_gguf_type *type = (const struct quant_gguf_type *)tensor->type;
    put_text(layout, tensor->name);
    put_32(layout, tensor->ndim);
    for (uint32_t i = tensor->ndim; i-- > 0;)
        put_64(layout, tensor->dims[i]);
    put_32(layout, type->number);
    put_64(layout, tensor->data.offset);
}

/* Offsets from the beginning of the data. */
static enum quant_status place_tensors(const struct layout *layout)
{
    uint64_t end = 0;
    for (size_t i = 0; i < layout->result->n; i++) {
        struct quant_container_tensor *tensor = layout->tensors[i];
        const enum quant_status status =
            quant_gguf_count_bytes(tensor->type, tensor->dims, tensor->ndim, &tensor->data.nbytes);
        if (status == QUANT_CORRUPT)
            return quant_error_set(layout->error, QUANT_INVALID,
                                   "the rows of tensor '%.200s' are not whole blocks of %u, as %s "
                                   "needs",
                                   tensor->name, tensor->type->block->nelems, tensor->type->name);
        tensor->data.offset = quant_gguf_align(end, layout->gguf->alignment);
        if (status != QUANT_OK ||
            !quant_checked_add(tensor->data.offset, tensor->data.nbytes, &end) ||
            end > INT64_MAX / 2)
            return quant_error_set(layout->error, QUANT_OUT_OF_RANGE,
                                   "no file is large enough for tensor '%.200s'", tensor->name);
    }
    return QUANT_OK;
}

/* ---- All of it ---- */

static enum quant_status put_header(struct layout *layout)
{
    layout->nbytes = 0;
    put(layout, "GGUF", 4);
    put_32(layout, QUANT_GGUF_VERSION);
    put_64(layout, layout->result->n);
    put_64(layout, layout->npairs);
    const enum quant_status status = put_pairs(layout);
    for (size_t i = 0; i < layout->result->n; i++)
        put_tensor(layout, layout->tensors[i]);
    return status;
}

/* The zeros after the header and after each tensor are pieces of the header. bytes are zeros. */
static enum quant_status make_pieces(struct layout *layout)
{
    struct quant_container_layout *result = layout->result;
    const uint64_t alignment = layout->gguf->alignment;
    const uint64_t data = quant_gguf_align(layout->nbytes, alignment);
    size_t nbytes = (size_t)data;
    result->pieces = calloc(result->n + 1, sizeof *result->pieces);
    if (!result->pieces)
        return quant_error_no_memory(layout->error, result->n * sizeof *result->pieces, "layout");
    result->pieces[result->npieces++] = (struct quant_extent){0, data};
    result->nbytes = data;
    for (size_t i = 0; i < result->n; i++) {
        struct quant_extent *extent = &layout->tensors[i]->data;
        extent->offset += data;
        const uint64_t end = extent->offset + extent->nbytes;
        result->nbytes = quant_gguf_align(end - data, alignment) + data;
        if (result->nbytes > end)
            result->pieces[result->npieces++] = (struct quant_extent){end, result->nbytes - end};
        nbytes += (size_t)(result->nbytes - end);
    }
    result->header_nbytes = nbytes;
    return QUANT_OK;
}

/* Counts the bytes of the header first. */
static enum quant_status make_header(struct layout *layout)
{
    struct quant_container_layout *result = layout->result;
    enum quant_status status = put_header(layout);
    if (status == QUANT_OK)
        status = make_pieces(layout);
    if (status != QUANT_OK)
        return status;
    layout->bytes = calloc(1, result->header_nbytes);
    if (!layout->bytes)
        return quant_error_no_memory(layout->error, result->header_nbytes, "header");
    for (size_t i = 0; i < result->n; i++) /* in the file, offsets count from the data */
        layout->tensors[i]->data.offset -= result->pieces[0].nbytes;
    status = put_header(layout);
    for (size_t i = 0; i < result->n; i++)
        layout->tensors[i]->data.offset += result->pieces[0].nbytes;
    return status;
}

enum quant_status quant_gguf_lay_out(struct quant_container_layout *result,
                                     struct quant_error *error)
{
    struct layout layout = {.result = result, .origin = result->origin, .error = error};
    result->header = NULL;
    if (!layout.origin || layout.origin->format != &quant_format_gguf || !layout.origin->state)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "only a GGUF file can be written as GGUF: it says what model the "
                               "tensors are of");
    layout.gguf = layout.origin->state;
    enum quant_status status = sort_tensors(&layout);
    if (status == QUANT_OK)
        status = place_tensors(&layout);
    if (status == QUANT_OK)
        status = make_header(&layout);
    free(layout.tensors);
    if (status == QUANT_OK) {
        result->header = layout.bytes;
        return QUANT_OK;
    }
    free(layout.bytes);
    free(result->pieces);
    result->pieces = NULL;
    return status;
}
