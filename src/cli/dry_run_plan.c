/* SPDX-License-Identifier: MIT */
#include "cli/dry_run_plan.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "cli/option_values.h"
#include "cli/report_json.h"

/* ---- Text ---- */

static void print_shape(FILE *out, const struct quant_tensor_preview *preview)
{
    fputs(preview->has_shape ? " [" : " of unknown shape", out);
    for (unsigned i = 0; i < preview->ndim; i++)
        fprintf(out, "%s%" PRIu64, i > 0 ? ", " : "", preview->dims[i]);
    if (preview->has_shape)
        fputc(']', out);
}

static bool is_unscaled(const struct quant_tensor_preview *preview)
{
    const struct quant_dtype_info *info = quant_dtype_info(preview->dtype);
    return info && info->is_unscaled;
}

void dry_run_print_plan(FILE *out, const struct quant_tensor_preview *preview, bool has_count)
{
    if (preview->method && is_unscaled(preview)) {
        const unsigned block = quant_dtype_info(preview->dtype)->block_nelems;
        if (block > 0)
            fprintf(out, "blocks of %u", block);
        else
            fputs("unscaled", out);
        return;
    }
    fputs(choice_scheme(preview->scheme), out);
    if (preview->method)
        fprintf(out, ", %s", preview->method);
    if (preview->has_argument)
        fprintf(out, ":%g", preview->argument);
    if (preview->block_rows > 0)
        fprintf(out, ", blocks of %" PRIu64 " x %" PRIu64, preview->block_rows,
                preview->block_size);
    else if (preview->block_size > 0)
        fprintf(out, ", blocks of %" PRIu64 " on axis %d", preview->block_size, preview->axis);
    else if (preview->axis >= 0)
        fprintf(out, ", axis %d", preview->axis);
    if (has_count && preview->scale_count > 0)
        fprintf(out, ", %" PRIu64 " scale%s%s", preview->scale_count,
                preview->scale_count == 1 ? "" : "s",
                preview->has_biases         ? " and biases"
                : !preview->has_zero_points ? ""
                : preview->scale_count == 1 ? " and zero point"
                                            : " and zero points");
}

void dry_run_print_tensor(FILE *out, const struct quant_tensor_preview *preview)
{
    fputs(preview->from, out);
    print_shape(out, preview);
    if (preview->is_copied) {
        fputs(" copied", out);
        return;
    }
    const struct quant_dtype_info *info = quant_dtype_info(preview->dtype);
    /* Where the stored type does not say what the integers are. */
    const bool is_packed = info && strcmp(preview->to, info->name) != 0 &&
                           (info->bits == 4 || strcmp(preview->to, "I32") == 0);
    fprintf(out, " to %s%s%s%s, ", preview->to, is_packed ? " (" : "", is_packed ? info->name : "",
            is_packed ? ")" : "");
    dry_run_print_plan(out, preview, true);
}

/* ---- JSON ---- */

