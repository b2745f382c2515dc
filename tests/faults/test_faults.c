/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through whole runs: the first call fails, then the second, the third ... until a run
 * has fewer calls; each one once, and with all calls after it. After each run the directory has the
 * same files and bytes as before, or those that a run without faults leaves. So no input changes,
 * no temporary file stays, and no old file is next to a new one of the same pair. Only if nothing
 * could be undone (every later rename fails too) may there be data without its sidecar, which means
 * that it is unfinished.
 */
#include "faults.h"

#include "holding.h"

#include <pthread.h>
#include <signal.h>

#include "engine/files/sidecar_pair.h"
#include "io/io.h"

/* ---- What is run ---- */

enum { N = 5, ROWS = 65537, LONG = QUANT_SPOOL_MEMORY / 4 + 30000 };

/* Quantizing or its way back; or calibrating three files, in parts or not, into data. */
enum task { MAP = 0, CALIBRATE, RESUME, MERGE };

struct scenario {
    const char *name;
    const char *old_input; /* what the pair that is there was made from; NULL: none is there */
    const char *input;     /* "-": LONG floats through a pipe */
    const char *data;
    const char *restored;    /* of a dequantization; NULL: a quantization */
    const char *calibration; /* of that; NULL: the range as it is seen */
    bool without_unnamed;    /* outputs have a temporary name from the beginning */
    struct quant_granularity granularity;
    enum task task;
    const char *scale_from; /* made from the input before, by the same granularity */
    const char *range_from; /* the same */
    enum quant_dtype dtype; /* NONE: int8 */
};

static const struct scenario scenarios[] = {
    {"quantize anew", .input = "x.npy", .data = "q.npy"},
    {"quantize anew, with temporary names", .input = "x.npy", .data = "q.npy",
     .without_unnamed = true},
    {"quantize over an old pair", "old.bin", "x.npy", .data = "q.npy"},
    {"quantize JSON over an old pair", "old.bin", "x.json", .data = "q.json"},
    {"quantize a spooled pipe over an old pair", "old.bin", "-", .data = "q.bin"},
    {"calibrate over an old pair", "old.bin", "x.npy", "q.npy", .calibration = "percentile"},
    {"calibrate by the best over an old pair", "old.bin", "x.npy", "q.npy", .calibration = "auto"},
    {"dequantize and measure", "x.npy", NULL, "q.npy", .restored = "r.npy"},
    {"dequantize JSON over an old file", "x.npy", NULL, "q.json", .restored = "old.json"},
    {"calibrate files", .data = "c.json", .calibration = "entropy", .task = CALIBRATE},
    {"calibrate a part over an old one", "c.json", .data = "c.json", .calibration = "octav",
     .task = RESUME},
    {"merge", .data = "c.json", .calibration = "octav", .task = MERGE},
    {"merge over an old file", "c.json", .data = "c.json", .calibration = "percentile",
     .without_unnamed = true, .task = MERGE},
    /* With ROWS x 2 elements, columns are far apart, and there are more blocks than a sidecar
       holds. */
    {"quantize columns over an old pair", "old.wide.npy", "wide.npy", "q.npy",
     .granularity = {true, 1, 0, 0}},
    {"calibrate columns anew", NULL, "wide.npy", "q.npy", .calibration = "sigma",
     .granularity = {true, 1, 0, 0}},
    {"quantize in blocks over an old pair", "old.bin", "x.npy", "q.npy",
     .granularity = {false, 0, 2, 0}},
    {"quantize spooled JSON in blocks over an old pair", "old.bin", "x.json", "q.json",
     .granularity = {false, 0, 2, 0}},
    {"quantize in many blocks over an old trio", "old.wide.npy", "wide.npy", "q.npy",
     .granularity = {false, 0, 2, 0}},
    {"dequantize and measure many blocks", "wide.npy", NULL, "q.npy", "r.npy",
     .granularity = {false, 0, 2, 0}},
    {"quantize a container anew", .input = "m.safetensors", .data = "q.safetensors"},
    {"quantize rows of a container over an old pair", "old.safetensors", "m.safetensors",
     "q.safetensors", .granularity = {true, 0, 0, 0}},
    {"dequantize and measure a container", "m.safetensors", NULL, "q.safetensors",
     .restored = "r.safetensors"},
    {"calibrate channels of files", .data = "c.json", .granularity = {true, 0, 0, 0},
     .task = CALIBRATE},
    {"calibrate blocks of files over an old one", "c.json", .data = "c.json",
     .calibration = "sigma", .granularity = {false, 0, 2, 0}, .task = CALIBRATE},
    {"quantize in given blocks over an old pair", "old.bin", "x.npy", "q.npy",
     .granularity = {false, 0, 2, 0}, .scale_from = "g.npy.json"},
    {"quantize a container by scales of another", "old.safetensors", "m.safetensors",
     "q.safetensors", .granularity = {true, 0, 0, 0}, .scale_from = "g.safetensors"},
    {"quantize a container by a sidecar of another", "old.safetensors", "m.safetensors",
     "q.safetensors", .granularity = {true, 0, 0, 0}, .scale_from = "g.safetensors.json"},
    {"quantize by ranges of blocks", NULL, "x.npy", "q.npy", .granularity = {false, 0, 2, 0},
     .range_from = "g.json"},
    {"quantize GGUF to blocks anew", NULL, "m.gguf", "q.gguf", .dtype = QUANT_Q8_0},
    {"quantize GGUF to blocks over an old file", "old.gguf", "m.gguf", "q.gguf",
     .dtype = QUANT_Q4_1},
    {"dequantize and measure GGUF", "m.gguf", NULL, "q.gguf", "r.gguf", .dtype = QUANT_Q5_0},
};

