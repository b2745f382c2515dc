/* SPDX-License-Identifier: MIT */
/*
 * What a caller has set of the floating-point environment changes no byte of any result, and is
 * there again after each call, failed ones too. Every public function that computes is called in
 * each environment, and all that comes of it is held against the same calls in the default one.
 */
#include <fcntl.h>
#include <quant/directory.h>
#include <quant/drift.h>
#include <quant/file.h>
#include <quant/inspect.h>
#include <quant/profiles.h>
#include <quant/verify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/environments.h"
#include "support/unit.h"

/* ---- What came of the calls ---- */

enum { OUTCOMES = 2048, DEFAULT = -1 };

struct outcome {
    const char *call;
    uint64_t digest;
};

static struct outcome expected[OUTCOMES];
static size_t noutcomes;
static int environment; /* DEFAULT: the outcomes are those to expect */

static uint64_t digest_of(const void *bytes, size_t nbytes)
{
    const unsigned char *byte = bytes;
    uint64_t digest = 0xcbf29ce484222325;
    for (size_t i = 0; i < nbytes; i++)
        digest = (digest ^ byte[i]) * 0x100000001b3;
    return digest;
}

static void take(const char *call, const void *bytes, size_t nbytes)
{
    const uint64_t digest = digest_of(bytes, nbytes);
    assert_in_range(noutcomes, 0, OUTCOMES - 1);
    struct outcome *outcome = &expected[noutcomes++];
    if (environment == DEFAULT)
        *outcome = (struct outcome){call, digest};
    else if (outcome->digest != digest)
        fail_msg("in environment %d, the outcome of %s is another", environment, call);
}

static void enter(void)
{
    if (environment != DEFAULT)
        environment_set((size_t)environment);
}

static void leave(const char *call)
{
    if (environment == DEFAULT)
        return;
    const char *changed = environment_changed((size_t)environment);
    environment_reset();
    if (changed)
        fail_msg("environment %d: %s changed %s", environment, call, changed);
}

/* Makes a call in the environment. */
#define CALL(...)                                                                                  \
    do {                                                                                           \
        enter();                                                                                   \
        __VA_ARGS__;                                                                               \
        leave(#__VA_ARGS__);                                                                       \
    } while (0)

/* The same of calls that succeed, and that do not. */
#define TRY(...)                                                                                   \
    do {                                                                                           \
        enum quant_status tried;                                                                   \
        CALL(tried = __VA_ARGS__);                                                                 \
        if (tried != QUANT_OK)                                                                     \
            fail_msg("%s: %s", #__VA_ARGS__, quant_status_text(tried));                            \
    } while (0)
#define REFUSE(...)                                                                                \
    do {                                                                                           \
        enum quant_status tried;                                                                   \
        CALL(tried = __VA_ARGS__);                                                                 \
        assert_int_not_equal(tried, QUANT_OK);                                                     \
        take(#__VA_ARGS__, &tried, sizeof tried);                                                  \
    } while (0)

static void take_choice(const char *call, const struct quant_choice *choice)
{
    take(call, &choice->params, sizeof choice->params);
    take(call, choice->range, sizeof choice->range);
    take(call, &choice->notes, sizeof choice->notes);
}

/* ---- Elements ---- */

enum { N = 4096, ROWS = 32, COLUMNS = 128 };

static float x[N];

/* Ties, numbers far from each other, subnormals, and numbers that are rounded in any way. */
static void make_elements(void)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < N; i++) {
        state = state * 1664525 + 1013904223;
        x[i] = (float)((int32_t)state) * 0x1p-33F;
        if (i % 64 == 7)
            x[i] *= 0x1p-120F;
        else if (i % 64 == 9)
            x[i] *= 0x1p-140F;
        else if (i % 32 == 3)
            x[i] = (float)(i - i % 32) * 0x1p-15F + 0.0005F;
    }
}

static void in_memory(const struct quant_spec *spec)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_report report;
    struct quant_report total;
    static unsigned char q[N * 4];
    static float restored[N];
    memset(&choice, 0, sizeof choice);
    memset(&report, 0, sizeof report);
    memset(q, 0, sizeof q);
    TRY(quant_spec_check(spec, NULL));
    CALL(quant_observe(&observed, x, N));
    take("quant_observe", &observed.min, 2 * sizeof observed.min);
    if (!spec->calibration) {
        TRY(quant_choose(spec, &observed, &choice, NULL));
        take_choice("quant_choose", &choice);
    }
    TRY(quant_calibrate(spec, x, N, &choice, NULL));
    take_choice("quant_calibrate", &choice);
    CALL(quant_quantize(&choice.params, x, N, q));
    take("quant_quantize", q, sizeof q);
    CALL(quant_dequantize(&choice.params, q, N, restored));
    take("quant_dequantize", restored, sizeof restored);
    struct quant_measure *measure = NULL;
    CALL(measure = quant_measure_new(&choice.params));
    assert_non_null(measure);
    CALL(quant_measure_add(measure, x, q, N));
    CALL(quant_measure_report(measure, QUANT_FLOAT32, 1, &report));
    take("quant_measure_report", &report, sizeof report);
    quant_measure_free(measure);
    CALL(quant_report_init(&total));
    CALL(quant_report_add(&total, &report));
    CALL(quant_report_add(&total, &report));
    take("quant_report_add", &total, sizeof total);
}

