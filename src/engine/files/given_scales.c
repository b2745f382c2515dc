/* SPDX-License-Identifier: MIT */
/* A sidecar leads to its container, whose tensors are then found by the sidecar's entries. */
#include "engine/files/given_scales.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "engine/files/quantized_container.h"
#include "engine/files/scale_arrays.h"
#include "engine/files/scale_names.h"
#include "engine/files/tensor_copy.h"
#include "formats/container.h"
#include "io/io.h"
#include "records/scale_records.h"
#include "records/sidecar.h"

static const char scale_suffix[] = "_scale";
static const char zero_point_suffix[] = "_zero_point";

/* ---- Opening ---- */

static enum quant_status index_entries(struct quant_given_scales *given, struct quant_error *error)
{
    const size_t n = given->input.file->n;
    given->entries = malloc((n + 1) * sizeof *given->entries);
    if (!given->entries)
        return quant_error_no_memory(error, n * sizeof *given->entries, "tensors");
    for (size_t i = 0; i < n; i++)
        given->entries[i] = QUANT_NOT_STORED;
    for (size_t i = 0; i < given->restored.n; i++)
        given->entries[given->restored.tensors[i].data] = (uint32_t)i;
    return QUANT_OK;
}

static enum quant_status open_beside(struct quant_given_scales *given,
                                     struct quant_sidecar_reader *reader,
                                     const struct quant_cancel *cancel, struct quant_error *error)
{
    const struct quant_sidecar_head *head = quant_sidecar_tensors_head(reader);
    if (!head->data_path)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' does not name the file that its scales are in", given->path);
    given->data_path = quant_path_beside(head->data_path, given->path);
    if (!given->data_path)
        return quant_error_no_memory(error, strlen(head->data_path), "path");
    enum quant_status status = quant_quantized_container_open(&given->input, given->data_path,
                                                              reader, given->path, cancel, error);
    if (status == QUANT_OK)
        status = quant_restored_tensors_read(&given->restored, reader, given->input.file, error);
    return status == QUANT_OK ? index_entries(given, error) : status;
}

static enum quant_status open_sidecar(struct quant_given_scales *given, struct quant_source *source,
                                      const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_sidecar_reader *reader = NULL;
    bool is_sidecar = false;
    enum quant_status status = quant_sidecar_begins(source, &is_sidecar, error);
    if (status == QUANT_OK && !is_sidecar)
        status = quant_error_set(error, QUANT_INVALID,
                                 "'%s' has no scales: it is neither .npz nor .safetensors, nor a "
                                 "sidecar of quant",
                                 given->path);
    /* It is opened again by its path, or names a file beside it. */
    if (status == QUANT_OK && quant_path_is_stream(given->path))
        status = quant_error_set(error, QUANT_INVALID,
                                 "'%s' is a sidecar, which must be a regular file, not a stream",
                                 given->path);
    if (status == QUANT_OK)
        status = quant_sidecar_tensors_open(source, &reader, error);
    if (status == QUANT_OK && reader) {
        status = open_beside(given, reader, cancel, error);
    } else if (status == QUANT_OK) {
        status = quant_sidecar_read(given->path, cancel, &given->loaded, error);
        given->is_single = true;
    }
    quant_sidecar_tensors_close(reader);
    return status;
}

enum quant_status quant_given_scales_open(struct quant_given_scales *given, const char *path,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error)
{
    const struct quant_format *format = NULL;
    struct quant_source *source = NULL;
    *given = (struct quant_given_scales){.path = path};
    enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_format_recognize(source, false, &format, error);
    if (status == QUANT_OK && format->container)
        return quant_container_input_open(&given->input, source, format, cancel, error);
    if (status == QUANT_OK)
        status = open_sidecar(given, source, cancel, error);
    quant_source_close(source);
    return status;
}

void quant_given_scales_close(struct quant_given_scales *given)
{
    quant_restored_tensors_release(&given->restored);
    quant_container_input_close(&given->input);
    quant_loaded_release(&given->loaded);
    free(given->entries);
    free(given->data_path);
    *given = (struct quant_given_scales){.path = NULL};
}

/* ---- Finding ---- */

static struct quant_shape shape_of(const struct quant_tensor_info *info)
{
    return quant_shape_of(info->dims, info->ndim <= QUANT_MAX_DIMS ? info->ndim : 0);
}

static enum quant_status no_scales(const struct quant_given_scales *given, const char *name,
                                   struct quant_error *error)
{
    if (*name)
        return quant_error_set(error, QUANT_INVALID, "'%s' has no scales for it: no '%.200s%s'",
                               given->path, name, scale_suffix);
    return quant_error_set(error, QUANT_INVALID,
                           "'%s' has no scales for a tensor without a name: no '%s'", given->path,
                           scale_suffix + 1);
}

