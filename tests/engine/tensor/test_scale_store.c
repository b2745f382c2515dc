/* SPDX-License-Identifier: MIT */
/* Many scales and what is around them: the file that they go to, inputs and outputs that are no
 * files by position, elements that are not finite, and none at all. */
#include "../groups.h"

#include <pthread.h>

/* 70000 blocks: more than a sidecar holds. */
static const struct quant_shape many_shape = {2, {7000, 19}};
static const struct quant_granularity many = {.has_axis = true, .axis = 1, .block_size = 2};
static const struct quant_spec affine = {.scheme = QUANT_ZERO_POINT};

static struct tensor make_trio(struct plain *plain)
{
    struct tensor tensor = tensor_make(many_shape, QUANT_ORDER_C);
    struct quant_quantize_job job = groups_job("x.npy", &affine, &many);
    tensor_write_npy(&tensor, "x.npy");
    *plain = plain_make(&tensor, &affine, &many);
    assert_true(plain->grouping.count == 70000);
    job.output.force = false;
    quantize_ok(&job);
    return tensor;
}

/* ---- The file of scales ---- */

static void test_scales_file(void **state)
{
    (void)state;
    struct plain plain;
    struct tensor tensor = make_trio(&plain);
    check_quantized(&plain);
    assert_int_equal(folder_count("."), 4);
    const struct quant_dequantize_job job = dequantize_job("q.npy", "r.npy");
    dequantize_ok(&job);
    check_data("r.npy", plain.restored, tensor.n * sizeof *plain.restored);
    plain_free(&plain);
    free(tensor.x);
}

static void change_scales(size_t nbytes, size_t at, unsigned char by)
{
    size_t found;
    unsigned char *bytes = file_read("q.npy.scales", &found);
    bytes[at] ^= by;
    file_write("q.npy.scales", bytes, nbytes < found ? nbytes : found);
    free(bytes);
}

static void flip_bit(void)
{
    change_scales(SIZE_MAX, 8UL * 123, 1); /* of a scale that stays one */
}

static void negate_scale(void)
{
    change_scales(SIZE_MAX, 8UL * 69999 + 3, 0x80);
}

static void truncate_scales(void)
{
    change_scales(8UL * 69999, 0, 0);
}

static void empty_scales(void)
{
    change_scales(0, 0, 0);
}

static void lose_scales(void)
{
    assert_int_equal(unlink("q.npy.scales"), 0);
}

/* Those of another tensor with as many. */
static void exchange_scales(void)
{
    struct tensor other = tensor_make((struct quant_shape){1, {70000}}, QUANT_ORDER_C);
    struct quant_quantize_job job =
        groups_job("other.npy", &affine,
                   &(struct quant_granularity){.has_axis = false, .axis = 0, .block_size = 1});
    tensor_write_npy(&other, "other.npy");
    job.output.path = "other.q.npy";
    quantize_ok(&job);
    assert_int_equal(rename("other.q.npy.scales", "q.npy.scales"), 0);
    free(other.x);
}

static const struct {
    void (*spoil)(void);
    enum quant_status status;
    const char *message;
} spoilings[] = {
    {flip_bit, QUANT_CORRUPT, "cannot read 'q.npy.scales': its checksum"},
    {negate_scale, QUANT_CORRUPT,
     "cannot read 'q.npy.scales': group 69999 needs a finite scale above 0"},
    {truncate_scales, QUANT_CORRUPT,
     "cannot read 'q.npy.scales': its size is 559992, not 560000 as in the sidecar"},
    {empty_scales, QUANT_CORRUPT,
     "cannot read 'q.npy.scales': its size is 0, not 560000 as in the sidecar"},
    {lose_scales, QUANT_IO, "cannot read 'q.npy.scales': No such file or directory"},
    {exchange_scales, QUANT_CORRUPT, "cannot read 'q.npy.scales': its checksum"},
};

static void test_spoiled(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(spoilings); i++) {
        struct plain plain;
        struct tensor tensor = make_trio(&plain);
        spoilings[i].spoil();
        struct quant_dequantize_job job = dequantize_job("q.npy", "r.npy");
        dequantize_fails(&job, spoilings[i].status, spoilings[i].message);
        job.output.path = NULL; /* only measured */
        dequantize_fails(&job, spoilings[i].status, spoilings[i].message);
        unlink("q.npy");
        unlink("q.npy.json");
        unlink("q.npy.scales");
        plain_free(&plain);
        free(tensor.x);
    }
}

