/* SPDX-License-Identifier: MIT */
/* Entry by entry, with a mark on each tensor of the container that one has named. */
#include "engine/files/restored_tensors.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/shape.h"
#include "engine/files/scale_shape.h"
#include "formats/container.h"
#include "records/scale_records.h"

struct reading {
    struct quant_restored_tensors *tensors;
    const struct quant_tensor_file *file;
    unsigned char *named; /* owned: one for each tensor of the file */
    size_t nnamed;
    size_t room; /* for tensors */
    const struct quant_restored_visitor *visitor;
    size_t i; /* the index of the entry; SIZE_MAX after the last */
    struct quant_error *error;
};

static enum quant_status no_memory(const struct reading *reading)
{
    return quant_error_no_memory(reading->error, sizeof(struct quant_restored_tensor), "tensors");
}

static enum quant_status disagree(const struct reading *reading, const char *name, const char *what)
{
    struct quant_error own;
    const enum quant_status status =
        quant_source_error(reading->file->source, &own, QUANT_CORRUPT,
                           "its sidecar does not belong to it: tensor '%.200s' %s", name, what);
    if (reading->visitor->on_fault) {
        if (reading->i != SIZE_MAX)
            reading->tensors->tensors[reading->i].is_faulty = true;
        reading->visitor->on_fault(reading->visitor->context, reading->i, name, &own);
        return QUANT_OK;
    }
    if (reading->error)
        *reading->error = own;
    return status;
}

/* Finds a tensor that an entry names, which no other entry may name. */
static enum quant_status find_named(struct reading *reading, const char *name, uint32_t *index)
{
    size_t found;
    if (!quant_tensor_file_find(reading->file, name, &found))
        return disagree(reading, name, "is missing");
    if (reading->named[found])
        return disagree(reading, name, "is named twice");
    reading->named[found] = 1;
    reading->nnamed++;
    *index = (uint32_t)found;
    return QUANT_OK;
}

static enum quant_status grow(struct reading *reading)
{
    struct quant_restored_tensors *tensors = reading->tensors;
    if (tensors->n < reading->room)
        return QUANT_OK;
    const size_t room = reading->room ? 2 * reading->room : 64;
    void *larger = realloc(tensors->tensors, room * sizeof *tensors->tensors);
    if (!larger)
        return no_memory(reading);
    tensors->tensors = larger;
    reading->room = room;
    return QUANT_OK;
}

static enum quant_status copy_shape(struct reading *reading,
                                    const struct quant_sidecar_entry *entry,
                                    struct quant_restored_tensor *tensor)
{
    const size_t nbytes = (size_t)entry->ndim * sizeof *entry->dims;
    uint64_t *dims = quant_arena_take(&reading->tensors->arena, nbytes + 1);
    if (!dims)
        return no_memory(reading);
    if (nbytes > 0)
        memcpy(dims, entry->dims, nbytes);
    tensor->dims = dims;
    tensor->ndim = (uint32_t)entry->ndim;
    tensor->nelems = 1;
    for (int i = 0; i < entry->ndim; i++)
        tensor->nelems *= dims[i]; /* the reader has checked the product */
    return QUANT_OK;
}

/* Two 4-bit integers to a byte are stored as bytes: their shape is in the metadata, if the format
 * has any. */
static enum quant_status check_shape(const struct reading *reading,
                                     const struct quant_tensor_info *info,
                                     const struct quant_sidecar_entry *entry,
                                     const struct quant_restored_tensor *tensor)
{
    const bool is_packed = !entry->is_copied && quant_dtype_info(entry->params.dtype)->bits == 4;
    const struct quant_shape shape = quant_shape_of(tensor->dims, tensor->ndim);
    bool agrees = true;
    if (!is_packed)
        return quant_tensor_has_shape(info, &shape)
                   ? QUANT_OK
                   : disagree(reading, entry->name, "has another shape");
    const enum quant_status status =
        quant_metadata_has_shape(reading->file, info, &shape, &agrees, reading->error);
    if (status != QUANT_OK)
        return status;
    return agrees && info->nbytes == quant_dtype_bytes(entry->params.dtype, tensor->nelems)
               ? QUANT_OK
               : disagree(reading, entry->name, "has another shape");
}

