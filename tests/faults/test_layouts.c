/* SPDX-License-Identifier: MIT */
/*
 * Faults moved through restoring what another program has quantized, with scales in another shard:
 * the first call fails, then the second ... A run either fails, and then there is no output, or it
 * has written the one of a run without faults. No memory, no descriptor and no temporary file is
 * left. The same of writing in the layouts of engines, and of restoring that by its sidecar.
 */
#include "faults.h"

#include <quant/directory.h>
#include <quant/inspect.h>
#include <stdio.h>
#include <sys/stat.h>

#include "holding.h"

static const char weights[] =
    "{\"l.weight\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[0,6]},"
    "\"p.weight_packed\":{\"dtype\":\"I32\",\"shape\":[2,1],\"data_offsets\":[6,14]},"
    "\"bias\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[14,16]}}";
static const char scales[] =
    "{\"p.weight_shape\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
    "\"l.weight_scale\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[16,24]},"
    "\"p.weight_scale\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[24,32]},"
    "\"l.weight_zero_point\":{\"dtype\":\"I8\",\"shape\":[2,1],\"data_offsets\":[32,34]}}";
static const char index_text[] =
    "{\"metadata\":{\"total_size\":50},\"weight_map\":{\"l.weight\":\"a.safetensors\","
    "\"p.weight_packed\":\"a.safetensors\",\"bias\":\"a.safetensors\","
    "\"p.weight_shape\":\"b.safetensors\",\"l.weight_scale\":\"b.safetensors\","
    "\"p.weight_scale\":\"b.safetensors\",\"l.weight_zero_point\":\"b.safetensors\"}}";
static const char config[] =
    "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{"
    "\"group_0\":{\"format\":\"naive-quantized\",\"weights\":{\"num_bits\":8,\"type\":\"int\","
    "\"symmetric\":false,\"strategy\":\"channel\"}},"
    "\"group_1\":{\"format\":\"pack-quantized\",\"weights\":{\"num_bits\":4,\"type\":\"int\","
    "\"symmetric\":true,\"strategy\":\"channel\"}}}}}";

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct faults_seen seen;
    struct holding after;
};

static enum quant_status dequantize(struct quant_error *error)
{
    struct quant_dequantize_job job = dequantize_job("a.safetensors", "r.safetensors");
    struct quant_dequantize_result result;
    job.measure = false;
    job.control.threads = 1; /* faults are this thread's */
    return quant_file_dequantize(&job, &result, error);
}

static struct outcome run(unsigned kinds, unsigned long n, bool from_then_on)
{
    struct outcome outcome = {.status = QUANT_OK};
    faults_arm(kinds, n, from_then_on);
    outcome.status = dequantize(&outcome.error);
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
    if (outcome->after.count != whole->after.count - 1)
        return "a file is left";
    return outcome->error.status != outcome->status ? "the error is not set" : NULL;
}

static void move_through(const struct holding *before, const struct outcome *whole, unsigned kinds,
                         bool from_then_on)
{
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        const int descriptors = folder_count("/proc/self/fd");
        holding_restore(before);
        struct outcome outcome = run(kinds, n, from_then_on);
        const char *complaint = judge(whole, &outcome);
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
        if (complaint)
            fail_msg("%s, when call %lu of kinds %u failed%s: status %d, %s", complaint, n, kinds,
                     from_then_on ? " and all after it" : "", outcome.status,
                     outcome.status ? outcome.error.text : "");
        fired = outcome.seen.fired;
        holding_drop(&outcome.after);
    }
}

static void write_checkpoint(void)
{
    static const unsigned char elements[] = {1, 2, 253, 4, 5, 6, 0x21, 0xF3,
                                             0, 0, 9,   8, 7, 0, 1,    1};
    static const unsigned char beside[] = {2, 0, 0, 0,    0, 0, 0,    0,    3, 0,  0,    0,
                                           0, 0, 0, 0,    0, 0, 0x80, 0x3F, 0, 0,  0x80, 0x3E,
                                           0, 0, 0, 0x3F, 0, 0, 0x80, 0x40, 7, 255};
    file_write_container("a.safetensors", weights, elements, sizeof elements);
    file_write_container("b.safetensors", scales, beside, sizeof beside);
    file_write("model.safetensors.index.json", index_text, sizeof index_text - 1);
    file_write("config.json", config, sizeof config - 1);
}

