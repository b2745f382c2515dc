/* SPDX-License-Identifier: MIT */
/* Calibrations that cannot be, parts that do not fit together or were spoilt on their way, and what
 * quantizing takes from a file that is complete. */
#include <math.h>

#include "../calibrating.h"
#include "engine/work/chunks.h"
#include "records/calibration_file.h"

static const char *const both[] = {"x.npy", "y.npy"};

static void write_both(void)
{
    float *x = make_floats(500);
    write_tensor("x.npy", x, 300);
    write_tensor("y.npy", x + 300, 200);
    free(x);
}

static struct quant_spec spec_of(const char *method, enum quant_scheme scheme)
{
    return (struct quant_spec){.calibration = method, .scheme = scheme};
}

/* ---- Jobs ---- */

static void test_jobs(void **state)
{
    (void)state;
    const struct quant_spec minmax = spec_of(NULL, QUANT_ABSMAX);
    struct quant_calibrate_job job = calibrate_job(both, 2, &minmax, "c.json");
    write_both();
    job.npaths = 0;
    calibrate_fails(&job, QUANT_INVALID, "no input to calibrate");
    job.npaths = 2;
    static const double wrong[] = {0, -0.5, 1.0001, (double)INFINITY, (double)NAN};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        job.has_ema = true;
        job.ema = wrong[i];
        calibrate_fails(&job, QUANT_INVALID, "a constant above 0 and at most 1, found ");
    }
    job.ema = 0.5;
    job.resume = "m.json";
    calibrate_fails(&job, QUANT_INVALID, "a moving average has only one round");
    job = calibrate_job(both, 2, &minmax, "c.json");
    job.spec.calibration = "auto";
    calibrate_fails(&job, QUANT_INVALID, "'auto' compares methods on one tensor; for a set");
    job.spec.calibration = "median";
    calibrate_fails(&job, QUANT_UNSUPPORTED, "unknown calibration method 'median'");
    job.spec = (struct quant_spec){.dtype = QUANT_BFLOAT16};
    calibrate_fails(&job, QUANT_INVALID, "bfloat16 is unscaled: there is no range to calibrate");
    job.spec = (struct quant_spec){.has_qmin = true, .qmin = -300};
    calibrate_fails(&job, QUANT_INVALID, "-300..127, which is not within int8");
    job.spec = minmax;
    job.force = false;
    calibrate_ok(&job);
    calibrate_fails(&job, QUANT_EXISTS, "'c.json' exists already");
    job.output = "y.npy";
    job.force = true;
    calibrate_fails(&job, QUANT_EXISTS, "the output 'y.npy' is the input 'y.npy'");
    const struct quant_merge_job none = {.size = sizeof none};
    struct quant_calibrate_result result;
    struct quant_error error;
    check_error("none", quant_file_merge(&none, &result, &error), &error, QUANT_INVALID,
                "nothing to merge");
}

static void test_inputs(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.npy", "none.npy"};
    static const char *const odd[] = {"x.npy", "odd.bin"};
    const float values[] = {1, (float)NAN, 3, -(float)INFINITY};
    struct quant_spec spec = spec_of("sigma", QUANT_ABSMAX);
    write_both();
    struct quant_calibrate_job job = calibrate_job(paths, 2, &spec, "c.json");
    calibrate_fails(&job, QUANT_IO, "cannot read 'none.npy': No such file");
    write_tensor("odd.bin", values, LENGTH(values));
    job.paths = odd;
    calibrate_fails(&job, QUANT_NONFINITE,
                    "cannot calibrate 'odd.bin': 2 of 4 elements not finite, the first is nan at "
                    "element 1, index [1]; --nonfinite saturate leaves them out");
    job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
    const struct quant_calibrate_result result = calibrate_ok(&job);
    assert_int_equal(result.count, 304);
    assert_int_equal(result.nonfinite, 2);
}

