/* SPDX-License-Identifier: MIT */
/*
 * Calls that are wrong by themselves: values outside of an enumeration, missing pointers, jobs of
 * zeros, sizes that no memory has. Each gives QUANT_INVALID and a text, and creates nothing. Each
 * is made in a process of its own, so that a crash is the failure of one call.
 */
#include <limits.h>
#include <quant/directory.h>
#include <quant/drift.h>
#include <quant/dry_run.h>
#include <quant/file.h>
#include <quant/inspect.h>
#include <quant/profiles.h>
#include <quant/verify.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/unit.h"

enum { CHILD_FAILED = 100 };

static unsigned nfailed;

/* In the child: a signal ends it, whatever the test's own process does. */
static void let_signals_end(void)
{
    static const int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGABRT};
    for (size_t i = 0; i < LENGTH(signals); i++)
        signal(signals[i], SIG_DFL);
}

/* In the child: how the process is to end. */
static int judge(enum quant_status status, const struct quant_error *error)
{
    const bool has_text = error->status == status && error->text[0] != '\0';
    return status == QUANT_INVALID && has_text ? 0 : CHILD_FAILED + (int)status;
}

/* In the parent. */
static void see_end(pid_t child, const char *call)
{
    int end = 0;
    assert_int_equal(waitpid(child, &end, 0), child);
    if (WIFEXITED(end) && WEXITSTATUS(end) == 0)
        return;
    nfailed++;
    if (WIFSIGNALED(end))
        fprintf(stderr, "signal %d: %s\n", WTERMSIG(end), call);
    else if (WEXITSTATUS(end) >= CHILD_FAILED)
        fprintf(stderr, "status '%s': %s\n",
                quant_status_text((enum quant_status)(WEXITSTATUS(end) - CHILD_FAILED)), call);
    else
        fprintf(stderr, "exit %d: %s\n", WEXITSTATUS(end), call);
}

/* A call that is to give QUANT_INVALID, and sets error. */
#define WRONG(...) WRONG_NAMED(#__VA_ARGS__, __VA_ARGS__)
#define WRONG_NAMED(name, ...)                                                                     \
    do {                                                                                           \
        struct quant_error error = {.status = QUANT_OK};                                           \
        fflush(NULL);                                                                              \
        const pid_t child = fork();                                                                \
        assert_int_not_equal(child, -1);                                                           \
        if (child == 0) {                                                                          \
            let_signals_end();                                                                     \
            _exit(judge(__VA_ARGS__, &error));                                                     \
        }                                                                                          \
        see_end(child, name);                                                                      \
    } while (0)

