/* SPDX-License-Identifier: MIT */
/*
 * Reading a calibration file back. The text and its keys are checked where it is parsed; here it is
 * checked that each field is there, of its type and inside its range, and that the fields agree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/calibration_file.h"
#include "records/calibration_file_words.h"
#include "records/calibration_groups.h"
#include "records/calibration_text.h"
#include "records/document.h"
#include "records/field.h"
#include "records/sidecar_words.h"

/* Two histograms of 65,536 bins take about 3 MiB of text, 128 sums of each of 10,000 files 30. */
enum { SIZE_LIMIT = 256 << 20 };

static const double COUNT_LIMIT = (double)QUANT_COUNT_MOST;

/* No method has as many counters. */
static const double INDEX_LIMIT = 1 << 20;

static void read_head(struct quant_fields *fields, const cJSON *root,
                      struct quant_calibration_file *file)
{
    if (strcmp(quant_field_string(fields, root, "format"), QUANT_CALIBRATION_FORMAT) != 0)
        quant_fields_fail(fields, QUANT_UNRECOGNIZED,
                          "'format' is not '" QUANT_CALIBRATION_FORMAT "'");
    file->stage =
        (enum quant_stage)quant_field_word(fields, root, "stage", quant_calibration_stages);
    const double version = quant_field_number(fields, root, "version");
    const int expected = quant_calibration_file_version(file);
    if (file->has_groups && file->stage != QUANT_STAGE_COMPLETE)
        quant_fields_fail(
            fields, QUANT_UNSUPPORTED,
            "it has 'scale_shape', but 'stage' is '%s': this program reads groups only "
            "where it is 'complete'",
            quant_calibration_stages[file->stage]);
    if (version != expected)
        quant_fields_fail(fields, QUANT_UNSUPPORTED,
                          "version %.9g; this program reads version %d of a file whose 'stage' is "
                          "'%s'%s",
                          version, expected, quant_calibration_stages[file->stage],
                          file->has_groups ? " and which has 'scale_shape'" : "");
}

static enum quant_dtype read_scale_dtype(struct quant_fields *fields, const cJSON *root)
{
    if (!quant_field_find(root, "scale_dtype"))
        return QUANT_DTYPE_NONE;
    const char *name = quant_field_string(fields, root, "scale_dtype");
    const enum quant_dtype dtype = quant_dtype_from_name(name);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info || !info->is_scale)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'scale_dtype': '%.64s'", name);
    return dtype == QUANT_FLOAT32 ? QUANT_DTYPE_NONE : dtype;
}

/* A number or null. */
static double read_optional(struct quant_fields *fields, const cJSON *root, const char *key,
                            bool *present)
{
    const cJSON *item = quant_field_get(fields, root, key);
    *present = item && !cJSON_IsNull(item);
    return *present ? quant_field_number(fields, root, key) : 0;
}

/* An integer of the type, or null. */
static int32_t read_bound(struct quant_fields *fields, const cJSON *root, const char *key,
                          const struct quant_dtype_info *info, bool *present)
{
    const cJSON *item = quant_field_get(fields, root, key);
    *present = item && !cJSON_IsNull(item);
    if (!*present)
        return 0;
    return (int32_t)quant_field_integer_item(fields, item, key, info->min, info->max);
}

static void read_target(struct quant_fields *fields, const cJSON *root,
                        struct quant_calibration_file *file)
{
    file->scheme =
        (enum quant_scheme)quant_field_word(fields, root, "scheme", quant_sidecar_schemes);
    const char *dtype = quant_field_string(fields, root, "dtype");
    file->dtype = quant_dtype_from_name(dtype);
    const struct quant_dtype_info *info = quant_dtype_info(file->dtype);
    if (!info || !info->quantizes) {
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'dtype': '%.64s'", dtype);
        return;
    }
    file->qmin = read_bound(fields, root, "qmin", info, &file->has_qmin);
    file->qmax = read_bound(fields, root, "qmax", info, &file->has_qmax);
    const cJSON *include_zero = quant_field_get(fields, root, "include_zero");
    if (include_zero && !cJSON_IsBool(include_zero))
        quant_fields_fail(fields, QUANT_CORRUPT, "'include_zero' is neither true nor false");
    file->include_zero = cJSON_IsTrue(include_zero);
    file->rounding =
        (enum quant_rounding)quant_field_word(fields, root, "rounding", quant_sidecar_roundings);
    file->scale_dtype = read_scale_dtype(fields, root);
}