/* What is in no file has no range, and is no error. */
static void test_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {"none.npy", "nan.bin"};
    const float nan = (float)NAN;
    struct quant_spec spec = spec_of("percentile", QUANT_ABSMAX);
    spec.nonfinite = QUANT_NONFINITE_SATURATE;
    write_tensor("none.npy", &nan, 0);
    write_tensor("nan.bin", &nan, 1);
    for (int is_average = 0; is_average < 2; is_average++) {
        struct quant_calibrate_job job = calibrate_job(paths, 2, &spec, "one.json");
        job.has_ema = is_average;
        job.ema = 0.1;
        struct quant_calibrate_result result = calibrate_ok(&job);
        assert_true(result.is_complete && !result.has_range && !result.has_observed);
        job.partial = true;
        job.output = "p.json";
        calibrate_ok(&job);
        result = merge_ok((const char *const[]){"p.json"}, 1, "m.json");
        assert_true(result.is_complete && files_equal("one.json", "m.json"));
        const struct quant_cancel cancel = {NULL, -1};
        struct quant_spec own = spec_of(NULL, QUANT_ABSMAX);
        struct quant_error error;
        assert_int_equal(quant_file_range("m.json", &cancel, &own, &error), QUANT_OK);
        assert_true(own.has_clip && own.clip_is_calibrated && own.clip[0] == 0 && own.clip[1] == 0);
    }
}

/* ---- Time ---- */

struct watch {
    uint64_t last;
    uint64_t total;
};

static void count_calls(void *context, uint64_t done, uint64_t total)
{
    struct watch *watch = context;
    assert_true(done > watch->last && (total == 0 || done <= total));
    watch->last = done;
    watch->total = total;
}

/* A scan and two passes. */
static void test_progress(void **state)
{
    (void)state;
    const struct quant_spec spec = spec_of("percentile", QUANT_ZERO_POINT);
    struct watch watch = {0, 0};
    struct quant_calibrate_job job = calibrate_job(both, 2, &spec, NULL);
    write_both();
    job.control.progress = count_calls;
    job.control.context = &watch;
    calibrate_ok(&job);
    assert_true(watch.total > 0);
    assert_int_equal(watch.last, watch.total);
}

static void grow(void *context, uint64_t done, uint64_t total)
{
    const char *path = context;
    if (3 * done != total) /* all were observed: the first of three passes */
        return;
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fputs("more", file);
    fclose(file);
}

/* A file that someone else writes to. */
static void test_changing_file(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.bin", "y.bin"};
    const struct quant_spec spec = spec_of("entropy", QUANT_ABSMAX);
    struct quant_calibrate_job job = calibrate_job(paths, 2, &spec, "c.json");
    float *x = make_floats(500);
    write_tensor("x.bin", x, 300);
    write_tensor("y.bin", x + 300, 200);
    free(x);
    job.control.progress = grow;
    job.control.context = (void *)(uintptr_t)paths[0];
    calibrate_fails(&job, QUANT_IO,
                    "'x.bin': it had 300 elements in the previous round, and now has 301");
}

static void test_cancel(void **state)
{
    (void)state;
    volatile sig_atomic_t flag = 1;
    const struct quant_spec spec = spec_of("mse", QUANT_ABSMAX);
    struct quant_calibrate_job job = calibrate_job(both, 2, &spec, "c.json");
    write_both();
    job.control.cancel.flag = &flag;
    calibrate_fails(&job, QUANT_CANCELLED, "");
}

/* ---- Parts that were spoilt ---- */

/* Files of a calibration in two parts, up to the round whose parts are "p0.json" and "p1.json"; the
 * file that they resumed from is "m.json". */
static void make_parts(const struct quant_spec *spec, size_t rounds)
{
    for (size_t round = 1; round <= rounds; round++)
        for (size_t i = 0; i < 2; i++) {
            struct quant_calibrate_job job =
                calibrate_job(both + i, 1, spec, i == 0 ? "p0.json" : "p1.json");
            job.partial = true;
            job.resume = round > 1 ? "m.json" : NULL;
            calibrate_ok(&job);
            if (i == 1 && round < rounds)
                merge_ok((const char *const[]){"p0.json", "p1.json"}, 2, "m.json");
        }
}

static void read_calibration(const char *path, struct quant_calibration_file *file)
{
    struct quant_error error;
    size_t nbytes;
    unsigned char *bytes = file_read(path, &nbytes);
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, path);
    assert_non_null(source);
    check_ok(quant_calibration_file_read(source, file, &error), &error);
    quant_source_close(source);
    free(bytes);
}

/* In the file, the first place after key where from is becomes to. */
static void change(const char *path, const char *key, const char *from, const char *to)
{
    size_t nbytes;
    char *text = (char *)file_read(path, &nbytes);
    char *place = strstr(text, key);
    assert_non_null(place);
    place = strstr(place, from);
    assert_non_null(place);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text, 1, (size_t)(place - text), file);
    fputs(to, file);
    fwrite(place + strlen(from), 1, nbytes - (size_t)(place - text) - strlen(from), file);
    fclose(file);
    free(text);
}

/* Sums of sigma: 58 digits. */
#define SIX ", 0, 0, 0, 0, 0, 0"
#define TEN SIX ", 0, 0, 0, 0"

