/* SPDX-License-Identifier: MIT */
/* One calibration for each tie. What it finds is then a given range. */
#include "engine/files/tied_ranges.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/grouping.h"
#include "engine/calibration/calibrate_wanted.h"
#include "methods/plan_make.h"

struct tie {
    const struct quant_mappings *mappings;
    size_t i; /* index of the tie */
    size_t nfound;
    const struct quant_mapping *mapping; /* of its first tensor, as if it were not tied */
    struct quant_error fault;            /* the first that was found */
};

static enum quant_status tie_error(const struct tie *tie, struct quant_error *error,
                                   const char *what)
{
    return quant_error_set(error, QUANT_INVALID, "cannot tie '%.200s': %s",
                           tie->mappings->job->ties[tie->i], what);
}

static void find_fault(struct tie *tie, const char *name, const struct quant_mapping *mapping)
{
    const struct quant_quantize_job *job = tie->mappings->job;
    char what[512];
    const char *other = NULL;
    for (size_t i = 0; i < job->nties && !other; i++)
        if (i != tie->i && quant_name_matches(job->ties[i], name))
            other = job->ties[i];
    if (other)
        snprintf(what, sizeof what, "tensor '%.200s' is tied by '%.200s' too", name, other);
    else if (quant_granularity_has_groups(&mapping->plan.granularity))
        snprintf(what, sizeof what, "tensor '%.200s' has a scale for each channel or block", name);
    else if (mapping->plan.from != QUANT_RANGE_FOUND)
        snprintf(what, sizeof what, "the range of tensor '%.200s' is given, or not needed", name);
    else if (mapping != tie->mapping)
        snprintf(what, sizeof what, "tensor '%.200s' is mapped by another rule than the first",
                 name);
    else
        return;
    if (tie->fault.status == QUANT_OK)
        tie_error(tie, &tie->fault, what);
}

static bool wants(void *context, const char *name, unsigned ndim)
{
    struct tie *tie = context;
    const struct quant_mapping *mapping = quant_mappings_find(tie->mappings, name);
    if (!quant_name_matches(tie->mappings->job->ties[tie->i], name) ||
        !quant_mappings_has(tie->mappings, mapping, name, ndim))
        return false;
    if (tie->nfound++ == 0)
        tie->mapping = mapping;
    find_fault(tie, name, mapping);
    return tie->fault.status == QUANT_OK;
}

/* As quant_file_range does with a calibration file. */
static enum quant_status make_mapping(const struct tie *tie,
                                      const struct quant_calibrate_result *found,
                                      struct quant_spec spec, struct quant_mapping *mapping,
                                      struct quant_error *error)
{
    const double lo = found->has_range ? found->range[0] : 0;
    const double hi = found->has_range ? found->range[1] : 0;
    const bool is_point = lo == hi;
    *mapping = *tie->mapping;
    spec.has_clip = spec.clip_is_calibrated = true;
    spec.clip[0] = is_point ? fmin(lo, 0) : lo;
    spec.clip[1] = is_point ? fmax(hi, 0) : hi;
    return quant_plan_make(&spec, &tie->mapping->plan.granularity, &mapping->plan, error);
}

static enum quant_status find_range(struct quant_mappings *mappings, size_t i,
                                    const char *const *paths, size_t n,
                                    struct quant_mapping *mapping, struct quant_error *error)
{
    const struct quant_quantize_job *job = mappings->job;
    struct tie tie = {.mappings = mappings, .i = i};
    struct quant_wanted wanted = {.wants = wants, .context = &tie};
    struct quant_calibrate_job calibrate = {
        .size = sizeof calibrate,
        .paths = paths,
        .npaths = n,
        .input = job->input,
        .control = {.threads = job->control.threads, .cancel = job->control.cancel}};
    struct quant_calibrate_result found;
    struct quant_error own = {QUANT_OK, ""};
    /* Which spec it is follows from the first tensor. */
    enum quant_status status = quant_calibrate_look(&calibrate, &wanted, &own);
    if (status == QUANT_OK && tie.nfound == 0)
        return tie_error(&tie, error, "it matches no tensor that is quantized");
    if (tie.fault.status != QUANT_OK) {
        *error = tie.fault;
        return tie.fault.status;
    }
    if (status == QUANT_OK) {
        calibrate.spec = *quant_mappings_spec(mappings, tie.mapping);
        status = quant_calibrate_wanted(&calibrate, &wanted, &found, &own);
    }
    if (status == QUANT_OK)
        status = make_mapping(&tie, &found, calibrate.spec, mapping, &own);
    if (status != QUANT_OK)
        return quant_error_set(error, status, "cannot tie '%.200s': %s", job->ties[i], own.text);
    return QUANT_OK;
}

/* A stream cannot be read twice. */
static enum quant_status list_paths(const struct quant_file *files, size_t n, const char **paths,
                                    size_t *npaths, struct quant_error *error)
{
    for (size_t i = 0; i < n; i++) {
        struct stat status;
        const char *path = files[i].path;
        if (!path || files[i].reason)
            continue;
        if (strcmp(path, "-") == 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode)))
            return quant_error_set(error, QUANT_INVALID,
                                   "cannot tie tensors of '%s': it cannot be read twice", path);
        paths[(*npaths)++] = path;
    }
    return QUANT_OK;
}

enum quant_status quant_tied_ranges_find(struct quant_mappings *mappings,
                                         const struct quant_file *files, size_t n,
                                         struct quant_error *error)
{
    const struct quant_quantize_job *job = mappings->job;
    struct quant_error unused;
    size_t npaths = 0;
    if (job->nties == 0)
        return QUANT_OK;
    const char **paths = calloc(n + 1, sizeof *paths);
    struct quant_mapping *tied = calloc(job->nties, sizeof *tied);
    enum quant_status status =
        paths && tied ? QUANT_OK : quant_error_no_memory(error, n * sizeof *paths, "files");
    if (status == QUANT_OK)
        status = list_paths(files, n, paths, &npaths, error ? error : &unused);
    for (size_t i = 0; status == QUANT_OK && i < job->nties; i++)
        status = find_range(mappings, i, paths, npaths, &tied[i], error ? error : &unused);
    free(paths);
    mappings->tied = tied;
    if (status != QUANT_OK) {
        free(tied);
        mappings->tied = NULL;
    }
    return status;
}
