/* SPDX-License-Identifier: MIT */
/* The catalogue of an archive: its framing, and the .npy header at the beginning of each member. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/shape.h"
#include "formats/npz.h"
#include "formats/npz_source.h"
#include "formats/zip_inflate.h"

/* What is read of a member at first: nearly every header is shorter. */
enum { USUAL = 512 };

struct reading {
    struct quant_tensor_file *file;
    struct quant_npz_state *state;
    struct quant_tensor_info *tensors; /* in the arena */
    unsigned char *head;               /* owned: the first bytes of a member */
    size_t room;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct reading *reading, size_t nbytes)
{
    return quant_error_no_memory(reading->error, nbytes, "catalogue");
}

/* ---- One member ---- */

/* The first nbytes of a member, or all of it. */
static enum quant_status read_head(struct reading *reading, const struct quant_zip_member *member,
                                   size_t nbytes, size_t *got)
{
    struct quant_source *archive = reading->state->archive;
    if (nbytes > reading->room) {
        unsigned char *larger = realloc(reading->head, nbytes);
        if (!larger)
            return no_memory(reading, nbytes);
        reading->head = larger;
        reading->room = nbytes;
    }
    if (member->nbytes < nbytes)
        nbytes = (size_t)member->nbytes;
    if (member->method == QUANT_ZIP_DEFLATED)
        return quant_zip_inflate_head(archive, member, reading->head, nbytes, got, reading->error);
    *got = nbytes;
    return quant_source_read_exactly(archive, member->data, reading->head, nbytes, reading->error);
}

/* How long a header is that begins with these bytes, at most: what is wrong with it is for others
 * to say. */
static size_t header_length(const unsigned char *head, size_t nbytes)
{
    size_t length = 0;
    if (nbytes < QUANT_NPY_PREFIX)
        return 0;
    for (size_t i = head[6] == 1 ? 2 : 4; i-- > 0;)
        length = length << 8 | head[8 + i];
    return length <= QUANT_NPY_HEADER_MAX ? QUANT_NPY_PREFIX + length : 0;
}

/* What is wrong with the header of a file without a name is said of the member. */
static enum quant_status tell(const struct reading *reading, const struct quant_zip_member *member,
                              const struct quant_error *found)
{
    static const char prefix[] = "cannot read '': ";
    const bool has_prefix = strncmp(found->text, prefix, sizeof prefix - 1) == 0;
    return quant_zip_member_error(reading->file->source, member->name, reading->error,
                                  found->status, "cannot be read: %s",
                                  found->text + (has_prefix ? sizeof prefix - 1 : 0));
}

static enum quant_status parse_head(struct reading *reading, const struct quant_zip_member *member,
                                    size_t nbytes, struct quant_npy_header *header,
                                    uint64_t *data_offset)
{
    struct quant_error found;
    struct quant_source *source = quant_source_from_memory(reading->head, nbytes, "");
    if (!source)
        return no_memory(reading, nbytes);
    const enum quant_status status = quant_npy_read_header(source, header, data_offset, &found);
    quant_source_close(source);
    return status == QUANT_OK ? status : tell(reading, member, &found);
}

static enum quant_status read_header(struct reading *reading, const struct quant_zip_member *member,
                                     size_t i, struct quant_npy_header *header,
                                     uint64_t *data_offset)
{
    size_t got = 0;
    enum quant_status status = read_head(reading, member, USUAL, &got);
    const size_t wanted = status == QUANT_OK ? header_length(reading->head, got) : 0;
    if (status == QUANT_OK && wanted > got && got < member->nbytes)
        status = read_head(reading, member, wanted, &got);
    if (status == QUANT_OK)
        status = parse_head(reading, member, got, header, data_offset);
    if (status == QUANT_OK && member->method == QUANT_ZIP_STORED)
        quant_npz_source_set_head(reading->state->source, i, reading->head, (size_t)*data_offset);
    return status;
}

/* The name of a tensor is that of its member without the suffix. */
static enum quant_status read_name(struct reading *reading, const struct quant_zip_member *member,
                                   const char **name)
{
    const size_t suffix = sizeof QUANT_NPZ_SUFFIX - 1;
    const size_t length = strlen(member->name);
    if (length < suffix || strcmp(member->name + length - suffix, QUANT_NPZ_SUFFIX) != 0)
        return quant_zip_member_error(reading->file->source, member->name, reading->error,
                                      QUANT_UNSUPPORTED,
                                      "is not a .npy array, of which a .npz file consists");
    char *copy = quant_arena_join(&reading->file->arena, member->name, "");
    if (!copy)
        return no_memory(reading, length + 1);
    copy[length - suffix] = '\0';
    *name = copy;
    return QUANT_OK;
}