static const struct {
    const char *method;
    double argument; /* 0: its own */
    size_t rounds;
    const char *key; /* in p1.json */
    const char *from;
    const char *to;
    enum quant_status status;
    const char *message;
} spoilt[] = {
    /* Fewer or more than there are. */
    {"percentile", 0, 2, "\"part\"", "[", "[128, 1, ", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"percentile", 100, 3, "\"part\"", "\"counts\": [", "\"counts\": [1, 7], \"was\": [",
     QUANT_CORRUPT, "the counters of the partial results do not add up"},
    {"percentile", 99.9, 3, "\"part\"", "\"maxima\": [",
     "\"maxima\": [4294967295, 4294967295, 0, 0], \"was\": [", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"entropy", 0, 2, "\"part\"", "[", "[200, 2, ", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"entropy", 0, 3, "\"part\"", "[", "[0, 190, 1, 190, 2, 190, ", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"octav", 0, 2, "\"part\"", "[", "[0, 200, ", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"octav", 0, 2, "\"part\"", "]", ", 65000, 1]", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"octav", 0, 3, "\"part\"", "\"counts\": [", "\"counts\": [1, 7], \"was\": [", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"sigma", 0, 2, "\"part\"", "\"sums\": [", "\"sums\": [-1e9, ", QUANT_INVALID,
     "cannot merge 'p1.json': its results do not match this method"},
    {"sigma", 0, 2, "\"part\"", "\"sums\": [", "\"sums\": [], \"was\": [", QUANT_INVALID,
     "cannot merge 'p1.json': its results do not match this method"},
    {"sigma", 0, 2, "\"part\"", "\"sums\": [",
     "\"sums\": [0.5" TEN TEN TEN TEN TEN SIX ", 0"
     "], \"was\": [",
     QUANT_CORRUPT, "the counters of the partial results do not add up"},
    {"sigma", 0, 2, "\"part\"", "\"sums\": [",
     "\"sums\": [1e300" TEN TEN TEN TEN TEN SIX ", 0"
     "], \"was\": [",
     QUANT_CORRUPT, "the counters of the partial results do not add up"},
    {"sigma", 0, 2, "\"part\"", "\"sums\": [",
     "\"sums\": [0" TEN ", 1e15" TEN TEN TEN TEN SIX "], \"was\": [", QUANT_CORRUPT,
     "the counters of the partial results do not add up"}, /* for so few squares */
    {"mse", 0, 3, "\"part\"", "\"sums\": [", "\"sums\": [-1", QUANT_CORRUPT,
     "the counters of the partial results do not add up"},
    {"mse", 0, 2, "\"part\"", "\"sums\": [", "\"sums\": [-1e9, ", QUANT_INVALID,
     "cannot merge 'p1.json': its results do not match this method"},
    {"percentile", 0, 2, "\"part\"", "\"count\": 200", "\"count\": 199", QUANT_INVALID,
     "the parts have 499 elements of 2 inputs, but all inputs together had 500 of 2; each must"},
    {"percentile", 0, 2, "\"part\"", "\"count\": 200", "\"count\": 500", QUANT_INVALID,
     "the parts have 800 elements of 2 inputs, but all inputs together had 500 of 2; each must"},
    {"percentile", 0, 2, "\"part\"", "\"count\": 200", "\"count\": 501", QUANT_OUT_OF_RANGE,
     "cannot read 'p1.json': not a valid calibration: 'count' is 501, not"},
    /* From another calibration. */
    {"percentile", 0, 2, "\"argument\"", "99.9", "99.8", QUANT_INVALID,
     "cannot merge 'p1.json': it was made with different options than the first one"},
    {"mse", 0, 1, "\"qmax\"", "null", "126", QUANT_INVALID,
     "cannot merge 'p1.json': it was made with different options than the first one"},
    {"mse", 0, 1, "\"include_zero\"", "false", "true", QUANT_INVALID,
     "cannot merge 'p1.json': it was made with different options than the first one"},
    {"mse", 0, 3, "\"passes\"", "\"sums\": [", "\"sums\": [1", QUANT_INVALID,
     "cannot merge 'p1.json': it is from a different round or calibration than the first one"},
    {"octav", 0, 2, "\"observed\"", "7.25", "7.5", QUANT_INVALID,
     "cannot merge 'p1.json': it is from a different round or calibration than the first one"},
};

