/* SPDX-License-Identifier: MIT */
/* Findings are what the command is asked for: they go to standard output. */
#include "cli/verify_report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/byte_amount.h"
#include "cli/command.h"
#include "cli/message.h"
#include "cli/option_values.h"
#include "cli/report_json.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

/* ---- Text ---- */

static void print_faults(const struct quant_verified *verified)
{
    for (size_t i = 0; i < verified->nfaults; i++) {
        char text[sizeof verified->faults->error.text];
        snprintf(text, sizeof text, "%s", verified->faults[i].error.text);
        message_mask(text);
        puts(text);
    }
}

/* ---- JSON ---- */

static bool add_count(cJSON *object, const char *key, uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_index(cJSON *object, const struct quant_fault *fault)
{
    cJSON *index = cJSON_AddArrayToObject(object, "index");
    bool ok = index != NULL;
    for (int i = 0; ok && i < fault->ndim; i++) {
        char text[REPORT_JSON_NUMBER];
        snprintf(text, sizeof text, "%" PRIu64, fault->index[i]);
        cJSON *number = cJSON_CreateRaw(text);
        ok = number && cJSON_AddItemToArray(index, number);
    }
    return ok;
}

static bool add_fault(cJSON *faults, const struct quant_fault *fault)
{
    cJSON *object = cJSON_CreateObject();
    if (!object || !cJSON_AddItemToArray(faults, object)) {
        cJSON_Delete(object);
        return false;
    }
    return cJSON_AddStringToObject(object, "kind", quant_fault_kind_name(fault->kind)) &&
           (!fault->has_element ||
            (add_count(object, "element", fault->element) && add_index(object, fault))) &&
           report_json_add_text(object, "text", fault->error.text);
}

/* What was checked: a tensor, or a file of one tensor. */
struct subject {
    const char *path;
    const char *tensor; /* NULL: without a name */
    bool is_container;  /* the file itself: its tensors have records of their own */
    bool is_copied;
    const struct quant_verified *verified;
};

/* "same_bytes" for JSON, where keys have no spaces. */
enum { LIKENESS_TEXT = 32 };
static const char *likeness_key(enum quant_likeness likeness, char text[LIKENESS_TEXT])
{
    snprintf(text, LIKENESS_TEXT, "%s", quant_likeness_name(likeness));
    for (char *at = text; *at != '\0'; at++)
        if (*at == ' ')
            *at = '_';
    return text;
}

static bool add_likeness(cJSON *object, const struct quant_verified *verified)
{
    if (verified->likeness == QUANT_NOT_COMPARED)
        return true;
    char text[REPORT_JSON_NUMBER];
    char key[LIKENESS_TEXT];
    report_json_number(verified->scale_difference, text);
    return cJSON_AddStringToObject(object, "likeness", likeness_key(verified->likeness, key)) &&
           (!verified->scales || cJSON_AddStringToObject(object, "scales", verified->scales)) &&
           cJSON_AddRawToObject(object, "scale_difference", text);
}

static bool add_tensor(cJSON *object, const struct subject *subject)
{
    const struct quant_verified *verified = subject->verified;
    const struct quant_dtype_info *info = quant_dtype_info(verified->dtype);
    if (subject->is_container || (!info && !subject->is_copied))
        return true;
    if (!cJSON_AddBoolToObject(object, "copied", subject->is_copied))
        return false;
    if (!subject->is_copied &&
        (!cJSON_AddStringToObject(object, "scheme", choice_scheme(verified->scheme)) ||
         !cJSON_AddStringToObject(object, "dtype", info->name)))
        return false;
    return add_count(object, "bytes", verified->nbytes) && add_likeness(object, verified);
}

static bool print_record(const struct subject *subject)
{
    const struct quant_verified *verified = subject->verified;
    cJSON *object = cJSON_CreateObject();
    bool ok = object && report_json_add_path(object, subject->path) &&
              (subject->tensor ? report_json_add_text(object, "tensor", subject->tensor)
                               : cJSON_AddNullToObject(object, "tensor") != NULL) &&
              add_tensor(object, subject);
    cJSON *faults = ok ? cJSON_AddArrayToObject(object, "faults") : NULL;
    ok = ok && faults;
    for (size_t i = 0; ok && i < verified->nfaults; i++)
        ok = add_fault(faults, &verified->faults[i]);
    return report_json_print(stdout, object, ok);
}

/* ---- Both ---- */

static bool print(const struct verify_report *report, const struct subject *subject)
{
    const bool is_fine = subject->verified->nfaults == 0;
    if (!report->is_json)
        print_faults(subject->verified);
    if (report->is_json && !(is_fine && subject->is_container) && !print_record(subject)) {
        message_error("'%s': no memory for its record", subject->path);
        return false;
    }
    return streams_flush();
}

bool verify_report_tensor(struct verify_report *report, const struct quant_tensor_result *result)
{
    const struct subject subject = {.path = report->paths[result->file],
                                    .tensor = result->name,
                                    .is_copied = result->is_copied,
                                    .verified = result->verified};
    if (!subject.verified)
        return true;
    report->totals.ntensors += !result->is_copied;
    report->totals.ncopied += result->is_copied;
    report->nfaulty += subject.verified->nfaults > 0;
    report->nalike[subject.verified->likeness]++;
    return print(report, &subject);
}

bool verify_report_file(struct verify_report *report, const struct quant_file_result *result)
{
    const struct quant_verified *verified = result->verified;
    const struct subject subject = {.path = report->paths[result->file],
                                    .is_container = verified && verified->ntensors > 0,
                                    .verified = verified};
    if (!verified)
        return message_failure(result->status, result->error) == EXIT_DONE;
    if (!subject.is_container && verified->dtype != QUANT_DTYPE_NONE) {
        report->totals.ntensors++;
        report->nfaulty += verified->nfaults > 0;
        report->nalike[verified->likeness]++;
    }
    report->totals.bytes_in += verified->nbytes;
    report->totals.ndone += verified->nfaults == 0 && verified->nfaulty == 0;
    return print(report, &subject);
}

bool verify_report_missing(struct verify_report *report, const struct quant_missing *missing)
{
    const struct quant_fault fault = {.kind = QUANT_FAULT_AGAINST, .error = *missing->error};
    const struct quant_verified verified = {.nfaults = 1, .faults = &fault};
    const struct subject subject = {
        .path = missing->path, .tensor = missing->tensor, .verified = &verified};
    report->nmissing += missing->n;
    return print(report, &subject);
}

/* "same_bytes": 3, and so on. */
static bool add_alike(cJSON *summary, const struct verify_report *report)
{
    bool ok = true;
    char key[LIKENESS_TEXT];
    for (int i = QUANT_SAME_BYTES; ok && report->compares && i <= QUANT_DIFFERENT; i++)
        ok = add_count(summary, likeness_key((enum quant_likeness)i, key), report->nalike[i]);
    return ok && (!report->counts_missing || add_count(summary, "missing", report->nmissing));
}

/* ", 3 same bytes, 1 different, 2 missing" */
static void format_alike(const struct verify_report *report, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = QUANT_SAME_BYTES; report->compares && i <= QUANT_DIFFERENT && used < room; i++)
        if (report->nalike[i] > 0)
            used += (size_t)snprintf(text + used, room - used, ", %zu %s", report->nalike[i],
                                     quant_likeness_name((enum quant_likeness)i));
    if (report->nmissing > 0 && used < room)
        snprintf(text + used, room - used, ", %zu missing", report->nmissing);
}

