/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through drift: the first call fails, then the second ... A run fails, or has the
 * figures of a run without faults. No memory, no descriptor and no temporary file is lost.
 */
#include "faults.h"

#include <quant/drift.h>

#include "../engine/engine.h"

struct scenario {
    const char *name;
    struct quant_input layers[2];
    const char *samples; /* NULL: random ones */
    struct quant_granularity granularity;
    enum quant_drift_activations activations;
    size_t nrules; /* 1: the first layer is copied */
};

static const struct quant_rule copying = {.pattern = "*a*", .copies = true};

static const struct scenario scenarios[] = {
    {.name = "two files", .layers = {{.path = "a.npy"}, {.path = "b.npy"}}},
    {.name = "groups, activations and samples",
     .layers = {{.path = "a.npy"}, {.path = "b.npy"}},
     .samples = "x.npy",
     .granularity = {.block_size = 2},
     .activations = QUANT_ACTIVATIONS_PER_TOKEN},
    {.name = "JSON, through a spool",
     .layers = {{.path = "a.json"}, {.path = "b.npy"}},
     .samples = "x.json",
     .granularity = {.has_axis = true},
     .activations = QUANT_ACTIVATIONS_PER_TENSOR},
    {.name = "a copied layer", .layers = {{.path = "a.npy"}, {.path = "b.npy"}}, .nrules = 1},
    {.name = "a container", .layers = {{.path = "one.safetensors"}, {.path = "b.npy"}}},
};

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[5,3],\"data_offsets\":[0,60]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[60,72]}}";

static void write_files(void)
{
    enum { N = 18 };
    float *x = make_floats(N);
    write_npy("a.npy", x, 15, false, "(5, 3)");
    write_npy("b.npy", x + 1, 10, false, "(2, 5)");
    write_npy("x.npy", x + 4, 12, false, "(4, 3)");
    file_write_container("one.safetensors", header, x, 72);
    write_json("x.json", x, 3);
    free(x);
    file_write_text("a.json", "[[1,2,3],[-1,0.5,2],[0.1,0.2,-0.3],[5,-1,1],[1,1,2]]");
}

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct quant_drift_result result;
    struct faults_seen seen;
};

static void run(const struct scenario *scenario, unsigned kinds, unsigned long n, bool from_then_on,
                struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    const struct quant_drift_job job = {
        .size = sizeof job,
        .layers = scenario->layers,
        .nlayers = 2,
        .granularity = scenario->granularity,
        .activations = scenario->activations,
        .input = {.path = scenario->samples},
        .nsamples = scenario->samples ? 0 : 5,
        .rules = &copying,
        .nrules = scenario->nrules,
        .control = {.threads = 1}, /* faults are this thread's */
    };
    faults_arm(kinds, n, from_then_on);
    outcome->status = quant_drift(&job, &outcome->result, &outcome->error);
    outcome->seen = faults_disarm();
}

static const char *judge(const struct outcome *whole, const struct outcome *outcome)
{
    const struct quant_report *figures = &outcome->result.last.outputs;
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (outcome->status != QUANT_OK)
        return outcome->error.status != outcome->status ? "the error is not set" : NULL;
    if (outcome->result.nlayers != 2)
        return "not all layers are there";
    return memcmp(figures, &whole->result.last.outputs, sizeof *figures) != 0
               ? "the figures are others"
               : NULL;
}

static void move_through(const struct scenario *scenario, const struct outcome *whole,
                         unsigned kinds, bool from_then_on)
{
    static struct outcome outcome;
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        const int descriptors = folder_count("/proc/self/fd");
        const int files = folder_count(".");
        run(scenario, kinds, n, from_then_on, &outcome);
        const char *complaint = judge(whole, &outcome);
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
        if (!complaint && folder_count(".") != files)
            complaint = "a file was left";
        if (complaint)
            fail_msg("%s: %s, when call %lu of kinds %u failed%s: status %d, %s", scenario->name,
                     complaint, n, kinds, from_then_on ? " and all after it" : "", outcome.status,
                     outcome.status ? outcome.error.text : "");
        fired = outcome.seen.fired;
    }
}

static void test_scenarios(void **state)
{
    (void)state;
    static const unsigned kinds[] = {FAULT_MEMORY, FAULT_OPEN, FAULT_READ, FAULT_WRITE, FAULT_ALL};
    static struct outcome whole;
    write_files();
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        run(&scenarios[i], FAULT_ALL, 0, false, &whole);
        check_ok(whole.status, &whole.error);
        for (size_t k = 0; k < LENGTH(kinds); k++) {
            move_through(&scenarios[i], &whole, kinds[k], false);
            move_through(&scenarios[i], &whole, kinds[k], true);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_scenarios)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