static void test_spoilt_parts(void **state)
{
    (void)state;
    static const char *const parts[] = {"p0.json", "p1.json"};
    write_both();
    for (size_t i = 0; i < LENGTH(spoilt); i++) {
        struct quant_spec spec = spec_of(spoilt[i].method, QUANT_ABSMAX);
        spec.has_calibration_argument = spoilt[i].argument > 0;
        spec.calibration_argument = spoilt[i].argument;
        make_parts(&spec, spoilt[i].rounds);
        merge_ok(parts, 2, "fine.json");
        change("p1.json", spoilt[i].key, spoilt[i].from, spoilt[i].to);
        merge_fails(parts, 2, spoilt[i].status, spoilt[i].message);
    }
}

/* What all parts agree on, and yet cannot be. */
static void test_spoilt_passes(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        size_t rounds; /* of which the last is merged */
        const char *from;
        const char *to;
    } rows[] = {
        {"percentile", 2, "\"counts\": [", "\"counts\": [128, 1, "},
        {"percentile", 2, "{", "{\"counts\": [], \"maxima\": [0, 0, 0, 0], \"sums\": []}, {"},
        {"octav", 2, "\"counts\": [", "\"counts\": [5], \"was\": ["},
        {"octav", 2, "\"counts\": [", "\"counts\": [0, 500, "},
        {"octav", 2, "\"maxima\"", "\"sums\": [1], \"maxima\""},
        {"mse", 2, "\"sums\": [", "\"sums\": [1, "},
        {"entropy", 2, "\"counts\": [", "\"counts\": [65536, 1], \"was\": ["},
        {"mse", 2, "\"sums\": [", "\"sums\": [-1], \"was\": ["},
    };
    write_both();
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_spec spec = spec_of(rows[i].method, QUANT_ABSMAX);
        make_parts(&spec, rows[i].rounds);
        if (!merge_ok((const char *const[]){"p0.json", "p1.json"}, 2, "m.json").is_complete) {
            change("m.json", "\"passes\"", rows[i].from, rows[i].to);
            struct quant_calibrate_job job = calibrate_job(both, 2, &spec, "none.json");
            job.partial = true;
            job.resume = "m.json";
            struct quant_calibrate_result result;
            struct quant_error error = {QUANT_OK, ""};
            const enum quant_status found = quant_file_calibrate(&job, &result, &error);
            if (found != QUANT_CORRUPT || !strstr(error.text, "cannot read 'm.json': not a valid "))
                fail_msg("row %zu: status %d, %s", i, found, error.text);
        } else {
            fail_msg("row %zu has no such round", i);
        }
    }
}

/* Someone has put the counts of the last round among the finished ones: there is no round left. */
static void end_rounds(const char *path, const char *part)
{
    struct quant_calibration_file file;
    struct quant_calibration_file last;
    struct quant_error error;
    read_calibration(path, &file);
    read_calibration(part, &last);
    struct quant_findings *passes = realloc(file.passes, (file.npasses + 1) * sizeof *passes);
    assert_non_null(passes);
    file.passes = passes;
    passes[file.npasses++] = last.part.findings;
    last.part.findings = (struct quant_findings){.ncounted = 0};
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    check_ok(quant_calibration_file_write(&file, &sink.sink, &error), &error);
    file_write(path, sink.bytes, sink.nbytes);
    free(sink.bytes);
    quant_calibration_file_release(&file);
    quant_calibration_file_release(&last);
}

static void test_no_round_left(void **state)
{
    (void)state;
    static const char *const x[] = {"x.npy"};
    static const char *const part[] = {"p.json"};
    const struct quant_spec spec = spec_of("sigma", QUANT_ABSMAX);
    write_both();
    struct quant_calibrate_job job = calibrate_job(x, 1, &spec, "p.json");
    job.partial = true;
    calibrate_ok(&job);
    merge_ok(part, 1, "m.json");
    job.resume = "m.json";
    calibrate_ok(&job);
    end_rounds("m.json", "p.json");
    job.output = "none.json";
    calibrate_fails(&job, QUANT_CORRUPT,
                    "cannot continue from 'm.json': it needs no further round");
    end_rounds("p.json", "p.json");
    merge_fails(part, 1, QUANT_INVALID,
                "cannot merge 'p.json': its calibration needs no further round");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_jobs),         IN_FOLDER(test_inputs),        IN_FOLDER(test_nothing),
        IN_FOLDER(test_progress),     IN_FOLDER(test_changing_file), IN_FOLDER(test_cancel),
        IN_FOLDER(test_spoilt_parts), IN_FOLDER(test_spoilt_passes), IN_FOLDER(test_no_round_left),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