/* A call without a status that is to return this. */
#define GIVES(expected, ...)                                                                       \
    do {                                                                                           \
        fflush(NULL);                                                                              \
        const pid_t child = fork();                                                                \
        assert_int_not_equal(child, -1);                                                           \
        if (child == 0) {                                                                          \
            let_signals_end();                                                                     \
            _exit((__VA_ARGS__) == (expected) ? 0 : 1);                                            \
        }                                                                                          \
        see_end(child, #__VA_ARGS__);                                                              \
    } while (0)

/* A call of a valid job with some members set otherwise. */
#define WRONG_JOB(call, type, valid, ...)                                                          \
    do {                                                                                           \
        type job = valid;                                                                          \
        __VA_ARGS__;                                                                               \
        WRONG_NAMED(#call ": " #__VA_ARGS__, call);                                                \
    } while (0)

/* Values outside of every enumeration. */
static const int outside[] = {77, -1, INT_MAX, INT_MIN};

static int far_dims = 65;
static const struct quant_cancel never = {NULL, -1};
static const float x[4] = {1, 2, 3, 4};

static struct quant_shape shape_of(int ndim, uint64_t extent)
{
    struct quant_shape shape = {.ndim = ndim};
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        shape.dims[i] = extent;
    return shape;
}

/* ---- In memory ---- */

static void specs(void **state)
{
    (void)state;
    struct quant_choice choice;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, 4);
    WRONG(quant_spec_check(NULL, &error));
    for (size_t i = 0; i < LENGTH(outside); i++) {
        const struct quant_spec wrong[] = {
            {.scheme = (enum quant_scheme)outside[i]},
            {.dtype = (enum quant_dtype)outside[i]},
            {.rounding = (enum quant_rounding)outside[i]},
            {.nonfinite = (enum quant_nonfinite)outside[i]},
            {.scale_dtype = (enum quant_dtype)outside[i]},
            {.like = "onnx", .input_dtype = (enum quant_dtype)outside[i]},
        };
        for (size_t k = 0; k < LENGTH(wrong); k++) {
            WRONG(quant_spec_check(&wrong[k], &error));
            WRONG(quant_choose(&wrong[k], &observed, &choice, &error));
            WRONG(quant_calibrate(&wrong[k], x, 4, &choice, &error));
        }
    }
    const struct quant_spec spec = {.dtype = QUANT_INT8};
    WRONG(quant_choose(NULL, &observed, &choice, &error));
    WRONG(quant_choose(&spec, NULL, &choice, &error));
    WRONG(quant_choose(&spec, &observed, NULL, &error));
    WRONG(quant_calibrate(NULL, x, 4, &choice, &error));
    WRONG(quant_calibrate(&spec, NULL, 4, &choice, &error));
    WRONG(quant_calibrate(&spec, x, 4, NULL, &error));
    WRONG(quant_isa_select(NULL, &error));
    WRONG(quant_isa_select("", &error));
}

static void groups(void **state)
{
    (void)state;
    struct quant_grouping grouping;
    const struct quant_granularity by_axis = {.has_axis = true};
    const struct quant_shape four = {.ndim = 2, .dims = {2, 2}};
    const struct quant_shape negative = shape_of(-2, 1);
    const struct quant_shape far = shape_of(far_dims, 1);
    const struct quant_shape large = shape_of(64, 1000);
    WRONG(quant_grouping_make(NULL, &four, QUANT_ORDER_C, &grouping, &error));
    WRONG(quant_grouping_make(&by_axis, NULL, QUANT_ORDER_C, &grouping, &error));
    WRONG(quant_grouping_make(&by_axis, &four, QUANT_ORDER_C, NULL, &error));
    WRONG(quant_grouping_make(&by_axis, &negative, QUANT_ORDER_C, &grouping, &error));
    WRONG(quant_grouping_make(&by_axis, &far, QUANT_ORDER_C, &grouping, &error));
    WRONG(quant_grouping_make(&by_axis, &large, QUANT_ORDER_C, &grouping, &error));
    for (size_t i = 0; i < LENGTH(outside); i++) {
        const struct quant_granularity no_axis = {.has_axis = true, .axis = outside[i] | 4};
        WRONG(
            quant_grouping_make(&by_axis, &four, (enum quant_order)outside[i], &grouping, &error));
        if (outside[i] != -1)
            WRONG(quant_grouping_make(&no_axis, &four, QUANT_ORDER_C, &grouping, &error));
    }
    assert_int_equal(quant_grouping_make(&by_axis, &four, QUANT_ORDER_C, &grouping, NULL),
                     QUANT_OK);
    const struct quant_spec spec = {.dtype = QUANT_INT8};
    const struct quant_spec wrong = {.dtype = (enum quant_dtype)77};
    float scales[4];
    int32_t zero_points[4];
    unsigned notes;
    struct quant_params common;
    const struct quant_group_params room = {0, scales, zero_points, NULL, NULL};
    const struct quant_group_params none = {0, NULL, NULL, NULL, NULL};
    WRONG(quant_calibrate_groups(NULL, &grouping, x, &common, &room, &notes, &error));
    WRONG(quant_calibrate_groups(&wrong, &grouping, x, &common, &room, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, NULL, x, &common, &room, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, &grouping, NULL, &common, &room, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, &grouping, x, NULL, &room, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, &grouping, x, &common, NULL, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, &grouping, x, &common, &none, &notes, &error));
    WRONG(quant_calibrate_groups(&spec, &grouping, x, &common, &room, NULL, &error));
}

/* Functions without a status: what they return instead. */
static void without_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(outside); i++) {
        const int value = outside[i];
        GIVES(NULL, quant_dtype_info((enum quant_dtype)value));
        GIVES(0, quant_dtype_bytes((enum quant_dtype)value, 7));
        GIVES(false, isfinite(quant_dtype_round((enum quant_dtype)value, 1)) != 0);
        GIVES(0, strcmp(quant_status_text((enum quant_status)value), "unknown status"));
        GIVES(NULL, quant_fault_kind_name((enum quant_fault_kind)value));
        GIVES(NULL, quant_likeness_name((enum quant_likeness)value));
        GIVES(0, strcmp(quant_role_name((enum quant_role)value), "unknown"));
        const struct quant_params wrong = {.dtype = (enum quant_dtype)value, .scale = 1};
        unsigned char q[4] = {1, 2, 3, 4};
        GIVES(2, (quant_quantize(&wrong, x, 4, q), q[1]));
        GIVES(NULL, quant_measure_new(&wrong));
        GIVES(0, quant_scale_bytes(&wrong, 3));
        GIVES(NULL, quant_profile_type_of(quant_profile_at(0), (enum quant_scheme)value,
                                          (enum quant_dtype)value));
    }
    GIVES(NULL, quant_drift_activations_name(SIZE_MAX));
    GIVES(QUANT_DTYPE_NONE, quant_dtype_from_name(NULL));
    GIVES(NULL, quant_figure_from_key(NULL));
    GIVES(NULL, quant_figure_at(SIZE_MAX));
    GIVES(NULL, quant_calibration_at(SIZE_MAX));
    GIVES(NULL, quant_isa_at(SIZE_MAX));
    GIVES(NULL, quant_format_at(SIZE_MAX));
    GIVES(NULL, quant_layout_name_at(SIZE_MAX));
    GIVES(NULL, quant_profile_at(SIZE_MAX));
    GIVES(NULL, quant_profile_from_name(NULL));
    GIVES(NULL, quant_measure_new(NULL));
    GIVES(NULL, quant_file_output_name(NULL, "int8", NULL, NULL));
    GIVES(NULL, quant_file_output_name("w.npy", NULL, NULL, NULL));
    GIVES(NULL, quant_file_scales_name(NULL));
    GIVES(false, quant_name_matches(NULL, "w"));
    GIVES(false, quant_name_matches("w", NULL));
    GIVES(NULL, quant_rule_find(NULL, 3, "w"));
    struct quant_free_space space;
    GIVES(false, quant_free_space_find(NULL, &space));
    const struct quant_shape far = shape_of(far_dims, 2);
    uint64_t index[QUANT_MAX_DIMS] = {7};
    GIVES(7, (quant_shape_unravel(&far, QUANT_ORDER_C, 1, index), index[0]));
    const struct quant_selection lists = {.ninclude = 1};
    GIVES(false, quant_selection_has(&lists, "w"));
}

