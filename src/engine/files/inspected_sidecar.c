/* SPDX-License-Identifier: MIT */
#include "engine/files/inspected_sidecar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/sidecar_pair.h"
#include "io/io.h"
#include "io/sidecar_names.h"

/* While both are replaced, the pending sidecar may be that of the data. */
static enum quant_status choose(struct quant_inspected_sidecar *sidecar, const char *data,
                                const struct quant_cancel *cancel, struct quant_error *error)
{
    char *pending = NULL;
    const enum quant_status status =
        quant_pair_find_pending(data, sidecar->path, cancel, &pending, error);
    if (pending) {
        free(sidecar->path);
        sidecar->path = pending;
    }
    return status;
}

static enum quant_status check_size(const struct quant_inspected_sidecar *sidecar,
                                    const struct quant_source *data, uint64_t expected,
                                    struct quant_error *error)
{
    if (data->size == QUANT_SIZE_UNKNOWN || data->size == expected)
        return QUANT_OK;
    return quant_error_set(
        error, QUANT_CORRUPT, "'%s' has %llu bytes, not %llu as in its sidecar '%s'", data->name,
        (unsigned long long)data->size, (unsigned long long)expected, sidecar->path);
}

static enum quant_status read_text(struct quant_inspected_sidecar *sidecar, bool is_given,
                                   const struct quant_source *data,
                                   const struct quant_cancel *cancel, struct quant_error *error)
{
    bool begins = true;
    enum quant_status status = quant_input_open(sidecar->path, cancel, &sidecar->source, error);
    if (status == QUANT_OK && !is_given)
        status = quant_sidecar_begins(sidecar->source, &begins, error);
    if (status != QUANT_OK || !begins)
        return status;
    status = quant_sidecar_tensors_open(sidecar->source, &sidecar->reader, error);
    if (sidecar->reader)
        return check_size(sidecar, data, quant_sidecar_tensors_head(sidecar->reader)->data_nbytes,
                          error);
    if (status == QUANT_OK)
        status = quant_sidecar_parse(sidecar->source, &sidecar->single, error);
    sidecar->is_single = status == QUANT_OK;
    return status == QUANT_OK ? check_size(sidecar, data, sidecar->single.data_bytes, error)
                              : status;
}

enum quant_status quant_inspected_sidecar_open(struct quant_inspected_sidecar *sidecar,
                                               const struct quant_source *data, const char *path,
                                               const char *given, const struct quant_cancel *cancel,
                                               struct quant_error *error)
{
    struct quant_error fault = {.status = QUANT_OK};
    if (!given && (!data->positional || quant_path_is_stream(path)))
        return QUANT_OK;
    sidecar->path = given ? strdup(given) : quant_sidecar_default(path);
    if (!sidecar->path)
        return quant_error_no_memory(error, strlen(path) + 6, "path");
    enum quant_status status = choose(sidecar, path, cancel, error);
    if (status != QUANT_OK || (!given && !quant_path_is_regular(sidecar->path)))
        return status;
    status = read_text(sidecar, given, data, cancel, &fault);
    if (status == QUANT_OK)
        return QUANT_OK;
    if (quant_is_fatal(status))
        return quant_error_set(error, status, "%s", fault.text);
    quant_sidecar_tensors_close(sidecar->reader);
    sidecar->reader = NULL;
    sidecar->is_single = false;
    sidecar->fault = fault;
    return QUANT_OK;
}

static void copy_path(char copy[QUANT_PATH_ROOM], const char *path)
{
    snprintf(copy, QUANT_PATH_ROOM, "%s", path ? path : "");
}

void quant_inspected_sidecar_record(const struct quant_inspected_sidecar *sidecar,
                                    struct quant_recorded *recorded)
{
    const struct quant_sidecar *single = &sidecar->single;
    const struct quant_dtype_info *info = quant_dtype_info(single->params.dtype);
    *recorded = (struct quant_recorded){
        .params = single->params,
        .axis = single->has_groups ? single->groups.axis : -1,
        .block_size = single->groups.block_size,
        .block_rows = single->groups.block_rows,
        .scale_count = single->has_groups  ? single->groups.count
                       : info->is_unscaled ? 0
                                           : 1,
        .has_argument = single->has_argument,
        .argument = single->argument,
        .has_range = single->has_range,
        .range = {single->range[0], single->range[1]},
        .has_observed = single->has_observed,
        .observed = {single->observed[0], single->observed[1]},
        .source_dtype = single->source_dtype,
        .xxh3_64 = single->data_xxh3_64,
    };
    snprintf(recorded->method, sizeof recorded->method, "%s", single->method);
    snprintf(recorded->source_format, sizeof recorded->source_format, "%s", single->source.format);
    copy_path(recorded->source_path, single->source.path);
}

void quant_inspected_sidecar_close(struct quant_inspected_sidecar *sidecar)
{
    quant_sidecar_tensors_close(sidecar->reader);
    quant_sidecar_release(&sidecar->single);
    quant_source_close(sidecar->source);
    free(sidecar->path);
    *sidecar = (struct quant_inspected_sidecar){.path = NULL};
}
