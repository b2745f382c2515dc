/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through quantizing with a model: the first call fails, then the second ... A run
 * either fails, and then there is no model, or it has written the one of a run without faults. No
 * memory, no descriptor and no temporary file is left.
 */
#include "faults.h"

#include "holding.h"

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}}";

struct scenario {
    const char *name;
    bool force; /* the outputs and a model are there */
    uint64_t ways;
    uint64_t block_size;
    enum quant_scheme scheme;
};

static const struct scenario scenarios[] = {
    {"anew", .block_size = 2, .scheme = QUANT_ZERO_POINT},
    {"over old files", .force = true, .scheme = QUANT_ABSMAX},
    {"outputs that are complete", .ways = QUANT_RESUME, .block_size = 3, .scheme = QUANT_ABSMAX},
};

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct faults_seen seen;
    struct holding after;
};

static enum quant_status quantize(const struct scenario *scenario, struct quant_error *error)
{
    static const struct quant_file files[] = {
        {.path = "x.npy", .output = "q.npy"},
        {.path = "m.safetensors", .output = "q.safetensors"},
    };
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.files = files;
    job.nfiles = LENGTH(files);
    job.spec.scheme = scenario->scheme;
    job.spec.include_zero = scenario->scheme == QUANT_ZERO_POINT;
    job.granularity.block_size = scenario->block_size;
    job.output.force = scenario->force;
    job.ways = scenario->ways;
    job.control.threads = 1; /* faults are this thread's */
    job.onnx = "m.onnx";
    return quant_file_quantize(&job, NULL, error);
}

static struct outcome run(const struct scenario *scenario, unsigned kinds, unsigned long n,
                          bool from_then_on)
{
    struct outcome outcome = {.status = QUANT_OK};
    faults_arm(kinds, n, from_then_on);
    outcome.status = quantize(scenario, &outcome.error);
    outcome.seen = faults_disarm();
    holding_take(&outcome.after);
    return outcome;
}

static const char *judge(const struct outcome *whole, const struct outcome *outcome)
{
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (!outcome->seen.fired || outcome->status == QUANT_OK) {
        if (outcome->status != whole->status)
            return "the status is not that of a run without faults";
        return holdings_equal(&outcome->after, &whole->after) ? NULL : "the files are others";
    }
    for (size_t i = 0; i < outcome->after.count; i++)
        if (strncmp(outcome->after.files[i].name, ".quant-", 7) == 0)
            return "a temporary file is left";
    return outcome->error.status != outcome->status ? "the error is not set" : NULL;
}

/* Where the work had begun, there is no model that its outputs do not agree with. */
static bool has_wrong_model(const struct outcome *whole, const struct outcome *outcome,
                            const struct holding *before)
{
    const bool is_begun = !holdings_agree(&outcome->after, before, "q.npy");
    return holding_find(&outcome->after, "m.onnx") >= 0 && is_begun &&
           !holdings_agree(&outcome->after, &whole->after, "m.onnx");
}

static void move_through(const struct scenario *scenario, const struct holding *before,
                         const struct outcome *whole, unsigned kinds, bool from_then_on)
{
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        const int descriptors = folder_count("/proc/self/fd");
        holding_restore(before);
        struct outcome outcome = run(scenario, kinds, n, from_then_on);
        const char *complaint = judge(whole, &outcome);
        if (!complaint && has_wrong_model(whole, &outcome, before))
            complaint = "there is a model of other outputs";
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
        if (complaint)
            fail_msg("%s: %s, when call %lu of kinds %u failed%s: status %d, %s", scenario->name,
                     complaint, n, kinds, from_then_on ? " and all after it" : "", outcome.status,
                     outcome.status ? outcome.error.text : "");
        fired = outcome.seen.fired;
        holding_drop(&outcome.after);
    }
}

static void test_scenarios(void **state)
{
    (void)state;
    static const unsigned kinds[] = {FAULT_MEMORY, FAULT_OPEN, FAULT_READ, FAULT_WRITE,
                                     FAULT_CLOSE | FAULT_RENAME | FAULT_LINK};
    static const float x[] = {1, -2, 3, 0, 5, 6, 7, 8, 9};
    static const struct scenario old = {.block_size = 3, .scheme = QUANT_ABSMAX};
    struct quant_error error;
    write_npy("x.npy", x, 6, false, "(6,)");
    file_write_container("m.safetensors", header, x, sizeof x);
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        const struct scenario *scenario = &scenarios[i];
        struct holding before;
        if (scenario->force) /* the files of the scenarios that follow, too */
            check_ok(quantize(&old, &error), &error);
        holding_take(&before);
        struct outcome whole = run(scenario, FAULT_ALL, 0, false);
        check_ok(whole.status, &whole.error);
        for (size_t k = 0; k < LENGTH(kinds); k++) {
            move_through(scenario, &before, &whole, kinds[k], false);
            if (!(kinds[k] & FAULT_RENAME))
                move_through(scenario, &before, &whole, kinds[k], true);
        }
        holding_restore(&before);
        holding_drop(&before);
        holding_drop(&whole.after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_scenarios)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