/* What is there is replaced only with force, and then all of it. */
static void test_existing(void **state)
{
    (void)state;
    struct plain plain;
    struct tensor tensor = tensor_make(many_shape, QUANT_ORDER_C);
    struct quant_quantize_job job = groups_job("x.npy", &affine, &many);
    tensor_write_npy(&tensor, "x.npy");
    plain = plain_make(&tensor, &affine, &many);
    job.output.force = false;
    file_write_text("q.npy.scales", "old");
    quantize_fails(&job, QUANT_EXISTS, "'q.npy.scales' exists");
    assert_true(file_has_text("q.npy.scales", "old"));
    file_write_text("q.npy", "old data");
    file_write_text("q.npy.json", "old sidecar");
    job.output.force = true;
    quantize_ok(&job);
    check_quantized(&plain);
    assert_int_equal(folder_count("."), 4);
    plain_free(&plain);
    free(tensor.x);
}

/* Nobody would find such a file beside a stream; as many as a sidecar holds are fine. */
static void test_sidecar_to_stream(void **state)
{
    (void)state;
    static const struct quant_granularity most = {.has_axis = false, .axis = 0, .block_size = 1};
    for (uint64_t n = QUANT_SIDECAR_SCALES; n <= QUANT_SIDECAR_SCALES + 1; n++) {
        struct tensor tensor = tensor_make((struct quant_shape){1, {n}}, QUANT_ORDER_C);
        struct quant_quantize_job job = groups_job("x.npy", &affine, &most);
        job.output.sidecar = "/dev/null";
        tensor_write_npy(&tensor, "x.npy");
        if (n == QUANT_SIDECAR_SCALES) {
            quantize_ok(&job);
            assert_int_equal(unlink("q.npy"), 0);
            assert_int_equal(folder_count("."), 1);
        } else {
            quantize_fails(&job, QUANT_INVALID,
                           "65537 scales need a file next to the sidecar, but '/dev/null' is a");
        }
        free(tensor.x);
    }
}

/* ---- Inputs and outputs that are no files by position ---- */

