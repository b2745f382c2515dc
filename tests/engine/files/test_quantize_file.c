/* SPDX-License-Identifier: MIT */
/* Files in, integers and a sidecar out: each format to each, in one pass and in two, the same
 * integers as in memory; and everything that refuses leaves nothing. */
#include <fcntl.h>
#include <sys/stat.h>

#include "../engine.h"
#include "core/measure.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>

enum { N = 300001 }; /* three chunks, the last one odd */

static const char *const files[] = {"x.npy", "x.bin", "x.json"};
static const char *const outputs[] = {"q.npy", "q.bin", "q.json"};

/* Two passes where the range must be found, one where it is known. */
static const struct quant_spec specs[] = {
    {.scheme = QUANT_ABSMAX},
    {.scheme = QUANT_ZERO_POINT},
    {.scheme = QUANT_ABSMAX, .has_clip = true, .clip = {-3, 3}},
    {.scheme = QUANT_ZERO_POINT,
     .has_scale = true,
     .scale = 0.03125F,
     .has_zero_point = true,
     .zero_point = -7},
    {.scheme = QUANT_ZERO_POINT, .rounding = QUANT_HALF_AWAY},
};

/* What the same spec makes of the same numbers in memory. */
static void quantize_memory(const struct quant_spec *spec, const float *x, size_t n,
                            struct quant_choice *choice, signed char *q,
                            struct quant_report *report)
{
    static struct quant_measure measure;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_error error;
    quant_observe(&observed, x, n);
    check_ok(quant_choose(spec, &observed, choice, &error), &error);
    quant_quantize(&choice->params, x, n, q);
    quant_measure_init(&measure, &choice->params);
    quant_measure_add(&measure, x, q, n);
    quant_measure_report(&measure, QUANT_FLOAT32, 1, report);
}

static void check_one(const char *input, const char *output, const struct quant_spec *spec,
                      const float *x, size_t n)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.spec = *spec;
    const struct quant_quantize_result result = quantize_ok(&job);
    struct quant_choice choice;
    struct quant_report report;
    signed char *q = malloc(n + 1);
    assert_non_null(q);
    quantize_memory(spec, x, n, &choice, q, &report);
    float *found = read_tensor(output, 1, n);
    for (size_t i = 0; i < n; i++)
        if (found[i] != q[i])
            fail_msg("%s to %s: element %zu", input, output, i);
    assert_memory_equal(&result.choice.params.scale, &choice.params.scale, sizeof(float));
    assert_int_equal(result.choice.params.zero_point, choice.params.zero_point);
    assert_memory_equal(&result.report, &report, sizeof report);
    assert_int_equal(result.observed.count, n);
    assert_int_equal(result.shape.ndim, 1);
    assert_int_equal(result.shape.dims[0], n);
    assert_int_equal(result.source_dtype, QUANT_FLOAT32);
    free(found);
    free(q);
    char sidecar[32];
    snprintf(sidecar, sizeof sidecar, "%s.json", output);
    assert_true(unlink(output) == 0 && unlink(sidecar) == 0);
}

static void test_each_to_each(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 65536, N};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        float *x = make_floats(sizes[s]);
        for (size_t f = 0; f < LENGTH(files); f++)
            write_tensor(files[f], x, sizes[s]);
        for (size_t i = 0; i < LENGTH(files) * LENGTH(outputs) * LENGTH(specs); i++)
            check_one(files[i % 3], outputs[i / 3 % 3], &specs[i / 9], x, sizes[s]);
        assert_int_equal(folder_count("."), 3);
        free(x);
    }
}

/* ---- Through a FIFO, which passes once ---- */

static void *feed(void *argument)
{
    size_t nbytes;
    unsigned char *bytes = file_read(argument, &nbytes);
    const int fd = open("fifo", O_WRONLY | O_CLOEXEC);
    for (size_t done = 0; done < nbytes;) {
        const ssize_t count = write(fd, bytes + done, nbytes - done);
        if (count <= 0)
            break;
        done += (size_t)count;
    }
    close(fd);
    free(bytes);
    return NULL;
}

