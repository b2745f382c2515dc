/* SPDX-License-Identifier: MIT */
/*
 * At each instant at which a process that replaces a pair can be killed, the old pair or the new
 * one can be read; and the next process that replaces it succeeds, and leaves nothing else.
 */
#include <quant/verify.h>

#include "../engine.h"

/* Groups of one element: their scales are in a file. */
enum { N = 70000, MOST = 3 };

struct scenario {
    const char *input;
    const char *data;
    const char *files[MOST + 1]; /* the data first, the sidecar last */
    uint64_t old_block, new_block;
};

static const struct scenario scenarios[] = {
    {"x.npy", "q.npy", {"q.npy", "q.npy.json"}, 0, 0},
    {"x.npy", "q.npy", {"q.npy", "q.npy.scales", "q.npy.json"}, 1, 1},
    {"x.npy", "q.npy", {"q.npy", "q.npy.scales", "q.npy.json"}, 0, 1},
    {"x.npy", "q.npy", {"q.npy", "q.npy.scales", "q.npy.json"}, 1, 0},
    {"m.safetensors", "q.safetensors", {"q.safetensors", "q.safetensors.json"}, 0, 0},
};

/* ---- Files as bytes ---- */

struct bytes {
    unsigned char *at; /* NULL: there is no such file */
    size_t n;
};

static void take(struct bytes taken[MOST], const struct scenario *scenario)
{
    for (size_t i = 0; scenario->files[i]; i++)
        if (file_exists(scenario->files[i]))
            taken[i].at = file_read(scenario->files[i], &taken[i].n);
}

static void put(const char *name, const char *end, const struct bytes *bytes)
{
    char path[64];
    snprintf(path, sizeof path, "%s%s", name, end);
    remove(path);
    if (bytes && bytes->at)
        file_write(path, bytes->at, bytes->n);
}

/* ---- The pairs ---- */

static struct quant_quantize_job job_of(const struct scenario *scenario, bool is_new)
{
    struct quant_quantize_job job = quantize_job(scenario->input, scenario->data);
    job.granularity.block_size = is_new ? scenario->new_block : scenario->old_block;
    job.spec.scheme = is_new ? QUANT_ZERO_POINT : QUANT_ABSMAX;
    job.output.force = true;
    return job;
}

static struct bytes restored_by(const char *data)
{
    struct bytes restored;
    struct quant_dequantize_job job =
        dequantize_job(data, strstr(data, "safetensors") ? "r.safetensors" : "r.npy");
    job.output.force = true;
    dequantize_ok(&job);
    restored.at = file_read(job.output.path, &restored.n);
    remove(job.output.path);
    return restored;
}

static bool same(const struct bytes *a, const struct bytes *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n) == 0;
}

struct pairs {
    struct bytes old[MOST], new[MOST];
    struct bytes old_restored, new_restored;
};

static void make(const struct scenario *scenario, bool is_new, struct bytes files[MOST],
                 struct bytes *restored)
{
    const struct quant_quantize_job job = job_of(scenario, is_new);
    quantize_ok(&job);
    take(files, scenario);
    *restored = restored_by(scenario->data);
    for (size_t i = 0; scenario->files[i]; i++)
        remove(scenario->files[i]);
}

static void release(struct pairs *pairs)
{
    for (size_t i = 0; i < MOST; i++) {
        free(pairs->old[i].at);
        free(pairs->new[i].at);
    }
    free(pairs->old_restored.at);
    free(pairs->new_restored.at);
}

/* ---- The instants ---- */

/* The files after the first nsteps steps: the pending sidecar, the other pending files, each file
 * into place, the sidecar last. Returns whether the data is the new one. */
static bool arrange(const struct scenario *scenario, const struct pairs *pairs, size_t nsteps)
{
    size_t n = 0;
    while (scenario->files[n])
        n++;
    size_t step = 0;
    for (size_t i = 0; i < n; i++) {
        put(scenario->files[i], "", &pairs->old[i]);
        put(scenario->files[i], ".pending", NULL);
    }
    for (size_t i = n - 1; i > 0; i--)
        if (step++ < nsteps)
            put(scenario->files[i], ".pending", &pairs->new[i]);
    for (size_t i = 0; i < n; i++) {
        if (step++ >= nsteps)
            continue;
        put(scenario->files[i], "", &pairs->new[i]);
        put(scenario->files[i], ".pending", NULL);
    }
    return nsteps >= n;
}

static void check_verified(const char *data)
{
    struct quant_error error;
    const struct quant_file file = {.path = data};
    const struct quant_verify_job job = {.size = sizeof job, .files = &file, .nfiles = 1};
    check_ok(quant_file_verify(&job, &error), &error);
}

static void test_instants(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH(scenarios); s++) {
        const struct scenario *scenario = &scenarios[s];
        struct pairs pairs = {0};
        make(scenario, false, pairs.old, &pairs.old_restored);
        make(scenario, true, pairs.new, &pairs.new_restored);
        assert_false(same(&pairs.old_restored, &pairs.new_restored));
        for (size_t nsteps = 0; nsteps < (size_t)2 * MOST; nsteps++) {
            const bool is_new = arrange(scenario, &pairs, nsteps);
            struct bytes now = restored_by(scenario->data);
            if (!same(&now, is_new ? &pairs.new_restored : &pairs.old_restored))
                fail_msg("scenario %zu after %zu steps: another pair was read", s, nsteps);
            free(now.at);
            check_verified(scenario->data);

            const struct quant_quantize_job again = job_of(scenario, nsteps % 2);
            quantize_ok(&again);
            now = restored_by(scenario->data);
            assert_true(same(&now, nsteps % 2 ? &pairs.new_restored : &pairs.old_restored));
            free(now.at);
            check_verified(scenario->data);
            for (size_t i = 0; scenario->files[i]; i++) {
                const struct bytes *expected = nsteps % 2 ? &pairs.new[i] : &pairs.old[i];
                if (file_exists(scenario->files[i]) != (expected->at != NULL))
                    fail_msg("scenario %zu after %zu steps: '%s' is there, or is not", s, nsteps,
                             scenario->files[i]);
                put(scenario->files[i], "", NULL);
            }
            assert_int_equal(folder_count("."), 2); /* the inputs */
        }
        release(&pairs);
    }
}

/* What only has the name of a pending sidecar is kept, and named. */
static void test_in_the_way(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_of(&scenarios[0], false);
    quantize_ok(&job);
    file_write_text("q.npy.json.pending", "somebody's notes");
    quantize_fails(&job, QUANT_EXISTS, "'q.npy.json.pending' is in the way");
    assert_true(file_has_text("q.npy.json.pending", "somebody's notes"));
    free(restored_by("q.npy").at);
}

static int enter(void **state)
{
    folder_enter(state);
    float *x = make_floats(N);
    write_npy("x.npy", x, N, false, "(70000,)");
    file_write_container("m.safetensors",
                         "{\"a\":{\"dtype\":\"F32\",\"shape\":[70,100],\"data_offsets\":[0,28000]},"
                         "\"b\":{\"dtype\":\"F32\",\"shape\":[7],\"data_offsets\":[28000,28028]}}",
                         x, 28028);
    free(x);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_instants, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_in_the_way, enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