static bool add_count(cJSON *object, const char *key, uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_count_or_null(cJSON *object, const char *key, bool is_known, uint64_t count)
{
    return is_known ? add_count(object, key, count) : cJSON_AddNullToObject(object, key) != NULL;
}

static bool add_shape(cJSON *object, const struct quant_tensor_preview *preview)
{
    if (!preview->has_shape)
        return cJSON_AddNullToObject(object, "shape") != NULL;
    cJSON *array = cJSON_AddArrayToObject(object, "shape");
    bool ok = array != NULL;
    for (unsigned i = 0; ok && i < preview->ndim; i++) {
        char text[REPORT_JSON_NUMBER];
        snprintf(text, sizeof text, "%" PRIu64, preview->dims[i]);
        ok = cJSON_AddItemToArray(array, cJSON_CreateRaw(text));
    }
    return ok;
}

static bool add_method(cJSON *object, const struct quant_tensor_preview *preview)
{
    char number[REPORT_JSON_NUMBER];
    if (!preview->method)
        return true;
    if (!cJSON_AddStringToObject(object, "method", preview->method))
        return false;
    if (!preview->has_argument)
        return true;
    report_json_number(preview->argument, number);
    return cJSON_AddRawToObject(object, "argument", number) != NULL;
}

/* A number, or rows and columns. */
static bool add_block_size(cJSON *object, const struct quant_tensor_preview *preview)
{
    char text[2 * REPORT_JSON_NUMBER + 4];
    if (preview->block_rows == 0)
        return add_count_or_null(object, "block_size", preview->block_size > 0,
                                 preview->block_size);
    snprintf(text, sizeof text, "[%" PRIu64 ",%" PRIu64 "]", preview->block_rows,
             preview->block_size);
    return cJSON_AddRawToObject(object, "block_size", text) != NULL;
}

static bool add_mapping(cJSON *object, const struct quant_tensor_preview *preview)
{
    return cJSON_AddStringToObject(object, "scheme", choice_scheme(preview->scheme)) &&
           cJSON_AddStringToObject(object, "dtype", quant_dtype_info(preview->dtype)->name) &&
           add_method(object, preview) &&
           add_count_or_null(object, "scale_count", preview->has_shape, preview->scale_count) &&
           (preview->axis >= 0 && preview->block_rows == 0
                ? cJSON_AddNumberToObject(object, "axis", preview->axis)
                : cJSON_AddNullToObject(object, "axis")) != NULL &&
           add_block_size(object, preview) &&
           cJSON_AddBoolToObject(object, "zero_points", preview->has_zero_points) != NULL &&
           (!preview->has_biases || cJSON_AddTrueToObject(object, "biases") != NULL);
}

static bool add_names(cJSON *object, const char *path, const char *output, const char *tensor)
{
    return report_json_add_path(object, path) &&
           (tensor ? report_json_add_text(object, "tensor", tensor)
                   : cJSON_AddNullToObject(object, "tensor") != NULL) &&
           report_json_add_text(object, "output", output);
}

static bool add_scales(cJSON *object, const char *path, uint64_t nbytes)
{
    cJSON *scales = path ? cJSON_AddObjectToObject(object, "scales") : NULL;
    return !path ||
           (scales && report_json_add_path(scales, path) && add_count(scales, "bytes", nbytes));
}

bool dry_run_print_json(const char *path, const char *output, const char *tensor,
                        const struct quant_tensor_preview *preview,
                        const struct quant_file_preview *file, const char *scales)
{
    cJSON *object = cJSON_CreateObject();
    bool ok = object && add_names(object, path, output, tensor) &&
              (!file || cJSON_AddStringToObject(object, "format", file->format));
    if (ok && preview->is_copied)
        ok = cJSON_AddTrueToObject(object, "copied") != NULL;
    else if (ok)
        ok = add_mapping(object, preview);
    ok = ok && add_shape(object, preview) &&
         cJSON_AddStringToObject(object, "from", preview->from) &&
         cJSON_AddStringToObject(object, "to", preview->to) &&
         add_count_or_null(object, "bytes", !file || file->has_size,
                           file ? file->nbytes : preview->nbytes);
    if (ok && file)
        ok = add_scales(object, scales, file->scales_nbytes);
    return report_json_print(stdout, object, ok);
}

bool dry_run_print_json_container(const char *path, const char *output,
                                  const struct quant_file_preview *file)
{
    cJSON *object = cJSON_CreateObject();
    const bool ok = object && add_names(object, path, output, NULL) &&
                    cJSON_AddStringToObject(object, "format", file->format) &&
                    add_count(object, "tensors", file->ntensors - file->ncopied) &&
                    add_count(object, "copied", file->ncopied) &&
                    add_count(object, "bytes", file->nbytes);
    return report_json_print(stdout, object, ok);
}

bool dry_run_print_json_complete(const char *path, const char *output)
{
    cJSON *object = cJSON_CreateObject();
    const bool ok = object && add_names(object, path, output, NULL) &&
                    cJSON_AddTrueToObject(object, "complete") != NULL;
    return report_json_print(stdout, object, ok);
}