static void read_spec(struct quant_fields *fields, const cJSON *root,
                      struct quant_calibration_file *file)
{
    quant_field_copy_word(fields, root, "method", file->method, QUANT_CALIBRATION_WORD);
    file->argument = read_optional(fields, root, "argument", &file->has_argument);
    read_target(fields, root, file);
    file->ema = read_optional(fields, root, "ema", &file->has_ema);
    if (file->has_ema && !(file->ema > 0 && file->ema <= 1))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'ema' is %.9g, not above 0 and at most 1",
                          file->ema);
}

static void read_counts_of_all(struct quant_fields *fields, const cJSON *root,
                               struct quant_calibration_file *file)
{
    file->count = (uint64_t)quant_field_integer(fields, root, "count", 0, COUNT_LIMIT);
    file->nonfinite =
        (uint64_t)quant_field_integer(fields, root, "nonfinite", 0, (double)file->count);
    file->ninputs = (uint64_t)quant_field_integer(fields, root, "inputs", 1, COUNT_LIMIT);
}

static void check_observed(struct quant_fields *fields, const struct quant_calibration_file *file)
{
    if (file->has_observed != (file->count > file->nonfinite))
        quant_fields_fail(fields, QUANT_CORRUPT, "'observed' does not agree with 'count'");
}

static void read_result(struct quant_fields *fields, const cJSON *root,
                        struct quant_calibration_file *file)
{
    quant_field_pair(fields, root, "range", &file->has_range, file->range);
    quant_field_pair(fields, root, "observed", &file->has_observed, file->observed);
    read_counts_of_all(fields, root, file);
    check_observed(fields, file);
    if (file->has_range != (file->has_observed && file->stage == QUANT_STAGE_COMPLETE))
        quant_fields_fail(fields, QUANT_CORRUPT, "'range' does not agree with 'stage' and 'count'");
    for (int i = 0; i < 2; i++) {
        file->range[i] = quant_calibration_end(file->range[i]);
        file->observed[i] = (double)(float)file->observed[i]; /* its nine digits are only near */
        if (!isfinite((float)file->range[i]) || !isfinite((float)file->observed[i]))
            quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "a range is beyond float32");
    }
}

/* ---- Findings ---- */

/* NULL where it is not there or has no items, which is no error by itself. */
static const cJSON *open_array(struct quant_fields *fields, const cJSON *object, const char *key,
                               size_t *length)
{
    const cJSON *array = quant_field_get(fields, object, key);
    if (array && !cJSON_IsArray(array))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not an array", key);
    *length = fields->status == QUANT_OK ? (size_t)cJSON_GetArraySize(array) : 0;
    return *length > 0 ? array->child : NULL;
}

static void *make(struct quant_fields *fields, size_t count, size_t size)
{
    void *made = calloc(count + 1, size);
    if (!made && fields->status == QUANT_OK)
        fields->status = quant_error_no_memory(fields->error, count * size, "calibration");
    return made;
}

static void read_counts(struct quant_fields *fields, const cJSON *object, uint64_t most,
                        struct quant_findings *findings)
{
    size_t length;
    const cJSON *item = open_array(fields, object, "counts", &length);
    if (length % 2 != 0)
        quant_fields_fail(fields, QUANT_CORRUPT, "'counts' has an index without a count");
    findings->counted = make(fields, length / 2, sizeof *findings->counted);
    double min = 0;
    for (; item && fields->status == QUANT_OK; item = item->next->next) {
        struct quant_counted *counted = &findings->counted[findings->ncounted++];
        counted->index =
            (uint64_t)quant_field_integer_item(fields, item, "counts", min, INDEX_LIMIT);
        counted->count =
            (uint64_t)quant_field_integer_item(fields, item->next, "counts", 1, (double)most);
        min = (double)counted->index + 1;
    }
}