/* The tensor of that name and suffix; of the suffix alone, without its underscore, for one that
 * has no name. */
static enum quant_status find_named(const struct quant_given_scales *given, const char *name,
                                    const char *suffix, size_t *index, bool *found,
                                    struct quant_error *error)
{
    char *full = NULL;
    if (!*name) {
        *found = quant_tensor_file_find(given->input.file, suffix + 1, index);
        return QUANT_OK;
    }
    if (asprintf(&full, "%s%s", name, suffix) < 0)
        return quant_error_no_memory(error, strlen(name) + strlen(suffix), "names");
    *found = quant_tensor_file_find(given->input.file, full, index);
    free(full);
    return QUANT_OK;
}

static enum quant_status find_by_names(const struct quant_given_scales *given, const char *name,
                                       struct quant_given_array *array, bool *found,
                                       struct quant_error *error)
{
    enum quant_status status = find_named(given, name, scale_suffix, &array->scales, found, error);
    if (status == QUANT_OK)
        status = find_named(given, name, zero_point_suffix, &array->zero_points,
                            &array->has_zero_points, error);
    return status == QUANT_OK && *name
               ? quant_has_biases_beside(given->input.file, name, &array->has_biases, error)
               : status;
}

static bool find_by_entry(const struct quant_given_scales *given, const char *name,
                          struct quant_given_array *array)
{
    size_t data;
    if (!quant_tensor_file_find(given->input.file, name, &data) ||
        given->entries[data] == QUANT_NOT_STORED)
        return false;
    const struct quant_restored_tensor *entry = &given->restored.tensors[given->entries[data]];
    array->scales = entry->scales;
    array->zero_points = entry->zero_points;
    array->has_zero_points = entry->zero_points != QUANT_NOT_STORED;
    array->digests = &entry->digests;
    array->has_biases = quant_params_have_biases(&entry->params);
    return !entry->is_copied && entry->scales != QUANT_NOT_STORED;
}

static void find_loaded(const struct quant_given_scales *given, struct quant_given_array *array)
{
    const struct quant_loaded *loaded = &given->loaded;
    array->order = loaded->order;
    array->count = loaded->grouping.count;
    quant_grouping_scale_shape(&loaded->grouping, &loaded->shape, &array->shape);
    for (uint64_t i = 0; i < array->count; i++)
        array->has_zero_points = array->has_zero_points || loaded->zero_points[i] != 0;
    array->has_zero_points =
        array->has_zero_points || quant_params_have_zero_points(&loaded->params);
    array->has_biases = loaded->biases;
}

static enum quant_status refuse_biases(const struct quant_given_scales *given,
                                       struct quant_error *error)
{
    return quant_error_set(error, QUANT_INVALID,
                           "the scales in '%s' are used with biases, and no good without them",
                           given->path);
}

enum quant_status quant_given_scales_find(const struct quant_given_scales *given, const char *name,
                                          struct quant_given_array *array,
                                          struct quant_error *error)
{
    *array = (struct quant_given_array){.count = 0};
    if (given->is_single) {
        find_loaded(given, array);
        if (array->has_biases)
            return refuse_biases(given, error);
        return *name ? no_scales(given, name, error) : QUANT_OK;
    }
    bool found = given->entries && find_by_entry(given, name, array);
    const enum quant_status status =
        given->entries ? QUANT_OK : find_by_names(given, name, array, &found, error);
    if (status != QUANT_OK || !found)
        return status == QUANT_OK ? no_scales(given, name, error) : status;
    if (array->has_biases)
        return refuse_biases(given, error);
    const struct quant_tensor_info *info = &given->input.file->tensors[array->scales];
    array->shape = shape_of(info);
    array->order = (enum quant_order)info->order;
    quant_shape_count(&array->shape, &array->count);
    if (!array->has_zero_points)
        return QUANT_OK;
    const struct quant_tensor_info *other = &given->input.file->tensors[array->zero_points];
    const struct quant_shape shape = shape_of(other);
    if (quant_shape_equal(&shape, &array->shape) && other->order == info->order)
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "in '%s' the zero points '%.200s' have another shape than the scales",
                           given->path, other->name);
}

/* ---- Reading ---- */