/* ---- Files ---- */

static struct quant_quantize_result quantized;
static struct quant_dequantize_result dequantized;
static struct quant_compare_result compared;
static struct quant_calibrate_result calibrated;
static struct quant_inspect_result inspected;
static struct quant_drift_result drifted;

#define QUANTIZE(...)                                                                              \
    WRONG_JOB(quant_file_quantize(&job, &quantized, &error), struct quant_quantize_job,            \
              ((struct quant_quantize_job){                                                        \
                  .size = sizeof job, .input.path = "x.bin", .output.path = "q.bin"}),             \
              __VA_ARGS__)
#define DEQUANTIZE(...)                                                                            \
    WRONG_JOB(quant_file_dequantize(&job, &dequantized, &error), struct quant_dequantize_job,      \
              ((struct quant_dequantize_job){                                                      \
                  .size = sizeof job, .path = "g.bin", .output.path = "r.bin"}),                   \
              __VA_ARGS__)
#define COMPARE(...)                                                                               \
    WRONG_JOB(quant_file_compare(&job, &compared, &error), struct quant_compare_job,               \
              ((struct quant_compare_job){.size = sizeof job, .input.path = "x.bin"}),             \
              __VA_ARGS__)
#define INSPECT(...)                                                                               \
    WRONG_JOB(                                                                                     \
        quant_file_inspect(&job, &inspected, &error), struct quant_inspect_job,                    \
        ((struct quant_inspect_job){.size = sizeof job, .input.path = "x.bin", .measure = true}),  \
        __VA_ARGS__)