static void *feed(void *argument)
{
    const int fd = *(int *)argument;
    size_t nbytes;
    size_t done = 0;
    unsigned char *bytes = file_read("x.npy", &nbytes);
    while (done < nbytes) {
        const ssize_t count = write(fd, bytes + done, nbytes - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
    close(fd);
    free(bytes);
    return NULL;
}

/* As from x.npy, but through a pipe to standard input. */
static void quantize_piped(const struct quant_quantize_job *job)
{
    int fds[2];
    pthread_t thread;
    const int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    struct quant_quantize_job piped = *job;
    piped.input.path = "-";
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
    close(fds[0]);
    assert_int_equal(pthread_create(&thread, NULL, feed, &fds[1]), 0);
    quantize_ok(&piped);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
}

/* To standard output, which is the file out.npy meanwhile. */
static void quantize_to_stdout(const struct quant_quantize_job *job)
{
    struct quant_quantize_job streamed = *job;
    const int before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    const int file = open("out.npy", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    streamed.output.path = "-";
    streamed.output.sidecar = "s.json";
    assert_int_equal(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
    close(file);
    struct quant_quantize_result result;
    struct quant_error error;
    const enum quant_status status = quant_file_quantize(&streamed, &result, &error);
    assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    close(before);
    check_ok(status, &error);
}

static void check_streams(struct quant_shape shape, const struct quant_granularity *granularity)
{
    struct tensor tensor = tensor_make(shape, QUANT_ORDER_C);
    struct plain plain = plain_make(&tensor, &affine, granularity);
    struct quant_quantize_job job = groups_job("x.npy", &affine, granularity);
    tensor_write_npy(&tensor, "x.npy");
    tensor_write_json(&tensor, "x.json");
    quantize_to_stdout(&job);
    check_data("out.npy", plain.q, plain.nbytes);
    check_sidecar("s.json", &plain, "s.scales");
    quantize_piped(&job);
    check_quantized(&plain);
    job.input.path = "x.json";
    quantize_ok(&job);
    check_quantized(&plain);
    job.output.path = "q.json"; /* and a writer that is not flat */
    quantize_ok(&job);
    const struct quant_dequantize_job back = dequantize_job("q.json", "r.npy");
    dequantize_ok(&back);
    check_data("r.npy", plain.restored, tensor.n * sizeof *plain.restored);
    assert_int_equal(unlink("r.npy"), 0);
    plain_free(&plain);
    free(tensor.x);
}

static void test_streams(void **state)
{
    (void)state;
    check_streams((struct quant_shape){2, {300, 500}},
                  &(struct quant_granularity){.has_axis = true, .axis = 0, .block_size = 0});
    check_streams((struct quant_shape){2, {300, 500}},
                  &(struct quant_granularity){.has_axis = true, .axis = 1, .block_size = 0});
    check_streams((struct quant_shape){2, {300, 500}},
                  &(struct quant_granularity){.has_axis = false, .axis = 0, .block_size = 32});
    check_streams(many_shape, &many);
}

/* ---- Elements ---- */

static void test_empty(void **state)
{
    (void)state;
    static const struct {
        struct quant_shape shape;
        struct quant_granularity granularity;
        uint64_t count; /* of scales */
    } empty[] = {
        {{1, {0}}, {true, 0, 0, 0}, 0},
        {{2, {0, 5}}, {true, 1, 0, 0}, 5},
        {{2, {0, 5}}, {true, 0, 0, 0}, 0},
        {{2, {5, 0}}, {true, 0, 0, 0}, 5},
        {{3, {2, 3, 0}}, {true, -2, 0, 0}, 3},
        {{2, {5, 0}}, {true, 1, 3, 0}, 0},
        {{2, {0, 5}}, {true, 1, 3, 0}, 0},
        {{2, {0, 70000}}, {true, 1, 0, 0}, 70000}, /* in a file */
    };
    for (size_t i = 0; i < LENGTH(empty); i++)
        for (int order = 0; order < 2; order++) {
            struct tensor tensor = tensor_make(empty[i].shape, (enum quant_order)order);
            struct plain plain = plain_make(&tensor, &affine, &empty[i].granularity);
            struct quant_quantize_job job = groups_job("x.npy", &affine, &empty[i].granularity);
            assert_true(plain.grouping.count == empty[i].count);
            for (uint64_t k = 0; k < empty[i].count; k++)
                assert_true(plain.groups.scales[k] == 1 && plain.groups.zero_points[k] == 0);
            tensor_write_npy(&tensor, "x.npy");
            const struct quant_quantize_result result = quantize_ok(&job);
            assert_int_equal(result.report.n, 0);
            assert_int_equal(result.worst.n, 0);
            check_quantized(&plain);
            const struct quant_dequantize_job back = dequantize_job("q.npy", "r.npy");
            assert_int_equal(dequantize_ok(&back).report.n, 0);
            assert_int_equal(unlink("r.npy"), 0);
            plain_free(&plain);
            free(tensor.x);
        }
}

/* Near: found while elements are quantized; far: before. A group may have nothing else. */
static void test_nonfinite(void **state)
{
    (void)state;
    static const struct quant_granularity near = {.has_axis = false, .axis = 0, .block_size = 10};
    static const struct quant_granularity far = {.has_axis = true, .axis = 1, .block_size = 0};
    const struct quant_granularity *granularities[] = {&near, &far};
    for (size_t i = 0; i < LENGTH(granularities); i++)
        for (int sigma = 0; sigma < 2; sigma++) {
            struct tensor tensor = tensor_make((struct quant_shape){2, {20000, 10}}, QUANT_ORDER_C);
            struct quant_spec spec = affine;
            spec.calibration = sigma ? "sigma" : NULL;
            for (size_t k = 140000; k < 140010; k++) /* a block */
                tensor.x[k] = k % 2 ? NAN : INFINITY;
            tensor.x[3] = -INFINITY;
            tensor_write_npy(&tensor, "x.npy");
            struct quant_quantize_job job = groups_job("x.npy", &spec, granularities[i]);
            quantize_fails(&job, QUANT_NONFINITE,
                           "11 of 200000 elements not finite, the first is -inf at element 3, "
                           "index [0, 3]");
            job.spec.nonfinite = spec.nonfinite = QUANT_NONFINITE_SATURATE;
            struct plain plain = plain_make(&tensor, &spec, granularities[i]);
            const struct quant_quantize_result result = quantize_ok(&job);
            check_quantized(&plain);
            assert_int_equal(result.observed.nonfinite, 11);
            assert_int_equal(result.observed.first_nonfinite, 3);
            assert_int_equal(result.report.nonfinite, 11);
            assert_int_equal(result.report.n, 199989);
            assert_int_equal((signed char)plain.q[3], -128);
            assert_int_equal((signed char)plain.q[140000], 127);
            assert_int_equal(unlink("q.npy") || unlink("q.npy.json"), 0);
            plain_free(&plain);
            free(tensor.x);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_scales_file),       IN_FOLDER(test_spoiled), IN_FOLDER(test_existing),
        IN_FOLDER(test_sidecar_to_stream), IN_FOLDER(test_streams), IN_FOLDER(test_empty),
        IN_FOLDER(test_nonfinite),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