static const char *const calibrated[] = {"x.npy", "x.json", "old.bin"};
static const char *const parts[] = {"p0.json", "p1.json"};

static float long_input[LONG];

static void *feed(void *argument)
{
    const int fd = *(int *)argument;
    size_t done = 0;
    while (done < sizeof long_input) {
        const ssize_t count = write(fd, (char *)long_input + done, sizeof long_input - done);
        if (count <= 0)
            break; /* nobody reads any more */
        done += (size_t)count;
    }
    close(fd);
    return NULL;
}

static enum quant_status calibrate(const struct scenario *scenario, const char *resume,
                                   const char *const *paths, size_t npaths, const char *output,
                                   struct quant_error *error)
{
    const struct quant_calibrate_job job = {.size = sizeof job,
                                            .paths = paths,
                                            .npaths = npaths,
                                            .spec = {.calibration = scenario->calibration},
                                            .partial =
                                                scenario->task == RESUME || scenario->task == MERGE,
                                            .resume = resume,
                                            .output = output,
                                            .force = scenario->old_input != NULL,
                                            .granularity = scenario->granularity};
    struct quant_calibrate_result result;
    return quant_file_calibrate(&job, &result, error);
}

static enum quant_status merge(const struct scenario *scenario, const char *output,
                               struct quant_error *error)
{
    const struct quant_merge_job job = {.size = sizeof job,
                                        .paths = parts,
                                        .npaths = LENGTH(parts),
                                        .output = output,
                                        .force = scenario->old_input != NULL};
    struct quant_calibrate_result result;
    return quant_file_merge(&job, &result, error);
}

static enum quant_status run_calibration(const struct scenario *scenario, struct quant_error *error)
{
    if (scenario->task == MERGE)
        return merge(scenario, scenario->data, error);
    const bool is_part = scenario->task == RESUME;
    return calibrate(scenario, is_part ? "m.json" : NULL, calibrated + is_part,
                     LENGTH(calibrated) - is_part, scenario->data, error);
}