#define CALIBRATE(...)                                                                             \
    WRONG_JOB(quant_file_calibrate(&job, &calibrated, &error), struct quant_calibrate_job,         \
              ((struct quant_calibrate_job){                                                       \
                  .size = sizeof job, .paths = paths, .npaths = 1, .output = "c.json"}),           \
              __VA_ARGS__)
#define MERGE(...)                                                                                 \
    WRONG_JOB(quant_file_merge(&job, &calibrated, &error), struct quant_merge_job,                 \
              ((struct quant_merge_job){                                                           \
                  .size = sizeof job, .paths = paths, .npaths = 1, .output = "c.json"}),           \
              __VA_ARGS__)
#define VERIFY(...)                                                                                \
    WRONG_JOB(quant_file_verify(&job, &error), struct quant_verify_job,                            \
              ((struct quant_verify_job){.size = sizeof job, .files = files, .nfiles = 1}),        \
              __VA_ARGS__)
#define DRIFT(...)                                                                                 \
    WRONG_JOB(quant_drift(&job, &drifted, &error), struct quant_drift_job,                         \
              ((struct quant_drift_job){.size = sizeof job, .layers = layers, .nlayers = 1}),      \
              __VA_ARGS__)
#define LIST(...)                                                                                  \
    WRONG_JOB(quant_directory_list(&job, &directory, &error), struct quant_directory_job,          \
              ((struct quant_directory_job){.size = sizeof job, .path = "."}), __VA_ARGS__)
#define BEGIN(...)                                                                                 \
    WRONG_JOB(quant_checkpoint_begin(&job, &error), struct quant_checkpoint_job,                   \
              ((struct quant_checkpoint_job){                                                      \
                  .size = sizeof job, .checkpoint = &checkpoint, .output = "out"}),                \
              __VA_ARGS__)
#define FINISH(...)                                                                                \
    WRONG_JOB(quant_checkpoint_finish(&job, &is_complete, &error), struct quant_checkpoint_job,    \
              ((struct quant_checkpoint_job){                                                      \
                  .size = sizeof job, .checkpoint = &checkpoint, .output = "out"}),                \
              __VA_ARGS__)

