/* SPDX-License-Identifier: MIT */
/* What a calibration file says, key by key. */
#include "records/calibration_file.h"
#include "records/calibration_file_words.h"
#include "records/calibration_groups.h"
#include "records/document.h"
#include "records/sidecar_words.h"

/* Pairs of an index and a count, flat: most bins of a histogram are empty. */
static cJSON *make_counts(const struct quant_findings *findings)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < findings->ncounted; i++)
        if (!quant_document_append(array, quant_document_integer(findings->counted[i].index)) ||
            !quant_document_append(array, quant_document_integer(findings->counted[i].count)))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_maxima(const struct quant_findings *findings)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < QUANT_FINDINGS_MAXIMA; i++)
        if (!quant_document_append(array, quant_document_integer(findings->maxima[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_sums(const struct quant_findings *findings)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < findings->nsums; i++)
        if (!quant_document_append(array, quant_document_double(findings->sums[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_digests(const uint64_t *digests, uint64_t n)
{
    cJSON *array = cJSON_CreateArray();
    for (uint64_t i = 0; i < n; i++)
        if (!quant_document_append(array, quant_document_checksum(digests[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static void add_findings(cJSON *object, const struct quant_findings *findings, bool *ok)
{
    quant_document_add(object, "counts", make_counts(findings), ok);
    quant_document_add(object, "maxima", make_maxima(findings), ok);
    quant_document_add(object, "sums", make_sums(findings), ok);
}

static cJSON *make_passes(const struct quant_calibration_file *file, bool *ok)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < file->npasses; i++) {
        cJSON *object = cJSON_CreateObject();
        add_findings(object, &file->passes[i], ok);
        if (!quant_document_append(array, object))
            *ok = false;
    }
    return array;
}

static cJSON *make_part(const struct quant_calibration_part *part, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    quant_document_add(object, "inputs", quant_document_integer(part->ninputs), ok);
    quant_document_add(object, "count", quant_document_integer(part->count), ok);
    add_findings(object, &part->findings, ok);
    quant_document_add(object, "digests", make_digests(part->digests, part->ninputs), ok);
    return object;
}

/* With all digits: the average is taken of them. */
static cJSON *make_input_range(const struct quant_input_range *range)
{
    if (!range->present)
        return cJSON_CreateNull();
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < 2; i++)
        if (!quant_document_append(array, quant_document_double(range->ends[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_ranges(const struct quant_calibration_file *file)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < file->nranges; i++)
        if (!quant_document_append(array, make_input_range(&file->ranges[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static void add_spec(cJSON *root, const struct quant_calibration_file *file, bool *ok)
{
    quant_document_add(root, "method", quant_document_string(file->method), ok);
    quant_document_add(
        root, "argument",
        file->has_argument ? quant_document_double(file->argument) : cJSON_CreateNull(), ok);
    quant_document_add(root, "scheme", quant_document_string(quant_sidecar_schemes[file->scheme]),
                       ok);
    quant_document_add(root, "dtype", quant_document_string(quant_dtype_info(file->dtype)->name),
                       ok);
    quant_document_add(root, "qmin",
                       file->has_qmin ? cJSON_CreateNumber(file->qmin) : cJSON_CreateNull(), ok);
    quant_document_add(root, "qmax",
                       file->has_qmax ? cJSON_CreateNumber(file->qmax) : cJSON_CreateNull(), ok);
    quant_document_add(root, "include_zero", cJSON_CreateBool(file->include_zero), ok);
    quant_document_add(root, "rounding",
                       quant_document_string(quant_sidecar_roundings[file->rounding]), ok);
    if (file->scale_dtype != QUANT_DTYPE_NONE)
        quant_document_add(root, "scale_dtype",
                           quant_document_string(quant_dtype_info(file->scale_dtype)->name), ok);
    quant_document_add(root, "ema",
                       file->has_ema ? quant_document_double(file->ema) : cJSON_CreateNull(), ok);
}

static void add_counts(cJSON *root, const struct quant_calibration_file *file, bool *ok)
{
    quant_document_add(root, "count", quant_document_integer(file->count), ok);
    quant_document_add(root, "nonfinite", quant_document_integer(file->nonfinite), ok);
    quant_document_add(root, "inputs", quant_document_integer(file->ninputs), ok);
}

static void add_way(cJSON *root, const struct quant_calibration_file *file, bool *ok)
{
    const size_t round = quant_calibration_file_round(file);
    quant_document_add(root, "round", quant_document_integer(round), ok);
    quant_document_add(root, "passes", make_passes(file, ok), ok);
    quant_document_add(root, "part",
                       file->has_part ? make_part(&file->part, ok) : cJSON_CreateNull(), ok);
    quant_document_add(root, "ranges", file->has_ema ? make_ranges(file) : cJSON_CreateNull(), ok);
    quant_document_add(
        root, "position",
        file->has_position ? quant_document_integer(file->position) : cJSON_CreateNull(), ok);
    quant_document_add(root, "digests", make_digests(file->digests, file->ninputs), ok);
}

/* With groups all but the two arrays. */
static void fill(cJSON *root, const void *content, bool *ok)
{
    const struct quant_calibration_file *file = content;
    const char *const stage = quant_calibration_stages[file->stage];
    quant_document_add(root, "format", quant_document_string(QUANT_CALIBRATION_FORMAT), ok);
    quant_document_add(root, "version", cJSON_CreateNumber(quant_calibration_file_version(file)),
                       ok);
    quant_document_add(root, "tool", quant_document_string("quant " QUANT_VERSION), ok);
    quant_document_add(root, "stage", quant_document_string(stage), ok);
    add_spec(root, file, ok);
    if (file->has_groups) {
        quant_calibration_groups_add_head(root, &file->groups, ok);
        add_counts(root, file, ok);
        return;
    }
    quant_document_add(root, "range", quant_document_pair(file->has_range, file->range), ok);
    quant_document_add(root, "observed", quant_document_pair(file->has_observed, file->observed),
                       ok);
    add_counts(root, file, ok);
    if (file->stage != QUANT_STAGE_COMPLETE)
        add_way(root, file, ok);
}

enum quant_status quant_calibration_file_write(const struct quant_calibration_file *file,
                                               struct quant_sink *sink, struct quant_error *error)
{
    if (!file->has_groups)
        return quant_document_write(fill, file, "calibration", sink, error);
    const enum quant_status status = quant_document_begin(fill, file, "calibration", sink, error);
    return status == QUANT_OK ? quant_calibration_groups_write_arrays(&file->groups, sink, error)
                              : status;
}