/* A block of 32, with scale and bias in the other shard: 0.5 * q - 1. */
static void write_mlx(void)
{
    static const char words[] =
        "{\"l.weight\":{\"dtype\":\"U32\",\"shape\":[1,4],\"data_offsets\":[0,16]}}";
    static const char numbers[] =
        "{\"l.scales\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
        "\"l.biases\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[4,8]}}";
    static const char places[] =
        "{\"metadata\":{\"total_size\":24},\"weight_map\":{\"l.weight\":\"a.safetensors\","
        "\"l.scales\":\"b.safetensors\",\"l.biases\":\"b.safetensors\"}}";
    static const char entry[] = "{\"quantization\":{\"group_size\":64,\"bits\":8,"
                                "\"l\":{\"group_size\":32,\"bits\":4}}}";
    static const unsigned char elements[16] = {0x10, 0xF2};
    static const unsigned char beside[] = {0, 0, 0, 0x3F, 0, 0, 0x80, 0xBF};
    file_write_container("a.safetensors", words, elements, sizeof elements);
    file_write_container("b.safetensors", numbers, beside, sizeof beside);
    file_write("model.safetensors.index.json", places, sizeof places - 1);
    file_write("config.json", entry, sizeof entry - 1);
}

static void check_mlx(void)
{
    static const float expected[] = {-1, -0.5F, 0, 6.5F, -1};
    size_t nbytes = 0;
    unsigned char *bytes = file_read("r.safetensors", &nbytes);
    assert_true(nbytes > 32 * sizeof(float));
    assert_memory_equal(bytes + nbytes - 32 * sizeof(float), expected, sizeof expected);
    free(bytes);
}

/* The run without faults gives the header, then l.weight, p.weight and the copied tensor. */
static void check_restored(void)
{
    static const float expected[] = {-6, -5, -10, 1.25F, 1.5F, 1.75F, -3.5F, -3, -2.5F, 4, -32, 0};
    size_t nbytes = 0;
    unsigned char *bytes = file_read("r.safetensors", &nbytes);
    assert_true(nbytes > sizeof expected + 2);
    assert_memory_equal(bytes + nbytes - 2 - sizeof expected, expected, sizeof expected);
    assert_memory_equal(bytes + nbytes - 2, "\1\1", 2);
    free(bytes);
}

static void dequantize_all(void (*write)(void), void (*check)(void))
{
    static const unsigned kinds[] = {FAULT_MEMORY, FAULT_OPEN, FAULT_READ, FAULT_WRITE,
                                     FAULT_CLOSE | FAULT_RENAME | FAULT_LINK};
    struct holding before;
    write();
    holding_take(&before);
    struct outcome whole = run(FAULT_ALL, 0, false);
    check_ok(whole.status, &whole.error);
    check();
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        move_through(&before, &whole, kinds[k], false);
        if (!(kinds[k] & FAULT_RENAME))
            move_through(&before, &whole, kinds[k], true);
    }
    holding_restore(&before);
    holding_drop(&before);
    holding_drop(&whole.after);
}

/* ---- Writing, and restoring by the sidecar ---- */

static const char floats[] =
    "{\"l.weight\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60]},"
    "\"m.weight\":{\"dtype\":\"F32\",\"shape\":[2,6],\"data_offsets\":[60,108]},"
    "\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[108,116]}}";

static struct quant_quantize_job layout_job;

/* The config is made, and the shard is written. */
static enum quant_status quantize_checkpoint(struct quant_error *error)
{
    static const char *const shards[] = {"model.safetensors"};
    const struct quant_checkpoint checkpoint = {
        .path = "in", .relative = "", .has_config = true, .shards = shards, .nshards = 1};
    const struct quant_checkpoint_job begin = {.size = sizeof begin,
                                               .checkpoint = &checkpoint,
                                               .output = "out",
                                               .force = true,
                                               .quantize = &layout_job};
    struct quant_quantize_result result;
    const enum quant_status status = quant_checkpoint_begin(&begin, error);
    return status == QUANT_OK ? quant_file_quantize(&layout_job, &result, error) : status;
}

static enum quant_status restore_checkpoint(struct quant_error *error)
{
    struct quant_dequantize_job job =
        dequantize_job("out/model.safetensors", "out/restored.safetensors");
    struct quant_dequantize_result result;
    job.measure = false;
    job.output.force = true;
    job.control.threads = 1;
    return quant_file_dequantize(&job, &result, error);
}