/* The parts of the second round, and what they were resumed from. */
static void make_parts(const struct scenario *scenario)
{
    struct quant_error error;
    for (int round = 0; round < 2; round++) {
        const char *resume = round > 0 ? "m.json" : NULL;
        if (round > 0)
            for (size_t i = 0; i < LENGTH(parts); i++)
                assert_int_equal(rename(parts[i], i == 0 ? "1.json" : "2.json"), 0);
        check_ok(calibrate(scenario, resume, calibrated, 1, parts[0], &error), &error);
        check_ok(calibrate(scenario, resume, calibrated + 1, 2, parts[1], &error), &error);
        if (round == 0)
            check_ok(merge(scenario, "m.json", &error), &error);
    }
}

static enum quant_status run_job(const struct scenario *scenario, struct quant_error *error,
                                 struct quant_report *report)
{
    if (scenario->task != MAP)
        return run_calibration(scenario, error);
    struct quant_quantize_job there = quantize_job(scenario->input, scenario->data);
    struct quant_dequantize_job back = dequantize_job(scenario->data, scenario->restored);
    struct quant_quantize_result quantized;
    struct quant_dequantize_result restored;
    there.spec.calibration = scenario->calibration;
    there.granularity = scenario->granularity;
    there.scale_from = scenario->scale_from;
    there.range_from = scenario->range_from;
    there.spec.dtype = scenario->dtype;
    if (scenario->dtype) /* no sidecar names the original */
        back.against.path = "m.gguf";
    there.control.threads = back.control.threads = 1; /* faults are this thread's */
    there.output.force = back.output.force = scenario->old_input != NULL;
    const enum quant_status status = scenario->restored
                                         ? quant_file_dequantize(&back, &restored, error)
                                         : quant_file_quantize(&there, &quantized, error);
    if (status == QUANT_OK)
        *report = scenario->restored ? restored.report : quantized.report;
    return status;
}

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct quant_report report;
    struct faults_seen seen;
};

static struct outcome run(const struct scenario *scenario, unsigned kinds, unsigned long n,
                          bool from_then_on)
{
    struct outcome outcome = {.status = QUANT_OK};
    int fds[2] = {-1, -1};
    pthread_t thread;
    const bool feeds = scenario->input && strcmp(scenario->input, "-") == 0;
    if (feeds) {
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        fcntl(fds[1], F_SETPIPE_SZ, 1 << 20); /* fewer, larger reads: fewer runs */
        assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
        close(fds[0]);
        assert_int_equal(pthread_create(&thread, NULL, feed, &fds[1]), 0);
    }
    faults_without_unnamed = scenario->without_unnamed;
    faults_arm(kinds, n, from_then_on);
    outcome.status = run_job(scenario, &outcome.error, &outcome.report);
    outcome.seen = faults_disarm();
    if (feeds) {
        const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO); /* the last reading end goes */
        close(null);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    return outcome;
}

/* ---- What must hold ---- */

struct expected {
    struct holding before;
    struct holding after;
    struct quant_report report;
};

static bool is_container(const struct scenario *scenario)
{
    const char *input = scenario->input ? scenario->input : scenario->old_input;
    return input && strcmp(input, "m.safetensors") == 0;
}

/* Two tensors that are quantized, one that is copied, and metadata. */
static void write_container(const char *path, const float *x)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"ids\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[16,32]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[32,44]}}";
    enum { LENGTH_OF_HEADER = sizeof header - 1, DATA = 44 };
    unsigned char bytes[8 + LENGTH_OF_HEADER + DATA] = {LENGTH_OF_HEADER & 0xff,
                                                        LENGTH_OF_HEADER >> 8};
    memcpy(bytes + 8, header, LENGTH_OF_HEADER);
    memcpy(bytes + 8 + LENGTH_OF_HEADER + 16, x, N * sizeof *x);
    file_write(path, bytes, sizeof bytes);
}

static bool is_wide(const struct scenario *scenario)
{
    return (scenario->input && strcmp(scenario->input, "wide.npy") == 0) ||
           (scenario->old_input && strcmp(scenario->old_input, "wide.npy") == 0);
}