static void test_fifo(void **state)
{
    (void)state;
    float *x = make_floats(N);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    for (size_t i = 0; i < LENGTH(files) * LENGTH(outputs) * LENGTH(specs); i++) {
        pthread_t thread;
        write_tensor(files[i % 3], x, N);
        assert_int_equal(pthread_create(&thread, NULL, feed, (void *)(uintptr_t)files[i % 3]), 0);
        check_one("fifo", outputs[i / 3 % 3], &specs[i / 9], x, N);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    free(x);
}

/* ---- Not finite ---- */

static const struct {
    const char *shape;
    bool fortran;
    size_t at;
    float value;
    const char *message;
} nonfinites[] = {
    {"(6,)", false, 4, NAN, "1 of 6 elements not finite, the first is nan at element 4, index [4]"},
    {"(2, 3)", false, 4, INFINITY, "the first is inf at element 4, index [1, 1]"},
    {"(2, 3)", true, 4, -INFINITY, "the first is -inf at element 4, index [0, 2]"},
    {"(3, 1, 2)", false, 0, NAN, "the first is nan at element 0, index [0, 0, 0]"},
    {"(3, 1, 2)", true, 5, NAN, "the first is nan at element 5, index [2, 0, 1]"},
};

static void test_nonfinite(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(nonfinites) * 2; i++) {
        float x[6] = {1, 2, 3, 4, 5, 6};
        x[nonfinites[i / 2].at] = nonfinites[i / 2].value;
        write_npy("x.npy", x, 6, nonfinites[i / 2].fortran, nonfinites[i / 2].shape);
        struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
        job.spec = specs[i % 2 ? 0 : 2];
        quantize_fails(&job, QUANT_NONFINITE, nonfinites[i / 2].message);
        quantize_fails(&job, QUANT_NONFINITE, "cannot quantize 'x.npy': ");
    }
}

/* All are counted, in later chunks too, and in one pass as in two. */
static void test_nonfinite_counted(void **state)
{
    (void)state;
    float *x = make_floats(N);
    x[70000] = NAN;
    x[70001] = INFINITY;
    x[N - 1] = -INFINITY;
    for (size_t i = 0; i < 4; i++) {
        write_tensor(files[i % 2], x, N);
        struct quant_quantize_job job = quantize_job(files[i % 2], "q.npy");
        job.spec = specs[i / 2 ? 0 : 2];
        quantize_fails(&job, QUANT_NONFINITE,
                       "3 of 300001 elements not finite, the first is nan "
                       "at element 70000, index [70000]; --nonfinite");
    }
    free(x);
}

static void test_saturate(void **state)
{
    (void)state;
    static const float x[] = {1, NAN, -2, INFINITY, -INFINITY, 0};
    for (size_t i = 0; i < LENGTH(specs) * 3; i++) {
        struct quant_quantize_job job = quantize_job("x.bin", outputs[i % 3]);
        write_raw("x.bin", x, LENGTH(x));
        job.spec = specs[i / 3];
        job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
        job.output.force = true;
        const struct quant_quantize_result result = quantize_ok(&job);
        const struct quant_params *params = &result.choice.params;
        float *q = read_tensor(outputs[i % 3], 1, LENGTH(x));
        assert_true(q[1] == (float)params->zero_point);
        assert_true(q[3] == (float)params->qmax);
        assert_true(q[4] == (float)params->qmin);
        assert_int_equal(result.observed.nonfinite, 3);
        assert_int_equal(result.report.nonfinite, 3);
        assert_int_equal(result.report.n, 3);
        assert_true(result.observed.min == -2 && result.observed.max == 1);
        free(q);
    }
}

/* ---- Progress, and the way out ---- */

struct watch {
    uint64_t calls;
    uint64_t last;
    uint64_t total;
    uint64_t cancel_at; /* done; UINT64_MAX: never */
    volatile sig_atomic_t flag;
};

static void watch_progress(void *context, uint64_t done, uint64_t total)
{
    struct watch *watch = context;
    assert_true(watch->calls == 0 || done >= watch->last);
    assert_true(total == 0 || done <= total);
    watch->calls++;
    watch->last = done;
    watch->total = total;
    if (done >= watch->cancel_at)
        watch->flag = 1;
}

static void test_progress(void **state)
{
    (void)state;
    float *x = make_floats(N);
    for (size_t i = 0; i < LENGTH(files) * LENGTH(specs); i++) {
        struct watch watch = {.cancel_at = UINT64_MAX};
        struct quant_quantize_job job = quantize_job(files[i % 3], "q.bin");
        write_tensor(files[i % 3], x, N);
        job.spec = specs[i / 3];
        job.output.force = true;
        job.control.progress = watch_progress;
        job.control.context = &watch;
        quantize_ok(&job);
        const bool two = quant_spec_needs_range(&job.spec);
        assert_int_equal(watch.last, two ? 2 * N : N);
        /* Only the end of JSON gives the number. */
        assert_int_equal(watch.total, i % 3 == 2 && !two ? 0 : watch.last);
        assert_int_equal(watch.calls, two ? 6 : 3);
    }
    free(x);
}

static void test_cancelled(void **state)
{
    (void)state;
    float *x = make_floats(N);
    static const uint64_t moments[] = {1, N / 2, N, N + 1, N + N / 2};
    for (size_t i = 0; i < LENGTH(files) * LENGTH(moments) * 2; i++) {
        struct watch watch = {.cancel_at = moments[i / 3 % 5]};
        struct quant_quantize_job job = quantize_job(files[i % 3], "q.npy");
        write_tensor(files[i % 3], x, N);
        if (i / 15) {
            file_write_text("q.npy", "old data");
            file_write_text("q.npy.json", "old sidecar");
        }
        job.output.force = true;
        job.control.progress = watch_progress;
        job.control.context = &watch;
        job.control.cancel.flag = &watch.flag;
        quantize_fails(&job, QUANT_CANCELLED, "cancelled");
        assert_true(watch.calls > 0);
        assert_true(!(i / 15) || (file_has_text("q.npy", "old data") &&
                                  file_has_text("q.npy.json", "old sidecar")));
        remove("q.npy");
        remove("q.npy.json");
    }
    free(x);
}

