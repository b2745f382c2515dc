/* SPDX-License-Identifier: MIT */
/* Sizes and times come first, since they need no reading; checksums come last. */
#include "engine/files/complete_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/made_by_plan.h"
#include "engine/files/quantized_container.h"
#include "engine/files/restored_tensors.h"
#include "engine/files/stored_digests.h"
#include "engine/tensor/group_walk.h"
#include "io/io.h"
#include "records/scale_records.h"

/* ---- Times ---- */

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool stat_file(const char *path, struct stat *status)
{
    return strcmp(path, "-") != 0 && stat(path, status) == 0 && S_ISREG(status->st_mode);
}

bool quant_complete_is_newest(const char *const *paths, size_t n, const char *last)
{
    struct stat newest;
    struct stat status;
    if (!stat_file(last, &newest))
        return false;
    for (size_t i = 0; i < n; i++)
        if (paths[i] &&
            (!stat_file(paths[i], &status) || is_later(&status.st_mtim, &newest.st_mtim)))
            return false;
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ---- One tensor ---- */

struct single {
    const struct quant_single_outputs *outputs;
    const struct quant_cancel *cancel;
    struct quant_sidecar sidecar; /* as it is there */
    struct quant_error *error;
};

static enum quant_status read_sidecar(struct single *single, bool *is_valid)
{
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    enum quant_status status = quant_input_open_regular(single->outputs->sidecar_path,
                                                        single->cancel, &source, single->error);
    if (status == QUANT_OK)
        status = quant_sidecar_tensors_open(source, &reader, single->error);
    const bool is_container = reader != NULL;
    if (status == QUANT_OK && !is_container)
        status = quant_sidecar_parse(source, &single->sidecar, single->error);
    *is_valid = status == QUANT_OK && !is_container;
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    return quant_fatal_only(status);
}

/* What this run would say of the files, and of the tensor as far as it is known. */
static bool says_the_same(const struct quant_sidecar *said, const struct quant_sidecar *expected,
                          bool has_shape)
{
    return same_text(said->source.path, expected->source.path) &&
           strcmp(said->source.format, expected->source.format) == 0 &&
           said->source_dtype == expected->source_dtype &&
           said->source_byte_order == expected->source_byte_order &&
           same_text(said->data.path, expected->data.path) &&
           strcmp(said->data.format, expected->data.format) == 0 &&
           (!has_shape || (quant_shape_equal(&said->shape, &expected->shape) &&
                           said->order == expected->order)) &&
           (expected->data_bytes == 0 || said->data_bytes == expected->data_bytes);
}

/* Reads the zero points in a file of scales; *zero_points is the caller's, NULL if it has no such.
 */
static enum quant_status read_zero_points(struct single *single, const char *path,
                                          int32_t **zero_points)
{
    enum { RECORDS = 4096 };
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS];
    float scales[RECORDS];
    const struct quant_sidecar_groups *groups = &single->sidecar.groups;
    const struct quant_scale_records layout = {single->sidecar.params.scale_dtype,
                                               groups->has_zero_points, false};
    const size_t size = quant_scale_record_size(&layout);
    struct quant_source *source = NULL;
    if (!groups->has_zero_points)
        return QUANT_OK;
    enum quant_status status =
        quant_input_open_regular(path, single->cancel, &source, single->error);
    if (status == QUANT_OK && groups->count < SIZE_MAX / 8) {
        *zero_points = malloc((size_t)groups->count * sizeof **zero_points);
        if (!*zero_points)
            status = quant_error_no_memory(single->error, (size_t)groups->count * 4, "scales");
    }
    for (uint64_t i = 0; status == QUANT_OK && i < groups->count; i += RECORDS) {
        const size_t n = groups->count - i < RECORDS ? (size_t)(groups->count - i) : RECORDS;
        status = quant_source_read_exactly(source, size * i, records, size * n, single->error);
        const struct quant_group_params some = {.scales = scales, .zero_points = *zero_points + i};
        if (status == QUANT_OK)
            quant_scale_records_decode(&layout, records, n, &some);
    }
    quant_source_close(source);
    return status;
}

/* The file of scales, if there is one, and the plan, which needs the zero points. */
static enum quant_status check_plan(struct single *single, bool *matches)
{
    const struct quant_sidecar_groups *groups = &single->sidecar.groups;
    enum quant_status status = QUANT_OK;
    int32_t *zero_points = NULL;
    *matches = true;
    if (single->sidecar.has_groups && groups->path) {
        char *expected = quant_file_scales_name(single->outputs->sidecar_path);
        char *named = quant_path_beside(groups->path, single->outputs->sidecar_path);
        if (!expected || !named)
            status =
                quant_error_no_memory(single->error, strlen(single->outputs->sidecar_path), "path");
        *matches = status == QUANT_OK && strcmp(expected, named) == 0;
        if (*matches)
            status = quant_file_has_digest(named, groups->bytes, groups->xxh3_64,
                                           single->outputs->is_fast, single->cancel, matches,
                                           single->error);
        if (*matches)
            status = read_zero_points(single, named, &zero_points);
        *matches = *matches && status == QUANT_OK;
        free(expected);
        free(named);
    }
    if (*matches)
        *matches = quant_made_by_plan(&single->sidecar, single->outputs->plan,
                                      zero_points ? zero_points : groups->zero_points);
    free(zero_points);
    return quant_fatal_only(status);
}

/* ---- Given scales ---- */

struct comparing_groups {
    const struct quant_group_params *given;
    bool *matches;
};