/* count is the number of elements. Some counters add up the lower halves of floats. */
static void read_findings(struct quant_fields *fields, const cJSON *object, uint64_t nelems,
                          struct quant_findings *findings)
{
    const uint64_t most = nelems < QUANT_COUNT_MOST >> 16 ? nelems << 16 : QUANT_COUNT_MOST;
    read_counts(fields, object, most, findings);
    size_t length;
    const cJSON *item = open_array(fields, object, "maxima", &length);
    if (length != QUANT_FINDINGS_MAXIMA)
        quant_fields_fail(fields, QUANT_CORRUPT, "'maxima' does not have %d numbers",
                          QUANT_FINDINGS_MAXIMA);
    for (size_t i = 0; fields->status == QUANT_OK && i < length; i++, item = item->next)
        findings->maxima[i] =
            (uint32_t)quant_field_integer_item(fields, item, "maxima", 0, (double)UINT32_MAX);
    item = open_array(fields, object, "sums", &length);
    findings->sums = make(fields, length, sizeof *findings->sums);
    for (; item && fields->status == QUANT_OK; item = item->next) {
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
            quant_fields_fail(fields, QUANT_CORRUPT, "'sums' are not all numbers");
        findings->sums[findings->nsums++] = item->valuedouble;
    }
}

/* One of each input. The caller owns it. */
static uint64_t *read_digests(struct quant_fields *fields, const cJSON *object, uint64_t ninputs)
{
    size_t length;
    const cJSON *item = open_array(fields, object, "digests", &length);
    if (length != ninputs)
        quant_fields_fail(fields, QUANT_CORRUPT, "'digests' do not agree with 'inputs'");
    uint64_t *digests = make(fields, length, sizeof *digests);
    for (size_t i = 0; item && fields->status == QUANT_OK; item = item->next)
        digests[i++] = quant_field_checksum_item(fields, item, "digests");
    return digests;
}

static void read_position(struct quant_fields *fields, const cJSON *root,
                          struct quant_calibration_file *file)
{
    const cJSON *item = quant_field_get(fields, root, "position");
    file->has_position = item && !cJSON_IsNull(item);
    if (!file->has_position)
        return;
    file->position = (uint64_t)quant_field_integer_item(fields, item, "position", 0, COUNT_LIMIT);
    if (file->stage != QUANT_STAGE_PARTIAL)
        quant_fields_fail(fields, QUANT_CORRUPT, "'position' does not agree with 'stage'");
}

static void read_passes(struct quant_fields *fields, const cJSON *root,
                        struct quant_calibration_file *file)
{
    size_t length;
    const cJSON *item = open_array(fields, root, "passes", &length);
    file->passes = make(fields, length, sizeof *file->passes);
    for (; item && fields->status == QUANT_OK; item = item->next) {
        if (cJSON_IsObject(item))
            read_findings(fields, item, file->count, &file->passes[file->npasses++]);
        else
            quant_fields_fail(fields, QUANT_CORRUPT, "'passes' are not all objects");
    }
}

static void read_part(struct quant_fields *fields, const cJSON *root,
                      struct quant_calibration_file *file)
{
    const cJSON *part = quant_field_get(fields, root, "part");
    file->has_part = part && !cJSON_IsNull(part);
    const bool may_have = file->stage == QUANT_STAGE_PARTIAL && file->has_observed;
    const bool must_have = file->stage == QUANT_STAGE_PARTIAL && file->npasses > 0;
    if (file->has_part ? !may_have : must_have)
        quant_fields_fail(fields, QUANT_CORRUPT, "'part' does not agree with 'stage'");
    if (!file->has_part)
        return;
    part = quant_field_object(fields, root, "part");
    if (fields->status != QUANT_OK)
        return;
    file->part.ninputs =
        (uint64_t)quant_field_integer(fields, part, "inputs", 1, (double)file->ninputs);
    file->part.digests = read_digests(fields, part, file->part.ninputs);
    file->part.count = (uint64_t)quant_field_integer(fields, part, "count", 0, (double)file->count);
    read_findings(fields, part, file->part.count, &file->part.findings);
}

static void read_input_range(struct quant_fields *fields, const cJSON *item,
                             struct quant_input_range *range)
{
    if (cJSON_IsNull(item))
        return;
    const cJSON *second = cJSON_IsArray(item) && item->child ? item->child->next : NULL;
    if (!second || second->next || !cJSON_IsNumber(item->child) || !cJSON_IsNumber(second)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "'ranges' are not all null or two numbers");
        return;
    }
    range->present = true;
    range->ends[0] = item->child->valuedouble;
    range->ends[1] = second->valuedouble;
    if (!(range->ends[0] <= range->ends[1] && isfinite((float)range->ends[0]) &&
          isfinite((float)range->ends[1])))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "one of 'ranges' is not a range of float32");
}