/* Bytes of two 4-bit integers are in the order that the sidecar says, if the format can keep it. */
static bool has_other_order(const struct reading *reading, const struct quant_tensor_info *info,
                            const struct quant_sidecar_entry *entry)
{
    const bool is_packed = quant_dtype_info(entry->params.dtype)->bits == 4;
    const bool may_differ = is_packed && reading->file->format->container->keeps_order;
    const struct quant_shape shape = quant_shape_of(entry->dims, (size_t)entry->ndim);
    return !may_differ && info->order != entry->order && quant_shape_has_order(&shape);
}

static enum quant_status check_data(const struct reading *reading,
                                    const struct quant_sidecar_entry *entry,
                                    struct quant_restored_tensor *tensor)
{
    if (tensor->data == QUANT_NOT_STORED)
        return QUANT_OK;
    const struct quant_tensor_info *info = &reading->file->tensors[tensor->data];
    if (strcmp(info->type->name, entry->stored_type) != 0)
        return disagree(reading, entry->name, "has another type");
    if (info->nbytes != entry->stored_nbytes)
        return disagree(reading, entry->name, "has another size");
    const enum quant_status status = check_shape(reading, info, entry, tensor);
    if (status != QUANT_OK)
        return status;
    if (tensor->is_copied)
        tensor->order = (enum quant_order)info->order;
    else if (has_other_order(reading, info, entry))
        return disagree(reading, entry->name, "has another order");
    return QUANT_OK;
}

/* One scale is in the sidecar as well as in its tensor, whose checksum is that of these bytes. */
static enum quant_status check_one_scale(const struct reading *reading,
                                         const struct quant_sidecar_entry *entry)
{
    const enum quant_dtype dtype = entry->params.scale_dtype;
    unsigned char bytes[QUANT_SCALE_RECORD_MOST];
    if (entry->has_groups || !entry->scale_name)
        return QUANT_OK;
    quant_scale_column_encode(dtype, &entry->params.scale, 1, bytes);
    if (XXH3_64bits(bytes, (size_t)quant_dtype_bytes(dtype, 1)) != entry->digests.scales)
        return disagree(reading, entry->scale_name, "holds another scale");
    quant_store_32_little(bytes, (uint32_t)entry->params.zero_point);
    if (entry->zero_point_name && XXH3_64bits(bytes, 4) != entry->digests.zero_points)
        return disagree(reading, entry->zero_point_name, "holds another zero point");
    return QUANT_OK;
}

/* A tensor of scales or of zero points, of nbytes; name NULL: the entry names no tensor. The shape
 * says which elements each scale belongs to. */
static enum quant_status find_beside(struct reading *reading, const char *name, uint64_t nbytes,
                                     const struct quant_shape *shape, uint32_t *index)
{
    if (!name)
        return QUANT_OK;
    const enum quant_status status = find_named(reading, name, index);
    if (status != QUANT_OK || *index == QUANT_NOT_STORED)
        return status;
    const struct quant_tensor_info *info = &reading->file->tensors[*index];
    if (info->nbytes != nbytes)
        return disagree(reading, name, "has another size");
    return quant_tensor_has_shape(info, shape) ? QUANT_OK
                                               : disagree(reading, name, "has another shape");
}

static enum quant_status find_scales(struct reading *reading,
                                     const struct quant_sidecar_entry *entry,
                                     struct quant_restored_tensor *tensor)
{
    const struct quant_shape shape = quant_scale_shape(tensor->dims, tensor->ndim, tensor->axis,
                                                       tensor->block_size, tensor->block_rows);
    enum quant_status status = find_beside(
        reading, entry->scale_name,
        quant_dtype_bytes(entry->params.scale_dtype, entry->scale_count), &shape, &tensor->scales);
    if (status == QUANT_OK)
        status = find_beside(reading, entry->zero_point_name,
                             quant_params_have_biases(&entry->params)
                                 ? quant_dtype_bytes(entry->params.scale_dtype, entry->scale_count)
                                 : 4 * entry->scale_count,
                             &shape, &tensor->zero_points);
    if (status == QUANT_OK && entry->has_groups && !entry->scale_name)
        status = disagree(reading, entry->name, "has no scales");
    return status == QUANT_OK ? check_one_scale(reading, entry) : status;
}