/* The files of scales and ranges. */
static void write_given(const struct scenario *scenario)
{
    struct quant_error error;
    if (scenario->scale_from) {
        struct quant_quantize_job job =
            quantize_job(scenario->input, is_container(scenario) ? "g.safetensors" : "g.npy");
        job.granularity = scenario->granularity;
        job.spec.scheme = QUANT_ZERO_POINT;
        quantize_ok(&job);
    }
    if (scenario->range_from)
        check_ok(calibrate(scenario, NULL, calibrated, 1, scenario->range_from, &error), &error);
}

/* A sample file. */
static void write_sample(const char *path, const char *name)
{
    char from[sizeof files_before + 64];
    size_t nbytes;
    snprintf(from, sizeof from, "%s/data/containers/%s", files_before, name);
    unsigned char *bytes = file_read(from, &nbytes);
    file_write(path, bytes, nbytes);
    free(bytes);
}

/* The inputs: x.npy, x.json and old.bin of N elements; for scenarios that name them, wide ones. */
static void write_inputs(const struct scenario *scenario)
{
    float *x = make_floats(N);
    write_tensor("x.npy", x, N);
    write_tensor("x.json", x, N);
    x[0] = 100;
    write_tensor("old.bin", x, N);
    if (scenario->restored && strcmp(scenario->restored, "old.json") == 0)
        file_write_text("old.json", "old");
    if (is_container(scenario)) {
        write_container("old.safetensors", x);
        x[0] = 1;
        write_container("m.safetensors", x);
    }
    free(x);
    if (scenario->dtype) {
        write_sample("m.gguf", "model.gguf");
        write_sample("old.gguf", "aligned.gguf");
    }
    if (is_wide(scenario)) {
        write_npy("wide.npy", long_input, (size_t)2 * ROWS, false, "(65537, 2)");
        write_npy("old.wide.npy", long_input + 1, (size_t)2 * ROWS, false, "(65537, 2)");
    }
    if (scenario->task == RESUME || scenario->task == MERGE)
        make_parts(scenario);
    write_given(scenario);
}

static void prepare(const struct scenario *scenario, struct expected *expected)
{
    write_inputs(scenario);
    if (scenario->task != MAP && scenario->old_input) {
        file_write_text(scenario->old_input, "old");
    } else if (scenario->old_input) {
        struct quant_quantize_job job = quantize_job(scenario->old_input, scenario->data);
        job.granularity = scenario->granularity;
        job.spec.dtype = scenario->dtype;
        quantize_ok(&job);
    }
    holding_take(&expected->before);
    const struct outcome whole = run(scenario, FAULT_ALL, 0, false);
    check_ok(whole.status, &whole.error);
    expected->report = whole.report;
    holding_take(&expected->after);
    assert_false(holdings_equal(&expected->before, &expected->after));
}

/* Every rename fails after one that succeeded: nothing can be undone. Then the pending sidecar is
 * that of the new data. */
static bool blocked(const struct scenario *scenario, const struct expected *expected,
                    const struct holding *now, unsigned kinds, bool from_then_on)
{
    char pending[64];
    bool fits = false;
    struct quant_error error;
    snprintf(pending, sizeof pending, "%s.json.pending", scenario->data);
    static const char *const inputs[] = {"x.npy",           "x.json",       "old.bin",
                                         "wide.npy",        "old.wide.npy", "m.safetensors",
                                         "old.safetensors", "m.gguf",       "old.gguf"};
    for (size_t i = 0; i < LENGTH(inputs); i++)
        if (!holdings_agree(now, &expected->before, inputs[i]))
            return false;
    if (!from_then_on || !(kinds & FAULT_RENAME) || scenario->restored || scenario->task != MAP)
        return false;
    check_ok(quant_pair_fits(scenario->data, pending, &never, &fits, &error), &error);
    return fits;
}