/* One of each input, null where it has no finite element. */
static void read_ranges(struct quant_fields *fields, const cJSON *root,
                        struct quant_calibration_file *file)
{
    size_t length;
    const cJSON *ranges = quant_field_get(fields, root, "ranges");
    if (ranges && cJSON_IsNull(ranges) == file->has_ema)
        quant_fields_fail(fields, QUANT_CORRUPT, "'ranges' do not agree with 'ema'");
    if (!ranges || !file->has_ema)
        return;
    const cJSON *item = open_array(fields, root, "ranges", &length);
    file->ranges = make(fields, length, sizeof *file->ranges);
    for (; item && fields->status == QUANT_OK; item = item->next)
        read_input_range(fields, item, &file->ranges[file->nranges++]);
    bool any = false;
    for (size_t i = 0; i < file->nranges; i++)
        any |= file->ranges[i].present;
    if (file->nranges != file->ninputs || any != file->has_observed)
        quant_fields_fail(fields, QUANT_CORRUPT, "'ranges' do not agree with 'inputs'");
}

static void read_root(struct quant_fields *fields, const cJSON *root,
                      struct quant_calibration_file *file)
{
    if (!cJSON_IsObject(root)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "not a JSON object");
        return;
    }
    read_head(fields, root, file);
    read_spec(fields, root, file);
    if (file->has_groups) {
        quant_calibration_groups_read_head(fields, root, &file->groups);
        read_counts_of_all(fields, root, file);
        return;
    }
    read_result(fields, root, file);
    if (file->stage == QUANT_STAGE_COMPLETE || fields->status != QUANT_OK)
        return;
    if (file->has_ema && file->stage == QUANT_STAGE_NEXT)
        quant_fields_fail(fields, QUANT_CORRUPT, "'ema' does not agree with 'stage'");
    file->digests = read_digests(fields, root, file->ninputs);
    read_position(fields, root, file);
    read_passes(fields, root, file);
    read_part(fields, root, file);
    if (file->has_ema && file->has_part)
        quant_fields_fail(fields, QUANT_CORRUPT, "'ema' does not agree with 'part'");
    read_ranges(fields, root, file);
    const double round = quant_field_integer(fields, root, "round", 1, COUNT_LIMIT);
    if (round != (double)quant_calibration_file_round(file))
        quant_fields_fail(fields, QUANT_CORRUPT, "'round' does not agree with 'passes'");
}

/* ---- The whole file ---- */

static void read_whole(struct quant_fields *fields, struct quant_calibration_file *file)
{
    cJSON *root = quant_document_read(fields, "calibration", SIZE_LIMIT);
    if (root)
        read_root(fields, root, file);
    cJSON_Delete(root);
}

static void read_with_groups(struct quant_fields *fields, struct quant_calibration_text *text,
                             struct quant_calibration_file *file)
{
    struct quant_json_fault fault;
    cJSON *root = NULL;
    file->has_groups = true;
    fields->status = quant_calibration_text_cut(text, fields->error);
    if (fields->status == QUANT_OK)
        root = quant_document_parse(fields, "calibration", text->head, text->length, &fault);
    if (!root && fields->status == QUANT_OK)
        quant_document_refuse(fields, &fault, text->head, text->length,
                              quant_calibration_text_offset(text, fault.at));
    quant_fields_check_tree(fields, root);
    if (fields->status == QUANT_OK)
        read_root(fields, root, file);
    cJSON_Delete(root);
    if (fields->status == QUANT_OK)
        fields->status = quant_calibration_groups_read_arrays(
            text, &file->groups, &file->has_observed, file->observed, fields->error);
    check_observed(fields, file);
}

enum quant_status quant_calibration_file_read(struct quant_source *source,
                                              struct quant_calibration_file *file,
                                              struct quant_error *error)
{
    memset(file, 0, sizeof *file);
    struct quant_fields fields = {
        .source = source, .what = "not a valid calibration", .error = error};
    struct quant_calibration_text *text = calloc(1, sizeof *text);
    if (!text)
        return quant_error_no_memory(error, sizeof *text, "calibration");
    text->source = source;
    fields.status = quant_calibration_text_find(text, error);
    if (fields.status == QUANT_OK && text->has_groups)
        read_with_groups(&fields, text, file);
    else if (fields.status == QUANT_OK)
        read_whole(&fields, file);
    if (fields.status == QUANT_OK)
        fields.status = quant_source_check_unchanged(source, error);
    quant_calibration_text_release(text);
    free(text);
    return fields.status;
}