static void in_groups(const struct quant_spec *spec, const struct quant_granularity *granularity)
{
    const struct quant_shape shape = {.ndim = 2, .dims = {ROWS, COLUMNS}};
    struct quant_grouping grouping;
    static float scales[N];
    static int32_t zero_points[N];
    static float factors[N];
    static float biases[N];
    static unsigned char q[N * 4];
    static float restored[N];
    struct quant_params common;
    unsigned notes = 0;
    memset(&common, 0, sizeof common);
    memset(scales, 0, sizeof scales);
    memset(q, 0, sizeof q);
    const struct quant_group_params groups = {0, scales, zero_points, factors, biases};
    TRY(quant_grouping_make(granularity, &shape, QUANT_ORDER_C, &grouping, NULL));
    TRY(quant_calibrate_groups(spec, &grouping, x, &common, &groups, &notes, NULL));
    take("quant_calibrate_groups", scales, sizeof scales);
    take("quant_calibrate_groups", zero_points, grouping.count * sizeof zero_points[0]);
    CALL(quant_quantize_groups(&common, &grouping, &groups, 0, x, N, q));
    take("quant_quantize_groups", q, sizeof q);
    struct quant_group_params stored = groups;
    if (!quant_params_have_biases(&common))
        stored.biases = NULL;
    CALL(quant_dequantize_groups(&common, &grouping, &stored, 0, q, N, restored));
    take("quant_dequantize_groups", restored, sizeof restored);
}

static void all_in_memory(void)
{
    static const enum quant_dtype dtypes[] = {QUANT_INT8,          QUANT_UINT4,   QUANT_INT16,
                                              QUANT_FLOAT8_E4M3FN, QUANT_FLOAT16, QUANT_BFLOAT16};
    for (size_t i = 0; i < LENGTH(dtypes); i++) {
        const bool is_integer = quant_dtype_info(dtypes[i])->is_integer;
        const struct quant_spec spec = {.scheme = is_integer ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                                        .dtype = dtypes[i]};
        in_memory(&spec);
    }
    static const char *const methods[] = {"percentile", "mse", "entropy", "octav", "sigma", "auto"};
    for (size_t i = 0; i < LENGTH(methods); i++)
        in_memory(&(struct quant_spec){.calibration = methods[i]});
    in_memory(&(struct quant_spec){.has_scale = true, .scale = 0.001F});
    in_memory(&(struct quant_spec){.has_clip = true, .clip = {-0.1, 0.3}});
    in_memory(&(struct quant_spec){.scale_dtype = QUANT_FLOAT16});
    in_memory(&(struct quant_spec){.rounding = QUANT_HALF_AWAY});

    static const struct quant_granularity granularities[] = {
        {.has_axis = true}, {.block_size = 32}, {.block_rows = 16, .block_size = 16}};
    for (size_t i = 0; i < LENGTH(granularities); i++) {
        in_groups(&(struct quant_spec){.scheme = QUANT_ZERO_POINT}, &granularities[i]);
        in_groups(&(struct quant_spec){.calibration = "mse", .dtype = QUANT_INT4},
                  &granularities[i]);
    }
    for (size_t i = 0; quant_profile_at(i); i++) {
        const struct quant_profile_type *type = &quant_profile_at(i)->types[0];
        const struct quant_spec spec = {
            .scheme = type->scheme, .dtype = type->dtype, .like = quant_profile_at(i)->name};
        enum quant_status status = QUANT_OK;
        CALL(status = quant_spec_check(&spec, NULL));
        if (status == QUANT_OK)
            in_memory(&spec);
    }
}