/* The size that the header needs is the size that the archive says. */
static enum quant_status check_size(const struct reading *reading,
                                    const struct quant_zip_member *member,
                                    const struct quant_shape *shape, unsigned bits,
                                    uint64_t data_offset, uint64_t *nbytes)
{
    char text[QUANT_SHAPE_TEXT];
    uint64_t nelems;
    if (!quant_shape_count(shape, &nelems) || !quant_checked_mul(nelems, bits / 8, nbytes) ||
        *nbytes > INT64_MAX - data_offset)
        return quant_zip_member_error(reading->file->source, member->name, reading->error,
                                      QUANT_OUT_OF_RANGE, "has the shape %s, larger than any file",
                                      quant_shape_text(shape, text));
    if (member->nbytes == data_offset + *nbytes)
        return QUANT_OK;
    return quant_zip_member_error(reading->file->source, member->name, reading->error,
                                  member->nbytes < data_offset + *nbytes ? QUANT_TRUNCATED
                                                                         : QUANT_CORRUPT,
                                  "has %llu bytes, but its header and its shape %s need %llu",
                                  (unsigned long long)member->nbytes, quant_shape_text(shape, text),
                                  (unsigned long long)(data_offset + *nbytes));
}

static enum quant_status read_type(const struct reading *reading,
                                   const struct quant_zip_member *member,
                                   const struct quant_npy_header *header,
                                   struct quant_tensor_info *info)
{
    enum quant_byte_order byte_order;
    const char *wrong;
    const enum quant_status status =
        quant_npz_read_type(&reading->file->arena, header->descr, &info->type, &byte_order, &wrong);
    if (status == QUANT_NO_MEMORY)
        return no_memory(reading, sizeof *info->type);
    if (status != QUANT_OK)
        return quant_zip_member_error(reading->file->source, member->name, reading->error, status,
                                      "cannot be read: dtype '%s': %s", header->descr, wrong);
    info->byte_order = (uint8_t)byte_order;
    return QUANT_OK;
}

static enum quant_status read_member(struct reading *reading, size_t i)
{
    const struct quant_zip_member *member = &reading->state->zip->members[i];
    struct quant_tensor_info *info = &reading->tensors[i];
    struct quant_npy_header header;
    uint64_t data_offset = 0;
    *info = (struct quant_tensor_info){.positional = true};
    enum quant_status status = read_name(reading, member, &info->name);
    if (status == QUANT_OK)
        status = read_header(reading, member, i, &header, &data_offset);
    if (status == QUANT_OK)
        status = read_type(reading, member, &header, info);
    if (status == QUANT_OK)
        status = check_size(reading, member, &header.shape, info->type->bits, data_offset,
                            &info->nbytes);
    if (status != QUANT_OK)
        return status;
    const size_t nbytes = (size_t)header.shape.ndim * sizeof *header.shape.dims;
    uint64_t *dims = quant_arena_take(&reading->file->arena, nbytes + 1);
    if (!dims)
        return no_memory(reading, nbytes);
    memcpy(dims, header.shape.dims, nbytes);
    info->dims = dims;
    info->ndim = (uint32_t)header.shape.ndim;
    info->order = header.fortran_order ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C;
    info->offset = quant_npz_source_place(reading->state->source, i) + data_offset;
    reading->file->header_nbytes -=
        member->method == QUANT_ZIP_STORED ? info->nbytes : member->packed;
    return QUANT_OK;
}

/* ---- All of them ---- */

static enum quant_status read_members(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    const size_t n = reading->state->zip->n;
    enum quant_status status = QUANT_OK;
    reading->tensors = quant_arena_take(&file->arena, (n + 1) * sizeof *reading->tensors);
    if (!reading->tensors)
        return no_memory(reading, n * sizeof *reading->tensors);
    file->header_nbytes = file->source->size;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = read_member(reading, i);
    if (status != QUANT_OK)
        return status;
    file->tensors = reading->tensors;
    file->n = n;
    file->source = reading->state->source;
    return quant_tensor_file_index(file, reading->error);
}

enum quant_status quant_npz_open(struct quant_tensor_file *file, struct quant_error *error)
{
    struct reading reading = {.file = file, .error = error};
    struct quant_npz_state *state = quant_arena_take(&file->arena, sizeof *state);
    struct quant_zip *zip = quant_arena_take(&file->arena, sizeof *zip);
    if (!state || !zip)
        return no_memory(&reading, sizeof *zip);
    *state = (struct quant_npz_state){.archive = file->source, .zip = zip};
    file->state = reading.state = state;
    enum quant_status status = quant_zip_read(file->source, &file->arena, zip, error);
    if (status != QUANT_OK)
        return status;
    state->source = quant_npz_source_open(file->source, zip);
    status = state->source ? read_members(&reading) : no_memory(&reading, zip->n);
    free(reading.head);
    return status;
}

enum quant_status quant_npz_finish(struct quant_tensor_file *file, struct quant_error *error)
{
    const struct quant_npz_state *state = file->state;
    return quant_npz_source_finish(state->source, error);
}

void quant_npz_close(struct quant_tensor_file *file)
{
    struct quant_npz_state *state = file->state;
    if (state)
        quant_source_close(state->source);
}
