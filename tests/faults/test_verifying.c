/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through verifying: the first call fails, then the second ... A run either fails, or
 * has compared everything: a check that could not be made is never taken for one that was. No
 * memory and no descriptor is lost.
 */
#include "faults.h"

#include <quant/verify.h>
#include <sys/stat.h>

#include "../engine/engine.h"

struct scenario {
    const char *name;
    const char *path;
    const char *against;
    size_t ncompared;
    uint64_t ways;
};

static const struct scenario scenarios[] = {
    {"one scale against the original", "q.npy", "x.npy", 1, 0},
    {"by its sidecar", "q.npy.json", "x.npy", 1, 0},
    {"blocks against JSON", "b.npy", "x.json", 1, 0},
    {"another quantized file", "q.npy", "b.npy", 1, 0},
    {"integers alone", "q.npy", "alone.npy", 1, 0},
    {"a container against the original", "q.safetensors", "x.safetensors", 2, 0},
    {"a container against another", "q.safetensors", "r.safetensors", 2, 0},
    {"a container against one without a sidecar", "q.safetensors", "f.safetensors", 2, 0},
    {"a file of a directory", "q.npy", "d", 1, 0},
    {"what is missing of a directory", "q.npy", "d", 1, QUANT_AGAINST_WHOLE},
    {"shards by their headers", "q.safetensors", "h", 2, 0},
    {"shards by an index", "q.safetensors", "i", 2, QUANT_AGAINST_WHOLE},
    {"a tensor that is missing", "q.safetensors", "t", 2, QUANT_AGAINST_WHOLE},
};

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"v\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[24,48]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[48,60]}}";

/* The same in two shards; and with one tensor more. */
static const char header_1[] =
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
static const char header_2[] =
    "{\"v\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
    "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}}";
static const char header_3[] =
    "{\"more\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}";
static const char index_text[] = "{\"weight_map\":{\"w\":\"1.safetensors\",\"v\":\"2.safetensors\","
                                 "\"bias\":\"2.safetensors\"}}";

static void copy(const char *from, const char *to)
{
    size_t nbytes;
    void *bytes = file_read(from, &nbytes);
    file_write(to, bytes, nbytes);
    free(bytes);
}

static void quantize_to(const char *input, const char *output, uint64_t block_size)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.granularity.block_size = block_size;
    job.spec.scheme = QUANT_ZERO_POINT;
    quantize_ok(&job);
}

static void write_shards(const char *directory, const float *x, bool has_more)
{
    char path[64];
    assert_int_equal(mkdir(directory, 0777), 0);
    snprintf(path, sizeof path, "%s/1.safetensors", directory);
    file_write_container(path, header_1, x, 24);
    snprintf(path, sizeof path, "%s/2.safetensors", directory);
    file_write_container(path, header_2, x + 6, 36);
    snprintf(path, sizeof path, "%s/3.safetensors", directory);
    if (has_more)
        file_write_container(path, header_3, x, 12);
}

static void write_files(void)
{
    enum { N = 15 };
    float *x = make_floats(N);
    write_npy("x.npy", x, N, false, "(15,)");
    write_json("x.json", x, N);
    file_write_container("x.safetensors", header, x, 60);
    write_shards("h", x, false);
    write_shards("i", x, false);
    write_shards("t", x, true);
    file_write_text("i/m.safetensors.index.json", index_text);
    free(x);
    assert_int_equal(mkdir("d", 0777), 0);
    copy("x.npy", "d/x.npy");
    copy("x.npy", "d/y.npy");
    quantize_to("x.npy", "q.npy", 0);
    quantize_to("x.npy", "b.npy", 2);
    copy("q.npy", "alone.npy");
    quantize_to("x.safetensors", "q.safetensors", 2);
    quantize_to("x.safetensors", "r.safetensors", 0);
    copy("q.safetensors", "f.safetensors");
}

static bool on_tensor(void *context, const struct quant_tensor_result *result)
{
    *(size_t *)context += result->verified && result->verified->likeness != QUANT_NOT_COMPARED;
    return true;
}

static bool on_file(void *context, const struct quant_file_result *result)
{
    *(size_t *)context += result->verified && result->verified->likeness != QUANT_NOT_COMPARED;
    return true;
}

struct outcome {
    enum quant_status status;
    struct quant_error error;
    size_t ncompared;
    struct faults_seen seen;
};

static struct outcome run(const struct scenario *scenario, unsigned kinds, unsigned long n,
                          bool from_then_on)
{
    struct outcome outcome = {.status = QUANT_OK};
    const struct quant_file file = {.path = scenario->path};
    const struct quant_verify_job job = {
        .size = sizeof job,
        .files = &file,
        .nfiles = 1,
        .against.path = scenario->against,
        .against_ways = scenario->ways,
        .control = {.threads = 1, /* faults are this thread's */
                    .on_tensor = on_tensor,
                    .on_file = on_file,
                    .context = &outcome.ncompared},
    };
    faults_arm(kinds, n, from_then_on);
    outcome.status = quant_file_verify(&job, &outcome.error);
    outcome.seen = faults_disarm();
    return outcome;
}

static const char *judge(const struct scenario *scenario, const struct outcome *whole,
                         const struct outcome *outcome)
{
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (!outcome->seen.fired || outcome->status == QUANT_OK) {
        if (outcome->status != whole->status)
            return "the status is not that of a run without faults";
        if (outcome->ncompared != scenario->ncompared)
            return "not all tensors were compared";
        return NULL;
    }
    return outcome->error.status != outcome->status ? "the error is not set" : NULL;
}

static void move_through(const struct scenario *scenario, const struct outcome *whole,
                         unsigned kinds, bool from_then_on)
{
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        const int descriptors = folder_count("/proc/self/fd");
        const struct outcome outcome = run(scenario, kinds, n, from_then_on);
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
                                     FAULT_MEMORY | FAULT_OPEN | FAULT_READ};
    write_files();
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        const struct outcome whole = run(&scenarios[i], FAULT_ALL, 0, false);
        assert_int_equal(whole.ncompared, scenarios[i].ncompared);
        for (size_t k = 0; k < LENGTH(kinds); k++) {
            assert_true(run(&scenarios[i], kinds[k], 0, false).seen.calls > 1);
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