static void rounding(void)
{
    static const double numbers[] = {0.1, -0.1, 1e-45, 1e-310, 2.5, -3.5, 1e300, 448.5};
    for (int dtype = QUANT_INT8; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; i < LENGTH(numbers); i++) {
            double rounded = 0;
            CALL(rounded = quant_dtype_round((enum quant_dtype)dtype, numbers[i]));
            take("quant_dtype_round", &rounded, sizeof rounded);
        }
}

static void refused_in_memory(void)
{
    const struct quant_spec spec = {.has_clip = true, .clip = {2, 1}};
    const struct quant_spec subnormal = {.has_clip = true, .clip = {0, 1e-310}};
    const float nan_and_one[2] = {NAN, 1};
    struct quant_choice choice;
    REFUSE(quant_spec_check(&spec, NULL));
    TRY(quant_spec_check(&subnormal, NULL));
    REFUSE(
        quant_calibrate(&(struct quant_spec){.dtype = QUANT_INT8}, nan_and_one, 2, &choice, NULL));
}

/* ---- Files ---- */

static const struct quant_cancel never = {NULL, -1};
static struct quant_quantize_result quantized;
static struct quant_dequantize_result dequantized;

static void write_file(const char *path, const void *bytes, size_t nbytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, nbytes, file), nbytes);
    assert_int_equal(fclose(file), 0);
}

static void take_file(const char *path)
{
    static unsigned char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t nbytes = 0;
    if (file) {
        nbytes = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
    }
    take(path, bytes, nbytes);
}

static void make_files(void)
{
    static char text[N * 24];
    static double doubles[N];
    size_t length = 0;
    text[length++] = '[';
    for (size_t i = 0; i < N; i++) {
        doubles[i] = (double)x[i] * 1.000000001;
        length += (size_t)sprintf(text + length, "%s%.17g", i > 0 ? "," : "", doubles[i]);
    }
    text[length++] = ']';
    write_file("t.json", text, length);
    write_file("x.f32", x, sizeof x);
    write_file("x.f64", doubles, sizeof doubles);
    static unsigned char container[8 + 160 + sizeof x];
    char header[161];
    snprintf(header, sizeof header,
             "{\"a.weight\":{\"dtype\":\"F32\",\"shape\":[32,64],\"data_offsets\":[0,8192]},"
             "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[64,32],\"data_offsets\":[8192,16384]}}");
    memset(container, ' ', 8 + 160);
    memset(container, 0, 8);
    container[0] = 160;
    memcpy(container + 8, header, strlen(header));
    memcpy(container + 8 + 160, x, sizeof x);
    mkdir("model", 0777);
    write_file("model/m.safetensors", container, sizeof container);
}

/* Several files at once, on several threads. */
static void quantize_files(const struct quant_spec *spec)
{
    static const struct quant_file files[] = {{.path = "t.json", .output = "t.q.npy"},
                                              {.path = "x.f32", .output = "x.q.npy"},
                                              {.path = "x.f64", .output = "y.q.npy"},
                                              {.path = "t.json", .output = "u.q.json"}};
    struct quant_quantize_job job = {.size = sizeof job,
                                     .spec = *spec,
                                     .output.force = true,
                                     .measure = true,
                                     .control.threads = 3,
                                     .files = files,
                                     .nfiles = LENGTH(files)};
    TRY(quant_file_quantize(&job, &quantized, NULL));
    for (size_t i = 0; i < LENGTH(files); i++) {
        char sidecar[32];
        snprintf(sidecar, sizeof sidecar, "%s.json", files[i].output);
        take_file(files[i].output);
        take_file(sidecar);
    }
}