bool verify_report_end(const struct verify_report *report)
{
    const struct totals *totals = &report->totals;
    if (!report->is_json || totals->is_cut)
        return true;
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    const bool ok = summary && add_count(summary, "files", totals->nfiles) &&
                    add_count(summary, "failed", totals->nfiles - totals->ndone) &&
                    add_count(summary, "tensors", totals->ntensors) &&
                    add_count(summary, "copied", totals->ncopied) &&
                    add_count(summary, "tensors_failed", report->nfaulty) &&
                    add_count(summary, "bytes", totals->bytes_in);
    if (report_json_print(stdout, object, ok && add_alike(summary, report)))
        return streams_flush();
    message_error("no memory for the summary");
    return false;
}

void verify_report_summary(const struct verify_report *report)
{
    const struct totals *totals = &report->totals;
    const size_t nfailed = totals->nfiles - totals->ndone;
    char amount[AMOUNT_ROOM];
    char files[128];
    char alike[160];
    if (totals->is_cut || signals_raised() || totals->nunbegun == totals->nfiles)
        return;
    if (totals->nfiles == 1)
        snprintf(files, sizeof files, "1 file %s", nfailed > 0 ? "failed" : "verified");
    else if (nfailed == 0)
        snprintf(files, sizeof files, "%zu of %zu files verified", totals->ndone, totals->nfiles);
    else
        snprintf(files, sizeof files, "%zu of %zu files verified (%zu failed)", totals->ndone,
                 totals->nfiles, nfailed);
    format_alike(report, alike, sizeof alike);
    message_note("%s: %zu tensor%s, %zu copied%s, %s, %.*f s", files, totals->ntensors,
                 totals->ntensors == 1 ? "" : "s", totals->ncopied, alike,
                 amount_of_bytes(amount, (double)totals->bytes_in), totals->seconds < 100 ? 2 : 0,
                 totals->seconds);
}