static enum quant_status copy_method(struct reading *reading,
                                     const struct quant_sidecar_entry *entry,
                                     struct quant_restored_tensor *tensor)
{
    struct quant_arena *arena = &reading->tensors->arena;
    struct quant_restored_method *method = quant_arena_take(arena, sizeof *method);
    const char *name = quant_arena_join(arena, entry->method, "");
    if (!method || !name)
        return no_memory(reading);
    *method = (struct quant_restored_method){.name = name,
                                             .has_argument = entry->has_argument,
                                             .has_range = entry->has_range,
                                             .argument = entry->argument,
                                             .range = {entry->range[0], entry->range[1]}};
    tensor->method = method;
    return QUANT_OK;
}

static enum quant_status add(struct reading *reading, const struct quant_sidecar_entry *entry)
{
    enum quant_status status = grow(reading);
    if (status != QUANT_OK)
        return status;
    reading->i = reading->tensors->n++;
    struct quant_restored_tensor *tensor = &reading->tensors->tensors[reading->i];
    *tensor = (struct quant_restored_tensor){.params = entry->params,
                                             .digests = entry->digests,
                                             .block_size = entry->block_size,
                                             .block_rows = entry->block_rows,
                                             .data = QUANT_NOT_STORED,
                                             .scales = QUANT_NOT_STORED,
                                             .zero_points = QUANT_NOT_STORED,
                                             .axis = entry->has_groups ? entry->axis : -1,
                                             .order = entry->order,
                                             .is_copied = entry->is_copied};
    status = find_named(reading, entry->name, &tensor->data);
    if (status == QUANT_OK)
        status = copy_shape(reading, entry, tensor);
    if (status == QUANT_OK)
        status = check_data(reading, entry, tensor);
    if (status == QUANT_OK && !entry->is_copied)
        status = find_scales(reading, entry, tensor);
    if (status == QUANT_OK && !entry->is_copied && reading->visitor->on_fault)
        status = copy_method(reading, entry, tensor);
    reading->tensors->ncopied += entry->is_copied;
    if (status == QUANT_OK && reading->visitor->on_entry)
        status = reading->visitor->on_entry(reading->visitor->context, reading->i, entry,
                                            reading->error);
    return status;
}

static enum quant_status check_all_named(struct reading *reading)
{
    enum quant_status status = QUANT_OK;
    reading->i = SIZE_MAX;
    if (reading->nnamed == reading->file->n)
        return QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < reading->file->n; i++)
        if (!reading->named[i])
            status = disagree(reading, reading->file->tensors[i].name, "is not in it");
    return status;
}

enum quant_status quant_restored_tensors_visit(struct quant_restored_tensors *tensors,
                                               struct quant_sidecar_reader *reader,
                                               const struct quant_tensor_file *file,
                                               const struct quant_restored_visitor *visitor,
                                               struct quant_error *error)
{
    struct reading reading = {.tensors = tensors, .file = file, .visitor = visitor, .error = error};
    struct quant_sidecar_entry entry;
    bool found = true;
    reading.named = calloc(file->n + 1, 1);
    enum quant_status status = reading.named ? QUANT_OK : no_memory(&reading);
    while (status == QUANT_OK && found) {
        status = quant_sidecar_tensors_next(reader, &entry, &found, error);
        if (status == QUANT_OK && found)
            status = add(&reading, &entry);
    }
    if (status == QUANT_OK)
        status = check_all_named(&reading);
    free(reading.named);
    return status;
}

enum quant_status quant_restored_tensors_inspect(struct quant_restored_tensors *tensors,
                                                 struct quant_sidecar_reader *reader,
                                                 const struct quant_tensor_file *file,
                                                 quant_restored_fault_fn *on_fault, void *context,
                                                 struct quant_error *error)
{
    const struct quant_restored_visitor visitor = {.on_fault = on_fault, .context = context};
    return quant_restored_tensors_visit(tensors, reader, file, &visitor, error);
}

enum quant_status quant_restored_tensors_read(struct quant_restored_tensors *tensors,
                                              struct quant_sidecar_reader *reader,
                                              const struct quant_tensor_file *file,
                                              struct quant_error *error)
{
    return quant_restored_tensors_inspect(tensors, reader, file, NULL, NULL, error);
}

void quant_restored_tensors_release(struct quant_restored_tensors *tensors)
{
    free(tensors->tensors);
    quant_arena_release(&tensors->arena);
    *tensors = (struct quant_restored_tensors){.tensors = NULL};
}