static bool take_restored(void *context, const struct quant_file_result *result)
{
    (void)context;
    if (result->restored)
        memcpy(context, &result->restored->report, sizeof result->restored->report);
    return true;
}

static void restore_files(void)
{
    struct quant_report report;
    memset(&report, 0, sizeof report);
    struct quant_dequantize_job job = {.size = sizeof job,
                                       .path = "t.q.npy",
                                       .output = {.path = "t.r.json", .force = true},
                                       .measure = true,
                                       .control = {.on_file = take_restored, .context = &report}};
    TRY(quant_file_dequantize(&job, &dequantized, NULL));
    take_file("t.r.json");
    take("quant_file_dequantize", &report, sizeof report);
    struct quant_loaded loaded = {.q = NULL};
    TRY(quant_file_load("x.q.npy", NULL, &never, &loaded, NULL));
    take("quant_file_load", loaded.scales, loaded.scales ? sizeof(float) : 0);
    quant_loaded_release(&loaded);
    TRY(quant_sidecar_read("x.q.npy.json", &never, &loaded, NULL));
    take("quant_sidecar_read", loaded.scales, loaded.scales ? sizeof(float) : 0);
    quant_loaded_release(&loaded);
    static const struct quant_file files[] = {{.path = "t.q.npy"}, {.path = "x.q.npy"}};
    struct quant_verify_job verify = {
        .size = sizeof verify, .files = files, .nfiles = LENGTH(files), .against.path = "x.f32"};
    TRY(quant_file_verify(&verify, NULL));
}

static bool see(void *context, const struct quant_listed_tensor *tensor)
{
    (void)context;
    return tensor->name != NULL;
}

static void calibrate_files(void)
{
    static const char *const paths[] = {"t.json", "x.f64"};
    struct quant_calibrate_result result;
    struct quant_calibrate_job job = {.size = sizeof job,
                                      .paths = paths,
                                      .npaths = LENGTH(paths),
                                      .spec.calibration = "sigma",
                                      .output = "range.json",
                                      .force = true};
    TRY(quant_file_calibrate(&job, &result, NULL));
    take_file("range.json");
    job.partial = true;
    job.output = "part.json";
    TRY(quant_file_calibrate(&job, &result, NULL));
    const char *part = "part.json";
    struct quant_merge_job merge = {
        .size = sizeof merge, .paths = &part, .npaths = 1, .output = "merged.json", .force = true};
    TRY(quant_file_merge(&merge, &result, NULL));
    take_file("merged.json");
    job = (struct quant_calibrate_job){.size = sizeof job,
                                       .paths = paths,
                                       .npaths = 1,
                                       .spec.calibration = "mse",
                                       .granularity.block_size = 64,
                                       .output = "ranges.json",
                                       .force = true};
    TRY(quant_file_calibrate(&job, &result, NULL));
    take_file("ranges.json");
    struct quant_spec spec = {.dtype = QUANT_INT8};
    TRY(quant_file_range("range.json", &never, &spec, NULL));
    take("quant_file_range", spec.clip, sizeof spec.clip);
    const struct quant_spec by_mse = {.dtype = QUANT_INT8};
    TRY(quant_file_check_ranges("ranges.json", &never, &by_mse, NULL));
}

static void look_at_files(void)
{
    struct quant_compare_job compare = {.size = sizeof compare, .input.path = "x.f64"};
    static struct quant_compare_result compared;
    memset(&compared, 0, sizeof compared);
    TRY(quant_file_compare(&compare, &compared, NULL));
    for (size_t i = 0; i < compared.n; i++)
        take("quant_file_compare", &compared.rows[i].report, sizeof compared.rows[i].report);
    struct quant_inspect_job inspect = {
        .size = sizeof inspect, .input.path = "x.f64", .measure = true};
    static struct quant_inspect_result inspected;
    memset(&inspected, 0, sizeof inspected);
    TRY(quant_file_inspect(&inspect, &inspected, NULL));
    const struct quant_statistics *statistics = &inspected.tensor.statistics;
    take("quant_file_inspect", &statistics->mean, 2 * sizeof statistics->mean);
    take("quant_file_inspect", statistics->percentiles, sizeof statistics->percentiles);
    take("quant_file_inspect", &statistics->histogram, sizeof statistics->histogram);
    take("quant_file_inspect", &statistics->by_mse.report, sizeof statistics->by_mse.report);
    bool is_container = false;
    const struct quant_input input = {.path = "model/m.safetensors"};
    TRY(quant_file_list(&input, &never, see, NULL, &is_container, NULL));
}