static void quantizing(void **state)
{
    (void)state;
    const struct quant_shape negative = shape_of(-2, 1);
    const struct quant_shape far = shape_of(far_dims, 1);
    const struct quant_shape large = shape_of(64, 1000);
    const char *missing[1] = {NULL};
    const struct quant_rule nameless = {.pattern = NULL};
    const struct quant_file no_path = {.output = "q.bin"};
    const struct quant_file no_output = {.path = "x.bin"};
    WRONG(quant_file_quantize(NULL, &quantized, &error));
    QUANTIZE(memset(&job, 0, sizeof job));
    QUANTIZE(job.size = 3);
    QUANTIZE(job.input.path = NULL);
    QUANTIZE(job.output.path = NULL);
    QUANTIZE(job.output.path = "-");
    QUANTIZE(job.input.format = "none");
    QUANTIZE(job.output.format = "none");
    QUANTIZE(job.layout = "none");
    for (size_t i = 0; i < LENGTH(outside); i++) {
        QUANTIZE(job.input.dtype = (enum quant_dtype)outside[i]);
        QUANTIZE(job.input.byte_order = (enum quant_byte_order)outside[i]);
        QUANTIZE(job.spec.scheme = (enum quant_scheme)outside[i]);
        QUANTIZE(job.spec.dtype = (enum quant_dtype)outside[i]);
        QUANTIZE(job.spec.rounding = (enum quant_rounding)outside[i]);
        QUANTIZE(job.spec.nonfinite = (enum quant_nonfinite)outside[i]);
        QUANTIZE(job.spec.scale_dtype = (enum quant_dtype)outside[i]);
        QUANTIZE(job.granularity = (struct quant_granularity){
                     .has_axis = true, .axis = outside[i] - (outside[i] == -1)});
    }
    QUANTIZE(job.input.dtype = QUANT_INT8);
    QUANTIZE(job.input.shape = &negative);
    QUANTIZE(job.input.shape = &far);
    QUANTIZE(job.input.shape = &large);
    QUANTIZE(job.ways = UINT64_MAX);
    QUANTIZE(job.nfiles = 2);
    QUANTIZE(job.nfiles = 1, job.files = &no_path);
    QUANTIZE(job.nfiles = 1, job.files = &no_output);
    QUANTIZE(job.selection.ninclude = 2);
    QUANTIZE(job.selection.nexclude = 2);
    QUANTIZE(job.selection.ninclude = 1, job.selection.include = missing);
    QUANTIZE(job.selection.nexclude = 1, job.selection.exclude = missing);
    QUANTIZE(job.nrules = 2);
    QUANTIZE(job.nrules = 1, job.rules = &nameless);
    QUANTIZE(job.nties = 2);
    QUANTIZE(job.nties = 1, job.ties = missing);
    QUANTIZE(job.granularity = (struct quant_granularity){.block_rows = UINT64_MAX});
    WRONG(quant_onnx_check(NULL, &error));
    struct quant_quantize_job job = {.onnx = "m.onnx"};
    WRONG(quant_onnx_check(&job, &error));
    job.size = sizeof job;
    WRONG(quant_onnx_check(&job, &error));
}

static void restoring(void **state)
{
    (void)state;
    const char *missing[1] = {NULL};
    const struct quant_file no_path = {.output = "r.bin"};
    const struct quant_file file = {.path = "g.bin"};
    const struct quant_file *files = &file;
    struct quant_loaded loaded;
    WRONG(quant_file_dequantize(NULL, &dequantized, &error));
    DEQUANTIZE(memset(&job, 0, sizeof job));
    DEQUANTIZE(job.path = NULL);
    DEQUANTIZE(job.path = "-");
    DEQUANTIZE(job.output.path = "r.bin", job.output.format = "none");
    for (size_t i = 0; i < LENGTH(outside); i++) {
        DEQUANTIZE(job.dtype = (enum quant_dtype)outside[i]);
        DEQUANTIZE(job.measure = true, job.against.path = "x.bin",
                   job.against.dtype = (enum quant_dtype)outside[i]);
        DEQUANTIZE(job.measure = true, job.against.path = "x.bin",
                   job.against.byte_order = (enum quant_byte_order)outside[i]);
        VERIFY(job.against.path = "x.bin", job.against.dtype = (enum quant_dtype)outside[i]);
        VERIFY(job.against.path = "x.bin",
               job.against.byte_order = (enum quant_byte_order)outside[i]);
    }
    DEQUANTIZE(job.dtype = QUANT_INT8);
    DEQUANTIZE(job.ways = UINT64_MAX);
    DEQUANTIZE(job.nfiles = 2);
    DEQUANTIZE(job.nfiles = 1, job.files = &no_path);
    DEQUANTIZE(job.selection.ninclude = 2);
    DEQUANTIZE(job.selection.nexclude = 1, job.selection.exclude = missing);
    WRONG(quant_sidecar_read(NULL, &never, &loaded, &error));
    WRONG(quant_sidecar_read("g.bin.json", &never, NULL, &error));
    WRONG(quant_file_load(NULL, NULL, &never, &loaded, &error));
    WRONG(quant_file_load("g.bin", NULL, &never, NULL, &error));
    WRONG(quant_file_verify(NULL, &error));
    VERIFY(memset(&job, 0, sizeof job));
    VERIFY(job.files = NULL);
    VERIFY(job.nfiles = 0);
    VERIFY(job.files = &no_path);
    VERIFY(job.against_ways = UINT64_MAX);
    VERIFY(job.selection.ninclude = 2);
    VERIFY(job.selection.ninclude = 1, job.selection.include = missing);
}

