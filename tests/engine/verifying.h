/* SPDX-License-Identifier: MIT */
/* Verifying one file in short, for the tests of it. */
#ifndef QUANT_TESTS_ENGINE_VERIFYING_H
#define QUANT_TESTS_ENGINE_VERIFYING_H

#include <quant/verify.h>

#include "engine.h"

enum { TEXTS = 8 };

struct found {
    size_t n; /* faults */
    enum quant_fault_kind kinds[TEXTS];
    char texts[TEXTS][1024];
    char names[TEXTS][64]; /* of their tensors */
    uint64_t elements[TEXTS];
    size_t ntensors; /* that were reported */
    size_t nfiles;
    enum quant_likeness likeness; /* of the last that was compared */
    const char *scales;
    double scale_difference;
};

static inline void collect(struct found *found, const char *name,
                           const struct quant_verified *verified)
{
    assert_non_null(verified);
    if (verified->likeness != QUANT_NOT_COMPARED) {
        found->likeness = verified->likeness;
        found->scales = verified->scales;
        found->scale_difference = verified->scale_difference;
    }
    for (size_t i = 0; i < verified->nfaults && found->n < TEXTS; i++, found->n++) {
        const struct quant_fault *fault = &verified->faults[i];
        found->kinds[found->n] = fault->kind;
        found->elements[found->n] = fault->has_element ? fault->element : UINT64_MAX;
        snprintf(found->texts[found->n], sizeof found->texts[0], "%s", fault->error.text);
        snprintf(found->names[found->n], sizeof found->names[0], "%s", name);
    }
}

static inline bool on_tensor(void *context, const struct quant_tensor_result *result)
{
    struct found *found = context;
    found->ntensors++;
    collect(found, result->name, result->verified);
    assert_int_equal(result->status == QUANT_OK, result->verified->nfaults == 0);
    return true;
}

static inline bool on_file(void *context, const struct quant_file_result *result)
{
    struct found *found = context;
    found->nfiles++;
    collect(found, "", result->verified);
    return true;
}

/* against may be NULL. */
static inline void verify_with(const char *path, const char *against, unsigned threads,
                               struct found *found)
{
    const struct quant_file file = {.path = path};
    const struct quant_verify_job job = {
        .size = sizeof job,
        .files = &file,
        .nfiles = 1,
        .against.path = against,
        .control = {
            .threads = threads, .on_tensor = on_tensor, .on_file = on_file, .context = found}};
    struct quant_error error;
    memset(found, 0, sizeof *found);
    const enum quant_status status = quant_file_verify(&job, &error);
    assert_int_equal(found->nfiles, 1);
    assert_int_equal(status != QUANT_OK, found->n > 0);
    if (found->n > 0)
        assert_int_not_equal(error.text[0], '\0');
}

static inline void verify(const char *path, struct found *found)
{
    verify_with(path, NULL, 1, found);
}

#endif