static void drift(void)
{
    static const struct quant_input layers[] = {
        {.path = "model/m.safetensors", .tensor = "a.weight"},
        {.path = "model/m.safetensors", .tensor = "b.weight"}};
    struct quant_drift_result result;
    memset(&result, 0, sizeof result);
    struct quant_drift_job job = {.size = sizeof job,
                                  .layers = layers,
                                  .nlayers = LENGTH(layers),
                                  .activations = QUANT_ACTIVATIONS_PER_TOKEN,
                                  .nsamples = 32,
                                  .control.threads = 2};
    TRY(quant_drift(&job, &result, NULL));
    take("quant_drift", &result.last.outputs, sizeof result.last.outputs);
    take("quant_drift", &result.last.weights, sizeof result.last.weights);
}

static void checkpoint(void)
{
    struct quant_directory directory;
    struct quant_directory_job list = {.size = sizeof list, .path = "model"};
    TRY(quant_directory_list(&list, &directory, NULL));
    assert_int_equal(directory.ncheckpoints, 1);
    mkdir("out", 0777);
    struct quant_quantize_job job = {
        .size = sizeof job,
        .input.path = "model/m.safetensors",
        .output = {.path = "out/m.safetensors", .force = true},
        .spec = {.scheme = QUANT_ZERO_POINT},
        .granularity.has_axis = true,
        .onnx = "out/m.onnx",
    };
    struct quant_checkpoint_job checkpoint = {.size = sizeof checkpoint,
                                              .checkpoint = directory.checkpoints,
                                              .output = "out",
                                              .force = true,
                                              .quantize = &job};
    bool is_complete = false;
    TRY(quant_onnx_check(&job, NULL));
    TRY(quant_checkpoint_begin(&checkpoint, NULL));
    TRY(quant_file_quantize(&job, &quantized, NULL));
    TRY(quant_checkpoint_finish(&checkpoint, &is_complete, NULL));
    take_file("out/m.safetensors");
    take_file("out/m.safetensors.json");
    take_file("out/m.onnx");
    quant_directory_release(&directory);
}

static void refused_files(void)
{
    struct quant_quantize_job job = {
        .size = sizeof job, .input.path = "missing.npy", .output.path = "missing.q.npy"};
    REFUSE(quant_file_quantize(&job, &quantized, NULL));
    job.input.path = "x.f64";
    job.spec = (struct quant_spec){.has_scale = true, .scale = 0};
    REFUSE(quant_file_quantize(&job, &quantized, NULL));
    struct quant_dequantize_job restore = {.size = sizeof restore, .path = "x.f64"};
    REFUSE(quant_file_dequantize(&restore, &dequantized, NULL));
}

/* ---- All ---- */

static void call_all(void)
{
    noutcomes = 0;
    rounding();
    all_in_memory();
    refused_in_memory();
    quantize_files(&(struct quant_spec){.scheme = QUANT_ZERO_POINT});
    quantize_files(&(struct quant_spec){.calibration = "mse", .dtype = QUANT_INT4});
    restore_files();
    calibrate_files();
    look_at_files();
    drift();
    checkpoint();
    refused_files();
}

static void no_byte_depends_on_the_environment(void **state)
{
    (void)state;
    make_elements();
    make_files();
    environment = DEFAULT;
    call_all();
    for (size_t i = 0; i < environment_count(); i++) {
        environment = (int)i;
        call_all();
    }
}

static int enter_folder(void **state)
{
    static char folder[] = "/tmp/quant-test-XXXXXX";
    *state = folder;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", (const char *)*state);
    return chdir("/") == 0 ? system(command) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        no_byte_depends_on_the_environment, enter_folder, leave_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