static void looking(void **state)
{
    (void)state;
    const enum quant_dtype unknown = (enum quant_dtype)77;
    const char *missing[1] = {NULL};
    const struct quant_shape far = shape_of(far_dims, 1);
    WRONG(quant_file_compare(NULL, &compared, &error));
    COMPARE(memset(&job, 0, sizeof job));
    COMPARE(job.input.path = NULL);
    COMPARE(job.ndtypes = 1);
    COMPARE(job.ndtypes = 1, job.dtypes = &unknown);
    COMPARE(job.ndtypes = SIZE_MAX);
    COMPARE(job.nfiles = 1);
    COMPARE(job.input.shape = &far);
    COMPARE(job.selection.ninclude = 1, job.selection.include = missing);
    WRONG(quant_file_inspect(NULL, &inspected, &error));
    INSPECT(memset(&job, 0, sizeof job));
    INSPECT(job.input.path = NULL);
    INSPECT(job.nfiles = 1);
    INSPECT(job.input.shape = &far);
    INSPECT(job.selection.nexclude = 1, job.selection.exclude = missing);
    for (size_t i = 0; i < LENGTH(outside); i++) {
        COMPARE(job.input.dtype = (enum quant_dtype)outside[i]);
        COMPARE(job.input.byte_order = (enum quant_byte_order)outside[i]);
        COMPARE(job.spec.dtype = (enum quant_dtype)outside[i]);
        COMPARE(job.has_scheme = true, job.spec.scheme = (enum quant_scheme)outside[i]);
        INSPECT(job.input.dtype = (enum quant_dtype)outside[i]);
        INSPECT(job.input.byte_order = (enum quant_byte_order)outside[i]);
        INSPECT(job.spec.scheme = (enum quant_scheme)outside[i]);
        INSPECT(job.spec.dtype = (enum quant_dtype)outside[i]);
    }
    bool is_container;
    const struct quant_input nameless = {.path = NULL};
    const struct quant_input unknown_type = {.path = "x.bin", .dtype = unknown};
    WRONG(quant_file_list(NULL, &never, NULL, NULL, &is_container, &error));
    WRONG(quant_file_list(&nameless, &never, NULL, NULL, &is_container, &error));
    WRONG(quant_file_list(&unknown_type, &never, NULL, NULL, &is_container, &error));
    WRONG(quant_file_check_extension(NULL, QUANT_INT8, &error));
    WRONG(quant_file_check_extension("w.f16", unknown, &error));
    WRONG(quant_file_find_clashes(NULL, NULL, NULL, NULL, 3, NULL, &error));
    WRONG(quant_file_find_clashes(missing, NULL, NULL, NULL, 1, NULL, &error));
}

static void calibrating(void **state)
{
    (void)state;
    const char *const paths[1] = {"x.bin"};
    const char *const missing[1] = {NULL};
    struct quant_spec spec = {.dtype = QUANT_INT8};
    WRONG(quant_file_calibrate(NULL, &calibrated, &error));
    CALIBRATE(memset(&job, 0, sizeof job));
    CALIBRATE(job.paths = NULL);
    CALIBRATE(job.npaths = 0);
    CALIBRATE(job.paths = missing);
    CALIBRATE(job.has_ema = true, job.ema = 7);
    CALIBRATE(job.has_position = true);
    CALIBRATE(job.ways = QUANT_RESUME);
    CALIBRATE(job.selection.ninclude = 2);
    CALIBRATE(job.selection.ninclude = 1, job.selection.include = missing);
    for (size_t i = 0; i < LENGTH(outside); i++) {
        CALIBRATE(job.input.dtype = (enum quant_dtype)outside[i]);
        CALIBRATE(job.input.byte_order = (enum quant_byte_order)outside[i]);
        CALIBRATE(job.spec.scheme = (enum quant_scheme)outside[i]);
        CALIBRATE(job.spec.dtype = (enum quant_dtype)outside[i]);
    }
    WRONG(quant_file_merge(NULL, &calibrated, &error));
    MERGE(memset(&job, 0, sizeof job));
    MERGE(job.paths = NULL);
    MERGE(job.npaths = 0);
    MERGE(job.paths = missing);
    MERGE(job.ways = QUANT_RESUME);
    WRONG(quant_file_range(NULL, &never, &spec, &error));
    WRONG(quant_file_range("c.json", &never, NULL, &error));
    WRONG(quant_file_check_ranges(NULL, &never, &spec, &error));
    WRONG(quant_file_check_ranges("c.json", &never, NULL, &error));
}

