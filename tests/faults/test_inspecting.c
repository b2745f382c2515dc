/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through inspecting: the first call fails, then the second ... A run fails, or says
 * that the sidecar could not be read, or shows what a run without faults shows. No memory and no
 * descriptor is lost.
 */
#include "faults.h"

#include <quant/inspect.h>

#include "../engine/engine.h"

struct scenario {
    const char *name;
    const char *path;
    bool measure;
    size_t nmeasured; /* tensors with statistics */
};

static const struct scenario scenarios[] = {
    {"headers of one tensor", "q.npy", false, 0},
    {"headers of many", "q.safetensors", false, 0},
    {"floats", "x.npy", true, 1},
    {"JSON, through a spool", "x.json", true, 1},
    {"integers", "q.npy", true, 1},
    {"a container", "x.safetensors", true, 3},
    {"a quantized container", "q.safetensors", true, 5},
};

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"v\":{\"dtype\":\"F16\",\"shape\":[3,2],\"data_offsets\":[24,36]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[36,48]}}";

static void write_files(void)
{
    enum { N = 15 };
    float *x = make_floats(N);
    memset(x + 6, 0, 12); /* no NaN among the float16 */
    write_npy("x.npy", x, N, false, "(3, 5)");
    write_json("x.json", x, N);
    file_write_container("x.safetensors", header, x, 48);
    free(x);
    const struct quant_quantize_job single = quantize_job("x.npy", "q.npy");
    quantize_ok(&single);
    struct quant_quantize_job many = quantize_job("x.safetensors", "q.safetensors");
    many.granularity.has_axis = true;
    quantize_ok(&many);
}

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct quant_inspect_result result;
    size_t nmeasured;
    struct faults_seen seen;
};

static bool on_tensor(void *context, const struct quant_tensor_result *result)
{
    struct outcome *outcome = context;
    outcome->nmeasured += result->inspected && result->inspected->has_statistics;
    return true;
}

static void run(const struct scenario *scenario, unsigned kinds, unsigned long n, bool from_then_on,
                struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    const struct quant_inspect_job job = {
        .size = sizeof job,
        .input.path = scenario->path,
        .measure = scenario->measure,
        .control = {.threads = 1, /* faults are this thread's */
                    .on_tensor = on_tensor,
                    .context = outcome},
    };
    faults_arm(kinds, n, from_then_on);
    outcome->status = quant_file_inspect(&job, &outcome->result, &outcome->error);
    outcome->seen = faults_disarm();
}

static const char *judge(const struct scenario *scenario, const struct outcome *whole,
                         const struct outcome *outcome)
{
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (outcome->status != QUANT_OK)
        return outcome->error.status != outcome->status ? "the error is not set" : NULL;
    if (outcome->result.ntensors != whole->result.ntensors)
        return "not all tensors are there";
    if (outcome->result.nfaults == 0 && outcome->nmeasured != scenario->nmeasured)
        return "not all tensors were measured";
    if (outcome->result.nfaults == 0 &&
        memcmp(outcome->result.roles, whole->result.roles, sizeof whole->result.roles) != 0)
        return "tensors are shown as something else";
    return NULL;
}

static void move_through(const struct scenario *scenario, const struct outcome *whole,
                         unsigned kinds, bool from_then_on)
{
    static struct outcome outcome;
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        const int descriptors = folder_count("/proc/self/fd");
        run(scenario, kinds, n, from_then_on, &outcome);
        const char *complaint = judge(scenario, whole, &outcome);
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
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
    static const unsigned kinds[] = {FAULT_MEMORY, FAULT_OPEN, FAULT_READ,
                                     FAULT_MEMORY | FAULT_OPEN | FAULT_READ | FAULT_WRITE};
    static struct outcome whole;
    write_files();
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        run(&scenarios[i], FAULT_ALL, 0, false, &whole);
        check_ok(whole.status, &whole.error);
        assert_int_equal(whole.result.nfaults, 0);
        assert_int_equal(whole.nmeasured, scenarios[i].nmeasured);
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