/* ---- What is refused ---- */

static void test_refused(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3};
    static const struct quant_shape shape = {1, {3}};
    write_tensor("x.npy", x, 3);
    write_tensor("x.bin", x, 3);
    file_write_text("there", "old");
    static const struct {
        struct quant_input input;
        struct quant_output output;
        enum quant_status status;
        const char *message;
    } rows[] = {
        {{.path = "x.npy"}, {.path = NULL}, QUANT_INVALID, "an output path is needed"},
        {{.path = "x.npy"}, {.path = "-"}, QUANT_INVALID, "is a stream, which cannot"},
        {{.path = "x.npy"}, {.path = "/dev/null"}, QUANT_INVALID, "is a stream, which cannot"},
        {{.path = "x.npy"}, {.path = "x.npy", .force = true}, QUANT_EXISTS, "is the input"},
        {{.path = "x.npy"}, {.path = "./x.npy", .force = true}, QUANT_EXISTS, "is the input"},
        {{.path = "x.npy"},
         {.path = "q", .sidecar = "x.npy", .force = true},
         QUANT_EXISTS,
         "the output 'x.npy' is the input 'x.npy'"},
        {{.path = "x.npy"}, {.path = "q", .sidecar = "q"}, QUANT_EXISTS, "written twice"},
        {{.path = "x.npy"}, {.path = "there"}, QUANT_EXISTS, "'there' exists already"},
        {{.path = "x.npy"}, {.path = "q", .sidecar = "there"}, QUANT_EXISTS, "'there' exists"},
        {{.path = "x.npy"}, {.path = "missing/q"}, QUANT_IO, "cannot write 'missing/q'"},
        {{.path = "x.npy"}, {.path = "q", .sidecar = "missing/q"}, QUANT_IO, "'missing/q'"},
        {{.path = "x.npy"}, {.path = "q", .format = "tar"}, QUANT_INVALID, "unknown format 'tar'"},
        {{.path = "x.npy", .format = "tar"}, {.path = "q"}, QUANT_INVALID, "unknown format 'tar'"},
        {{.path = "missing"}, {.path = "q"}, QUANT_IO, "cannot read 'missing': No such file"},
        {{.path = "."}, {.path = "q"}, QUANT_IO, "cannot read '.': it is a directory"},
        {{.path = "x.bin", .format = "npy"}, {.path = "q"}, QUANT_UNRECOGNIZED, "not begin as"},
        {{.path = "x.npy", .dtype = QUANT_FLOAT16}, {.path = "q"}, QUANT_INVALID, "its format is"},
        {{.path = "x.npy", .shape = &shape}, {.path = "q"}, QUANT_INVALID, "its format is npy"},
        {{.path = "x.npy", .byte_order = QUANT_BIG}, {.path = "q"}, QUANT_INVALID, "its format"},
        {{.path = "x.bin", .dtype = QUANT_FLOAT64}, {.path = "q"}, QUANT_CORRUPT, "12 bytes are"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_quantize_job job = {
            .size = sizeof job, .input = rows[i].input, .output = rows[i].output};
        quantize_fails(&job, rows[i].status, rows[i].message);
    }
    assert_true(file_has_text("there", "old"));
}

/* ---- An input that changes ---- */

/* Between the passes, or at the end of the only one: same length, other bytes. */
static void change_input(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    if (done != *(const uint64_t *)context)
        return;
    const float x = 1e6F;
    const int fd = open("x.npy", O_WRONLY);
    assert_int_equal(pwrite(fd, &x, sizeof x, 128), sizeof x);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
    assert_int_equal(futimens(fd, times), 0); /* whatever the clock's step */
    close(fd);
}

static void test_changed(void **state)
{
    (void)state;
    const uint64_t n = 1000;
    float *x = make_floats(n);
    for (int clips = 0; clips < 2; clips++) {
        write_tensor("x.npy", x, n);
        struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
        job.spec.has_clip = clips;
        job.spec.clip[1] = 1;
        job.control.progress = change_input;
        job.control.context = (void *)&n;
        quantize_fails(&job, QUANT_IO, "cannot read 'x.npy': it changed while it was read");
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_changed),   IN_FOLDER(test_each_to_each),      IN_FOLDER(test_fifo),
        IN_FOLDER(test_nonfinite), IN_FOLDER(test_nonfinite_counted), IN_FOLDER(test_saturate),
        IN_FOLDER(test_progress),  IN_FOLDER(test_cancelled),         IN_FOLDER(test_refused),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