static enum quant_status inspect_shard(struct quant_error *error)
{
    static struct quant_inspect_result result;
    const struct quant_inspect_job job = {
        .size = sizeof job, .input.path = "out/model.safetensors", .control.threads = 1};
    return quant_file_inspect(&job, &result, error);
}

/* Each call fails in turn; then it has no effect but its error, or it was not needed. */
static void fail_each(enum quant_status (*work)(struct quant_error *error), unsigned kinds)
{
    struct faults_seen seen = {.fired = true};
    for (unsigned long n = 1; seen.fired; n++) {
        struct quant_error error = {.status = QUANT_OK};
        const int descriptors = folder_count("/proc/self/fd");
        const int before = folder_count("out");
        faults_arm(kinds, n, false);
        const enum quant_status status = work(&error);
        seen = faults_disarm();
        if (seen.live != 0 || folder_count("/proc/self/fd") != descriptors ||
            folder_count("out") != before || (status != QUANT_OK && error.status != status))
            fail_msg("call %lu of kinds %u: status %d, %s; %ld bytes live, %d files, not %d", n,
                     kinds, status, status ? error.text : "", (long)seen.live, folder_count("out"),
                     before);
        if (!seen.fired)
            check_ok(status, &error);
    }
}

static void check_layout(const char *like, const char *layout, enum quant_scheme scheme,
                         enum quant_dtype dtype)
{
    const bool in_blocks = strcmp(like, "mlx") == 0;
    struct quant_error error;
    layout_job = quantize_job("in/model.safetensors", "out/model.safetensors");
    layout_job.spec = (struct quant_spec){.scheme = scheme, .dtype = dtype, .like = like};
    layout_job.granularity =
        (struct quant_granularity){.has_axis = !in_blocks, .block_size = in_blocks ? 32 : 0};
    layout_job.output.force = true;
    layout_job.measure = false;
    layout_job.control.threads = 1;
    layout_job.layout = layout;
    check_ok(quantize_checkpoint(&error), &error);
    check_ok(restore_checkpoint(&error), &error);
    fail_each(quantize_checkpoint, FAULT_MEMORY);
    fail_each(quantize_checkpoint, FAULT_WRITE | FAULT_READ);
    fail_each(restore_checkpoint, FAULT_MEMORY);
    fail_each(restore_checkpoint, FAULT_READ);
    fail_each(inspect_shard, FAULT_MEMORY);
    assert_int_equal(remove("out/model.safetensors.json"), 0);
    fail_each(inspect_shard, FAULT_MEMORY);
    fail_each(inspect_shard, FAULT_READ | FAULT_OPEN);
}

static void test_writing(void **state)
{
    (void)state;
    static const float elements[29] = {1, -2, 3, 0.5F, 0, -1, 4, 7, -7, 2, [20] = 9, [28] = 3};
    assert_int_equal(mkdir("in", 0777), 0);
    assert_int_equal(mkdir("out", 0777), 0);
    file_write_container("in/model.safetensors", floats, elements, sizeof elements);
    file_write("in/config.json", "{\"model_type\":\"a\"}", 18);
    check_layout("compressed-tensors", NULL, QUANT_ABSMAX, QUANT_INT4);
    check_layout("compressed-tensors", NULL, QUANT_ZERO_POINT, QUANT_INT8);
    check_layout("comfyui", NULL, QUANT_ABSMAX, QUANT_INT8);
}

/* Its config has the entry twice. */
static void test_writing_mlx(void **state)
{
    static const char matrix[] =
        "{\"l.weight\":{\"dtype\":\"F32\",\"shape\":[2,32],\"data_offsets\":[0,256]}}";
    static const float elements[64] = {1, -2, 3, 0.5F, [40] = 9};
    (void)state;
    assert_int_equal(mkdir("in", 0777), 0);
    assert_int_equal(mkdir("out", 0777), 0);
    file_write_container("in/model.safetensors", matrix, elements, sizeof elements);
    file_write("in/config.json", "{\"model_type\":\"a\"}", 18);
    check_layout("mlx", NULL, QUANT_ZERO_POINT, QUANT_UINT4);
}

static void test_compressed_tensors(void **state)
{
    (void)state;
    dequantize_all(write_checkpoint, check_restored);
}

static void test_mlx(void **state)
{
    (void)state;
    dequantize_all(write_mlx, check_mlx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_compressed_tensors), IN_FOLDER(test_mlx),
                                       IN_FOLDER(test_writing), IN_FOLDER(test_writing_mlx)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
