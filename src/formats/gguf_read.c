/* SPDX-License-Identifier: MIT */
/*
 * The header of a GGUF file, by the rules of ggml, which loads these files: the tensors lie in the
 * order of the header, each from the aligned end of the one before, and nothing follows the last.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/growing_list.h"
#include "base/utf8.h"
#include "formats/gguf_cursor.h"

struct reading {
    struct quant_tensor_file *file;
    struct quant_gguf *gguf;
    struct quant_gguf_cursor *cursor;
    struct quant_growing_list pairs;   /* struct quant_gguf_pair */
    struct quant_growing_list tensors; /* struct quant_tensor_info */
    uint64_t npairs;                   /* by the head */
    uint64_t ntensors;
};

static enum quant_status no_memory(const struct reading *reading)
{
    return quant_error_no_memory(reading->cursor->error, sizeof(struct quant_tensor_info),
                                 "catalogue");
}

/* ---- The head ---- */

static enum quant_status check_version(const struct quant_gguf_cursor *cursor, uint32_t version)
{
    if (version == QUANT_GGUF_VERSION)
        return QUANT_OK;
    if ((version & 0xFFFF) == 0)
        return quant_gguf_error(cursor, QUANT_UNSUPPORTED, "it is a GGUF file in big-endian order");
    return quant_gguf_error(cursor, QUANT_UNSUPPORTED,
                            "its GGUF version is %" PRIu32 "; only version 3 is read", version);
}

/* Each of n needs at least `least` bytes. */
static enum quant_status check_count(const struct quant_gguf_cursor *cursor, uint64_t n,
                                     uint64_t least, const char *what)
{
    if (n <= quant_gguf_left(cursor) / least)
        return QUANT_OK;
    return quant_gguf_error(cursor, QUANT_TRUNCATED,
                            "its head says %" PRIu64 " %s, more than fit in the file", n, what);
}

static enum quant_status read_head(struct reading *reading)
{
    struct quant_gguf_cursor *cursor = reading->cursor;
    uint32_t magic;
    uint32_t version = 0;
    cursor->what = "the head";
    enum quant_status status = quant_gguf_take_32(cursor, &magic);
    if (status == QUANT_OK && magic != 0x46554747) /* "GGUF" */
        status = quant_gguf_error(cursor, QUANT_CORRUPT, "it does not begin with 'GGUF'");
    if (status == QUANT_OK)
        status = quant_gguf_take_32(cursor, &version);
    if (status == QUANT_OK)
        status = check_version(cursor, version);
    if (status == QUANT_OK)
        status = quant_gguf_take_64(cursor, &reading->ntensors);
    if (status == QUANT_OK)
        status = quant_gguf_take_64(cursor, &reading->npairs);
    /* A key of a byte and a value of a byte; a name of a byte without dimensions. */
    if (status == QUANT_OK)
        status = check_count(cursor, reading->npairs, 8 + 1 + 4 + 1, "pairs");
    return status == QUANT_OK ? check_count(cursor, reading->ntensors, 8 + 1 + 4 + 4 + 8, "tensors")
                              : status;
}

/* ---- Pairs ---- */

static enum quant_status read_pairs(struct reading *reading)
{
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < reading->npairs; i++) {
        struct quant_gguf_pair pair;
        status = quant_gguf_take_pair(reading->cursor, &reading->file->arena, &pair);
        if (status == QUANT_OK && !quant_growing_list_add(&reading->pairs, &pair, sizeof pair))
            status = no_memory(reading);
    }
    if (status != QUANT_OK)
        return status;
    struct quant_gguf *gguf = reading->gguf;
    gguf->npairs = reading->pairs.n;
    gguf->pairs =
        quant_growing_list_keep(&reading->pairs, sizeof *gguf->pairs, &reading->file->arena);
    return gguf->pairs ? QUANT_OK : no_memory(reading);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct quant_metadata_pair *)a)->key,
                  ((const struct quant_metadata_pair *)b)->key);
}

/* All keys, sorted; then those of values that have a text. */
static enum quant_status make_metadata(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    const struct quant_gguf *gguf = reading->gguf;
    struct quant_metadata_pair *all =
        quant_arena_take(&file->arena, (gguf->npairs + 1) * sizeof *all);
    if (!all)
        return no_memory(reading);
    for (size_t i = 0; i < gguf->npairs; i++)
        all[i] = (struct quant_metadata_pair){gguf->pairs[i].key, gguf->pairs[i].text};
    qsort(all, gguf->npairs, sizeof *all, compare_keys);
    for (size_t i = 1; i < gguf->npairs; i++)
        if (compare_keys(&all[i - 1], &all[i]) == 0)
            return quant_gguf_error(reading->cursor, QUANT_CORRUPT, "duplicate key '%.200s'",
                                    all[i].key);
    for (size_t i = 0; i < gguf->npairs; i++)
        if (all[i].value)
            all[file->nmetadata++] = all[i];
    file->metadata = all;
    return QUANT_OK;
}