static void networks(void **state)
{
    (void)state;
    const struct quant_input layers[1] = {{.path = "x.bin"}};
    const struct quant_input nameless[1] = {{.path = NULL}};
    const struct quant_rule no_pattern = {.pattern = NULL};
    WRONG(quant_drift(NULL, &drifted, &error));
    DRIFT(memset(&job, 0, sizeof job));
    DRIFT(job.layers = NULL);
    DRIFT(job.nlayers = 0);
    DRIFT(job.layers = nameless);
    DRIFT(job.nrules = 1);
    DRIFT(job.nrules = 1, job.rules = &no_pattern);
    DRIFT(job.nsamples = UINT64_MAX);
    for (size_t i = 0; i < LENGTH(outside); i++) {
        DRIFT(job.activations = (enum quant_drift_activations)outside[i]);
        DRIFT(job.spec.dtype = (enum quant_dtype)outside[i]);
        DRIFT(job.spec.scheme = (enum quant_scheme)outside[i]);
        DRIFT(job.input.path = "x.bin", job.input.dtype = (enum quant_dtype)outside[i]);
    }
}

static void directories(void **state)
{
    (void)state;
    struct quant_directory directory;
    const struct quant_checkpoint checkpoint = {.path = NULL};
    bool is_complete = false;
    WRONG(quant_directory_list(NULL, &directory, &error));
    LIST(memset(&job, 0, sizeof job));
    LIST(job.path = NULL);
    for (size_t i = 0; i < LENGTH(outside); i++)
        LIST(job.finds = (enum quant_directory_finds)outside[i]);
    struct quant_directory_job list = {.size = sizeof list, .path = "."};
    WRONG(quant_directory_list(&list, NULL, &error));
    WRONG(quant_checkpoint_begin(NULL, &error));
    BEGIN(memset(&job, 0, sizeof job));
    BEGIN(job.checkpoint = NULL);
    BEGIN(job.output = NULL);
    BEGIN(job.ways = QUANT_RESUME);
    BEGIN(job.checkpoint = &checkpoint);
    WRONG(quant_checkpoint_finish(NULL, &is_complete, &error));
    FINISH(memset(&job, 0, sizeof job));
    FINISH(job.checkpoint = NULL);
    FINISH(job.output = NULL);
    FINISH(job.ways = QUANT_RESUME);
    FINISH(job.checkpoint = &checkpoint);
    const struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &checkpoint, .output = "out"};
    WRONG(quant_checkpoint_finish(&job, NULL, &error));
}

/* ---- All ---- */

static int enter_folder(void **state)
{
    static char folder[] = "/tmp/quant-test-XXXXXX";
    *state = folder;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    FILE *file = fopen("x.bin", "wb");
    if (!file || fwrite(x, sizeof x[0], 4, file) != 4 || fclose(file) != 0)
        return -1;
    struct quant_quantize_job job = {
        .size = sizeof job, .input.path = "x.bin", .output.path = "g.bin"};
    return quant_file_quantize(&job, &quantized, NULL) == QUANT_OK ? 0 : -1;
}

static int leave_folder(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", (const char *)*state);
    return chdir("/") == 0 ? system(command) : -1;
}

static void all_are_refused(void **state)
{
    specs(state);
    groups(state);
    without_status(state);
    quantizing(state);
    restoring(state);
    looking(state);
    calibrating(state);
    networks(state);
    directories(state);
    assert_int_equal(nfailed, 0);
    assert_int_not_equal(access("q.bin", F_OK), 0);
    assert_int_not_equal(access("r.bin", F_OK), 0);
    assert_int_not_equal(access("c.json", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_refused, enter_folder, leave_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