static const char *judge(const struct scenario *scenario, const struct expected *expected,
                         const struct outcome *outcome, unsigned kinds, bool from_then_on)
{
    struct holding now;
    holding_take(&now);
    const bool old = holdings_equal(&now, &expected->before);
    const bool new = holdings_equal(&now, &expected->after);
    const bool unfinished = blocked(scenario, expected, &now, kinds, from_then_on);
    holding_drop(&now);
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (folder_count("spool") != 0)
        return "the spool file stays";
    if (outcome->status == QUANT_OK && !new)
        return "done, and the output is wrong";
    if (outcome->status == QUANT_OK &&
        memcmp(&outcome->report, &expected->report, sizeof expected->report) != 0)
        return "done, and the report is wrong";
    if (outcome->status != QUANT_OK && !outcome->seen.fired)
        return "failed without a fault";
    if (outcome->status != QUANT_OK && outcome->error.status != outcome->status)
        return "the error is not set";
    return old || new || unfinished ? NULL : "the directory is neither as before nor as after";
}

/* A run with much data makes many equal calls: a sample of them. */
static unsigned long next_call(const struct scenario *scenario, unsigned long n)
{
    enum { FIRST = IS_SLOW_BUILD ? 8 : 24 };
    const bool is_long = (scenario->input && scenario->input[0] == '-') || is_wide(scenario);
    return n + (is_long && n >= FIRST ? n / (FIRST / 4) : 1);
}

static void move_through(const struct scenario *scenario, const struct expected *expected,
                         unsigned kinds, bool from_then_on)
{
    bool fired = true;
    for (unsigned long n = 1; fired; n = next_call(scenario, n)) {
        holding_restore(&expected->before);
        const int descriptors = folder_count("/proc/self/fd");
        const struct outcome outcome = run(scenario, kinds, n, from_then_on);
        const char *complaint = judge(scenario, expected, &outcome, kinds, from_then_on);
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
        if (complaint)
            fail_msg("%s: %s, when call %lu of kinds %u failed%s: status %d, %s", scenario->name,
                     complaint, n, kinds, from_then_on ? " and all after it" : "", outcome.status,
                     outcome.status ? outcome.error.text : "");
        fired = outcome.seen.fired;
    }
}

static int enter(void **state)
{
    float *x = make_floats(LONG);
    memcpy(long_input, x, sizeof long_input);
    free(x);
    signal(SIGPIPE, SIG_IGN);
    return folder_enter(state) || mkdir("spool", 0700) || setenv("TMPDIR", "spool", 1);
}

static int leave(void **state)
{
    return unsetenv("TMPDIR") || folder_leave(state);
}

/* One kind at a time, once; and from then on; then all kinds from then on, as when a disk goes. */
static void test_scenario(void **state)
{
    const struct scenario *scenario = *state;
    struct expected expected;
    prepare(scenario, &expected);
    for (unsigned kind = 1; kind < FAULT_ALL; kind <<= 1)
        for (int from_then_on = 0; from_then_on < 2; from_then_on++)
            move_through(scenario, &expected, kind, from_then_on);
    move_through(scenario, &expected, FAULT_ALL, true);
    holding_drop(&expected.before);
    holding_drop(&expected.after);
}

/* Each kind of call occurs where it must, or the tests above would test nothing. */
static void test_reached(void **state)
{
    (void)state;
    enum { all = FAULT_ALL, no_rename = all - FAULT_RENAME, no_link = all - FAULT_LINK };
    static const unsigned kinds[LENGTH(scenarios)] = {
        no_rename, no_link,   all,       all,       all, all, all, all, all, /* mapping one scale */
        no_rename, all,       no_rename, no_link,                            /* calibrating */
        all,       no_rename, all,       all,       all, all,                /* many scales */
        no_rename, all,       all,                                           /* containers */
        no_rename, all,                                                      /* ranges of groups */
        all,       all,       all,       no_rename,                          /* what is given */
        no_rename, all,       all,                                           /* GGUF */
    };
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        struct expected expected;
        prepare(&scenarios[i], &expected);
        for (unsigned kind = 1; kind < FAULT_ALL; kind <<= 1) {
            holding_restore(&expected.before);
            const struct outcome outcome = run(&scenarios[i], kind, 0, false);
            check_ok(outcome.status, &outcome.error);
            if ((outcome.seen.calls > 0) != ((kinds[i] & kind) != 0))
                fail_msg("%s: kind %u: %lu calls", scenarios[i].name, kind, outcome.seen.calls);
        }
        holding_restore(&(struct holding){.count = 0});
        holding_drop(&expected.before);
        holding_drop(&expected.after);
    }
}