static enum quant_status check_digest(const struct quant_given_scales *given, size_t i,
                                      uint64_t expected, struct quant_error *error)
{
    const struct quant_tensor_file *file = given->input.file;
    const struct quant_extent extent = {file->tensors[i].offset, file->tensors[i].nbytes};
    uint64_t digest = 0;
    const enum quant_status status =
        quant_tensor_copy(file->source, &extent, NULL, 0, &digest, error);
    if (status == QUANT_OK && digest != expected)
        return quant_source_error(file->source, error, QUANT_CORRUPT,
                                  "the checksum of '%.200s' is %016llx, not %016llx as in '%s'",
                                  file->tensors[i].name, (unsigned long long)digest,
                                  (unsigned long long)expected, given->path);
    return status;
}

enum quant_status quant_given_scales_read(const struct quant_given_scales *given,
                                          const struct quant_given_array *array, float *scales,
                                          int32_t *zero_points, struct quant_error *error)
{
    const struct quant_tensor_file *file = given->input.file;
    const struct quant_digests *digests = array->digests;
    if (given->is_single) {
        memcpy(scales, given->loaded.scales, (size_t)array->count * sizeof *scales);
        memcpy(zero_points, given->loaded.zero_points, (size_t)array->count * sizeof *zero_points);
        return QUANT_OK;
    }
    enum quant_status status = quant_scale_array_read(file, array->scales, scales, error);
    if (status == QUANT_OK && array->has_zero_points)
        status = quant_zero_point_array_read(file, array->zero_points, zero_points, error);
    if (status == QUANT_OK && digests)
        status = check_digest(given, array->scales, digests->scales, error);
    if (status == QUANT_OK && digests && array->has_zero_points)
        status = check_digest(given, array->zero_points, digests->zero_points, error);
    return status;
}

/* ---- The digest ---- */

static uint64_t chain(uint64_t digest, const void *bytes, size_t nbytes)
{
    return XXH3_64bits_withSeed(bytes, nbytes, digest);
}

static bool ends_with(const char *name, const char *suffix)
{
    const size_t length = strlen(name);
    const size_t end = strlen(suffix);
    return strcmp(name, suffix + 1) == 0 ||
           (length > end && strcmp(name + length - end, suffix) == 0);
}

/* Which arrays the entries of a sidecar name. */
static uint64_t chain_entries(const struct quant_given_scales *given, uint64_t digest)
{
    const struct quant_tensor_info *tensors = given->input.file->tensors;
    for (size_t i = 0; i < given->restored.n; i++) {
        const struct quant_restored_tensor *entry = &given->restored.tensors[i];
        const uint32_t named[] = {entry->data, entry->scales, entry->zero_points};
        for (size_t k = 0; k < sizeof named / sizeof *named; k++) {
            const char *name = named[k] == QUANT_NOT_STORED ? "" : tensors[named[k]].name;
            digest = chain(digest, name, strlen(name) + 1);
        }
    }
    return digest;
}

/* As a file of scales has them. */
static uint64_t digest_loaded(const struct quant_loaded *loaded)
{
    enum { RECORDS_AT_A_TIME = 1024 };
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    const struct quant_scale_records layout = {QUANT_FLOAT32, true, false};
    const uint64_t count = loaded->grouping.count;
    uint64_t digest = 0;
    for (uint64_t first = 0; first < count; first += RECORDS_AT_A_TIME) {
        const uint64_t left = count - first;
        const size_t n = left < RECORDS_AT_A_TIME ? (size_t)left : RECORDS_AT_A_TIME;
        const struct quant_group_params some = {.scales = loaded->scales + first,
                                                .zero_points = loaded->zero_points + first};
        quant_scale_records_encode(&layout, &some, n, records);
        digest = chain(digest, records, n * quant_scale_record_size(&layout));
    }
    return digest;
}

enum quant_status quant_given_scales_digest(const struct quant_given_scales *given,
                                            uint64_t *digest, struct quant_error *error)
{
    const struct quant_tensor_file *file = given->input.file;
    enum quant_status status = QUANT_OK;
    *digest = 0;
    if (given->is_single) {
        *digest = digest_loaded(&given->loaded);
        return QUANT_OK;
    }
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        const struct quant_extent extent = {info->offset, info->nbytes};
        unsigned char bytes[8];
        uint64_t own = 0;
        if (!ends_with(info->name, scale_suffix) && !ends_with(info->name, zero_point_suffix))
            continue;
        status = quant_tensor_copy(file->source, &extent, NULL, 0, &own, error);
        quant_store_64_little(bytes, own);
        *digest = chain(chain(*digest, info->name, strlen(info->name) + 1), bytes, sizeof bytes);
    }
    if (given->entries)
        *digest = chain_entries(given, *digest);
    return status;
}