static enum quant_status find_alignment(struct reading *reading)
{
    const struct quant_gguf_pair *pair = quant_gguf_find(reading->gguf, QUANT_GGUF_KEY_ALIGNMENT);
    reading->gguf->alignment = QUANT_GGUF_ALIGNMENT;
    if (!pair)
        return QUANT_OK;
    if (pair->type != QUANT_GGUF_UINT32)
        return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                                "'" QUANT_GGUF_KEY_ALIGNMENT "' is not a uint32");
    if (pair->number == 0 || (pair->number & (pair->number - 1)) != 0)
        return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                                "'" QUANT_GGUF_KEY_ALIGNMENT "' is %" PRIu64
                                ", which is not a power of two",
                                pair->number);
    if (pair->number > QUANT_GGUF_ALIGNMENT_MOST)
        return quant_gguf_error(reading->cursor, QUANT_UNSUPPORTED,
                                "'" QUANT_GGUF_KEY_ALIGNMENT "' is %" PRIu64 ", more than %d",
                                pair->number, QUANT_GGUF_ALIGNMENT_MOST);
    reading->gguf->alignment = pair->number;
    return QUANT_OK;
}

/* ---- Tensors ---- */

static enum quant_status tensor_error(const struct reading *reading,
                                      const struct quant_tensor_info *info,
                                      enum quant_status status, const char *what)
{
    return quant_gguf_error(reading->cursor, status, "tensor '%.200s': %s", info->name, what);
}

static enum quant_status read_name(struct reading *reading, struct quant_tensor_info *info)
{
    char *name;
    size_t length = 0;
    const uint64_t begin = reading->cursor->offset;
    const enum quant_status status = quant_gguf_take_text(reading->cursor, &reading->file->arena,
                                                          QUANT_GGUF_TEXT, &name, &length);
    if (status != QUANT_OK)
        return status;
    info->name = name;
    if (length > 0 && strlen(name) == length && quant_is_utf8(name))
        return QUANT_OK;
    return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                            "the name of a tensor at byte %" PRIu64 " is %s", begin,
                            length == 0 ? "empty" : "not UTF-8 text");
}

static enum quant_status read_shape(struct reading *reading, struct quant_tensor_info *info)
{
    enum quant_status status = quant_gguf_take_32(reading->cursor, &info->ndim);
    if (status == QUANT_OK && info->ndim > QUANT_GGUF_DIMS)
        return quant_gguf_error(reading->cursor, QUANT_UNSUPPORTED,
                                "tensor '%.200s' has %" PRIu32 " dimensions, more than %d",
                                info->name, info->ndim, QUANT_GGUF_DIMS);
    uint64_t *dims = quant_arena_take(&reading->file->arena, QUANT_GGUF_DIMS * sizeof *dims);
    if (!dims)
        return no_memory(reading);
    info->dims = dims;
    for (uint32_t i = info->ndim; status == QUANT_OK && i-- > 0;)
        status = quant_gguf_take_64(reading->cursor, &dims[i]);
    return status;
}

static enum quant_status read_type(struct reading *reading, struct quant_tensor_info *info)
{
    uint32_t number = 0;
    const enum quant_status status = quant_gguf_take_32(reading->cursor, &number);
    const struct quant_gguf_type *type = quant_gguf_type_from_number(number);
    if (status != QUANT_OK)
        return status;
    if (!type)
        return quant_gguf_error(reading->cursor, QUANT_UNSUPPORTED,
                                "tensor '%.200s' has the unknown type %" PRIu32, info->name,
                                number);
    info->type = &type->stored;
    switch (quant_gguf_count_bytes(info->type, info->dims, info->ndim, &info->nbytes)) {
    case QUANT_OK:
        return QUANT_OK;
    case QUANT_CORRUPT:
        return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                                "tensor '%.200s' has rows that are not whole blocks of %u, as %s "
                                "needs",
                                info->name, info->type->block->nelems, info->type->name);
    default:
        return tensor_error(reading, info, QUANT_OUT_OF_RANGE, "its shape is larger than any file");
    }
}

static enum quant_status read_tensor(struct reading *reading)
{
    struct quant_tensor_info info = {
        .byte_order = QUANT_LITTLE, .order = QUANT_ORDER_C, .positional = true};
    reading->cursor->what = "a tensor's entry";
    enum quant_status status = read_name(reading, &info);
    if (status == QUANT_OK)
        status = read_shape(reading, &info);
    if (status == QUANT_OK)
        status = read_type(reading, &info);
    if (status == QUANT_OK)
        status = quant_gguf_take_64(reading->cursor, &info.offset);
    if (status == QUANT_OK && !quant_growing_list_add(&reading->tensors, &info, sizeof info))
        status = no_memory(reading);
    return status;
}

/* ---- Places ---- */