/* Even if nothing can be undone, the bytes of the old pair are still there, under some name. */
static void test_nothing_is_lost(void **state)
{
    (void)state;
    const struct scenario *scenario = &scenarios[2];
    struct expected expected;
    prepare(scenario, &expected);
    const int data = holding_find(&expected.before, "q.npy");
    const int sidecar = holding_find(&expected.before, "q.npy.json");
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        holding_restore(&expected.before);
        const struct outcome outcome = run(scenario, FAULT_RENAME, n, true);
        struct holding now;
        holding_take(&now);
        const bool old_data = holding_has_bytes(&now, expected.before.files[data].bytes,
                                                expected.before.files[data].nbytes);
        const bool old_sidecar = holding_has_bytes(&now, expected.before.files[sidecar].bytes,
                                                   expected.before.files[sidecar].nbytes);
        holding_drop(&now);
        if (outcome.status != QUANT_OK && !(old_data && old_sidecar))
            fail_msg("rename %lu and all after it failed: the old %s is lost", n,
                     old_data ? "sidecar" : "data");
        fired = outcome.seen.fired;
    }
    holding_drop(&expected.before);
    holding_drop(&expected.after);
}

/* A network file system may report an error only when a file is closed: for data and sidecar, with
 * and without a name, and for a calibration. Closing a file that was only read cannot lose data. */
static void test_closes_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        if (i >= 2 && scenarios[i].task == MAP)
            continue;
        struct expected expected;
        prepare(&scenarios[i], &expected);
        size_t reported = 0;
        bool fired = true;
        for (unsigned long n = 1; fired; n++) {
            holding_restore(&expected.before);
            const struct outcome outcome = run(&scenarios[i], FAULT_CLOSE, n, false);
            fired = outcome.seen.fired;
            reported += outcome.status == QUANT_IO;
        }
        const size_t outputs = scenarios[i].task == MAP ? 2 : 1;
        if (reported != outputs)
            fail_msg("%s: %zu closes that failed are an error, not %zu", scenarios[i].name,
                     reported, outputs);
        holding_restore(&(struct holding){.count = 0});
        holding_drop(&expected.before);
        holding_drop(&expected.after);
    }
}

/* Running out of memory is reported as that, not as a mistake in a file. */
static void test_no_memory_is_named(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        if (scenarios[i].input && scenarios[i].input[0] == '-')
            continue; /* the same calls, and long */
        struct expected expected;
        prepare(&scenarios[i], &expected);
        bool fired = true;
        for (unsigned long n = 1; fired; n = next_call(&scenarios[i], n)) {
            holding_restore(&expected.before);
            const struct outcome outcome = run(&scenarios[i], FAULT_MEMORY, n, true);
            fired = outcome.seen.fired;
            if (!fired || outcome.status == QUANT_OK || outcome.status == QUANT_NO_MEMORY)
                continue;
            if (wrong++ < 10)
                print_error("%s: allocation %lu: status %d, %s\n", scenarios[i].name, n,
                            outcome.status, outcome.error.text);
        }
        holding_restore(&(struct holding){.count = 0});
        holding_drop(&expected.before);
        holding_drop(&expected.after);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[OTHERS + LENGTH(scenarios)] = {
        cmocka_unit_test_setup_teardown(test_reached, enter, leave),
        cmocka_unit_test_setup_teardown(test_nothing_is_lost, enter, leave),
        cmocka_unit_test_setup_teardown(test_closes_are_checked, enter, leave),
        cmocka_unit_test_setup_teardown(test_no_memory_is_named, enter, leave),
    };
    for (size_t i = 0; i < LENGTH(scenarios); i++)
        tests[OTHERS + i] = (struct CMUnitTest){scenarios[i].name, test_scenario, enter, leave,
                                                (void *)(uintptr_t)&scenarios[i]};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