static bool compare_groups(void *context, const struct quant_group_params *said, size_t n)
{
    const struct comparing_groups *comparing = context;
    const struct quant_group_params *given = comparing->given;
    for (size_t i = 0; i < n && *comparing->matches; i++)
        *comparing->matches = said->scales[i] == given->scales[said->first + i] &&
                              said->zero_points[i] == given->zero_points[said->first + i];
    return *comparing->matches;
}

static enum quant_status check_given(struct single *single, bool *matches)
{
    const struct quant_single_outputs *outputs = single->outputs;
    struct quant_group_source said = {.nshares = 0};
    if (!outputs->given || !*matches)
        return QUANT_OK;
    const struct comparing_groups comparing = {&outputs->given->groups.all, matches};
    enum quant_status status = quant_group_source_open(
        &said, &single->sidecar, outputs->sidecar_path, single->cancel, single->error);
    if (status == QUANT_OK && said.grouping.count != outputs->given->groups.grouping.count)
        *matches = false;
    else if (status == QUANT_OK)
        status = quant_group_source_walk(&said, compare_groups, (void *)&comparing, single->error);
    *matches = *matches && status == QUANT_OK;
    quant_group_source_release(&said);
    return quant_fatal_only(status);
}

/* ---- All of one tensor ---- */

static enum quant_status check_single(struct single *single, bool *is_complete)
{
    const struct quant_single_outputs *outputs = single->outputs;
    const struct quant_sidecar *said = &single->sidecar;
    enum quant_status status = read_sidecar(single, is_complete);
    if (status != QUANT_OK || !*is_complete)
        return status;
    *is_complete = says_the_same(said, outputs->expected, outputs->has_shape);
    if (*is_complete)
        status = check_plan(single, is_complete);
    if (status == QUANT_OK)
        status = check_given(single, is_complete);
    if (status != QUANT_OK || !*is_complete)
        return status;
    return quant_file_has_digest(outputs->job->output.path, said->data_bytes, said->data_xxh3_64,
                                 outputs->is_fast, single->cancel, is_complete, single->error);
}

enum quant_status quant_complete_single(const struct quant_single_outputs *outputs,
                                        bool *is_complete, struct quant_error *error)
{
    const char *const sources[] = {outputs->job->input.path};
    struct single single = {
        .outputs = outputs, .cancel = &outputs->job->control.cancel, .error = error};
    *is_complete = false;
    if (!quant_complete_is_newest(sources, 1, outputs->sidecar_path))
        return QUANT_OK;
    const enum quant_status status = check_single(&single, is_complete);
    quant_sidecar_release(&single.sidecar);
    return status;
}

/* ---- A container ---- */

static bool says_the_same_head(const struct quant_sidecar_head *said,
                               const struct quant_sidecar_head *expected)
{
    return same_text(said->source_path, expected->source_path) &&
           strcmp(said->source_format, expected->source_format) == 0 &&
           said->source_nbytes == expected->source_nbytes &&
           same_text(said->data_path, expected->data_path) &&
           strcmp(said->data_format, expected->data_format) == 0 &&
           said->data_nbytes == expected->data_nbytes &&
           said->header_nbytes == expected->header_nbytes &&
           said->header_xxh3_64 == expected->header_xxh3_64 &&
           said->plan_xxh3_64 == expected->plan_xxh3_64;
}

static enum quant_status check_container(const struct quant_container_quantization *run,
                                         struct quant_sidecar_reader *reader, bool is_fast,
                                         bool *is_complete, struct quant_error *error)
{
    const struct quant_cancel *cancel = &run->job->control.cancel;
    struct quant_container_input input = {.source = NULL};
    struct quant_restored_tensors restored = {.tensors = NULL};
    enum quant_status status = quant_quantized_container_open(&input, run->job->output.path, reader,
                                                              run->sidecar_path, cancel, error);
    if (status == QUANT_OK)
        status = quant_restored_tensors_read(&restored, reader, input.file, error);
    *is_complete = status == QUANT_OK && restored.n == run->plan.n;
    if (*is_complete && !is_fast)
        status = quant_tensors_have_digests(&restored, input.file, cancel, is_complete, error);
    quant_restored_tensors_release(&restored);
    quant_container_input_close(&input);
    return status;
}

/* The digest of the plan does not say what raw elements were read as. */
static bool has_raw_options(const struct quant_container_quantization *run)
{
    const struct quant_input *input = &run->job->input;
    return run->single && run->format->takes_raw_options && (input->dtype || input->byte_order);
}

enum quant_status quant_complete_container(const struct quant_container_quantization *run,
                                           const struct quant_sidecar_head *head, bool is_fast,
                                           bool *is_complete, struct quant_error *error)
{
    const char *const sources[] = {run->job->input.path};
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    struct stat status_of_data;
    *is_complete = false;
    if (has_raw_options(run) || !quant_complete_is_newest(sources, 1, run->sidecar_path) ||
        !stat_file(run->job->output.path, &status_of_data))
        return QUANT_OK;
    enum quant_status status =
        quant_input_open_regular(run->sidecar_path, &run->job->control.cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_sidecar_tensors_open(source, &reader, error);
    if (status == QUANT_OK && reader &&
        says_the_same_head(quant_sidecar_tensors_head(reader), head))
        status = check_container(run, reader, is_fast, is_complete, error);
    *is_complete = *is_complete && status == QUANT_OK;
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    return quant_fatal_only(status);
}