/* The offsets in the file, from those that count from the beginning of the data. Sums cannot
 * overflow: each end is within the file. */
static enum quant_status place_tensors(const struct reading *reading,
                                       struct quant_tensor_info *tensors, size_t n)
{
    const struct quant_gguf *gguf = reading->gguf;
    const uint64_t size = reading->file->source->size;
    uint64_t expected = 0;
    uint64_t end = gguf->data;
    for (size_t i = 0; i < n; i++) {
        struct quant_tensor_info *info = &tensors[i];
        if (info->offset != expected)
            return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                                    "tensor '%.200s' begins at byte %" PRIu64
                                    " of the data, not at %" PRIu64 ", after the tensor before it",
                                    info->name, info->offset, expected);
        info->offset += gguf->data;
        if (info->offset > size || info->nbytes > size - info->offset)
            return quant_gguf_error(reading->cursor, QUANT_TRUNCATED,
                                    "tensor '%.200s' needs %" PRIu64 " bytes from byte %" PRIu64
                                    " on, but the file ends at byte %" PRIu64,
                                    info->name, info->nbytes, info->offset, size);
        end = info->offset + info->nbytes;
        expected = quant_gguf_align(end - gguf->data, gguf->alignment);
    }
    /* The zeros after the last tensor may be missing. */
    if (n == 0 || size <= gguf->data + expected)
        return QUANT_OK;
    return quant_gguf_error(reading->cursor, QUANT_CORRUPT,
                            "it has %" PRIu64 " bytes after its last tensor, which ends at byte "
                            "%" PRIu64,
                            size - end, end);
}

static enum quant_status make_catalogue(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    const size_t n = reading->tensors.n;
    struct quant_tensor_info *tensors =
        quant_growing_list_keep(&reading->tensors, sizeof *tensors, &file->arena);
    if (!tensors)
        return no_memory(reading);
    file->tensors = tensors;
    file->n = n;
    reading->gguf->data = quant_gguf_align(reading->cursor->offset, reading->gguf->alignment);
    enum quant_status status = quant_tensor_file_index(file, reading->cursor->error);
    if (status == QUANT_OK)
        status = place_tensors(reading, tensors, n);
    file->header_nbytes = file->source->size;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        file->header_nbytes -= tensors[i].nbytes;
    return status;
}

/* ---- All of it ---- */

static enum quant_status read_header(struct reading *reading)
{
    enum quant_status status = read_head(reading);
    if (status == QUANT_OK)
        status = read_pairs(reading);
    if (status == QUANT_OK)
        status = make_metadata(reading);
    if (status == QUANT_OK)
        status = find_alignment(reading);
    for (uint64_t i = 0; status == QUANT_OK && i < reading->ntensors; i++)
        status = read_tensor(reading);
    return status == QUANT_OK ? make_catalogue(reading) : status;
}

enum quant_status quant_gguf_open(struct quant_tensor_file *file, struct quant_error *error)
{
    struct reading reading = {.file = file};
    reading.gguf = quant_arena_take(&file->arena, sizeof *reading.gguf);
    reading.cursor = malloc(sizeof *reading.cursor);
    enum quant_status status = QUANT_NO_MEMORY;
    if (reading.gguf && reading.cursor) {
        *reading.gguf = (struct quant_gguf){.pairs = NULL};
        *reading.cursor = (struct quant_gguf_cursor){.source = file->source, .error = error};
        file->state = reading.gguf;
        status = read_header(&reading);
    } else {
        quant_error_no_memory(error, sizeof *reading.cursor, "read buffer");
    }
    free(reading.pairs.items);
    free(reading.tensors.items);
    free(reading.cursor);
    return status;
}

/* ---- The digest ---- */

/* All bytes from one offset to another. */
static enum quant_status add_bytes(struct quant_source *source, uint64_t from, uint64_t to,
                                   XXH3_state_t *state, struct quant_error *error)
{
    unsigned char bytes[4096];
    while (from < to) {
        const size_t n = to - from < sizeof bytes ? (size_t)(to - from) : sizeof bytes;
        const enum quant_status status = quant_source_read_exactly(source, from, bytes, n, error);
        if (status != QUANT_OK)
            return status;
        XXH3_64bits_update(state, bytes, n);
        from += n;
    }
    return QUANT_OK;
}

enum quant_status quant_gguf_digest_header(const struct quant_tensor_file *file, uint64_t *digest,
                                           struct quant_error *error)
{
    XXH3_state_t *state = XXH3_createState();
    enum quant_status status = QUANT_OK;
    uint64_t at = 0;
    if (!state)
        return quant_error_no_memory(error, 4096, "buffers");
    XXH3_64bits_reset(state);
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        status = add_bytes(file->source, at, file->tensors[i].offset, state, error);
        at = file->tensors[i].offset + file->tensors[i].nbytes;
    }
    if (status == QUANT_OK)
        status = add_bytes(file->source, at, file->source->size, state, error);
    *digest = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return status;
}
