/* SPDX-License-Identifier: MIT */
/*
 * A commit of 0 to 3 outputs, with a record and without, over old files and over none, while one
 * call after another fails. Afterwards the files are all old or all new, and nothing else is left.
 * If nothing can be renamed back either, the pending record is that of the new outputs, and no
 * bytes are lost. Without a record the outputs may then be of both kinds, each of them whole.
 */
#include "faults.h"

#include "holding.h"

#include "io/io.h"

enum { MOST = 3 };

static const char *const names[] = {"scales", "data", "zeros", "record"};

struct scenario {
    size_t n;
    bool has_record;
    bool has_old;
    bool without_unnamed;
};

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct faults_seen seen;
};

static enum quant_status open_and_write(struct quant_file_output *output, const char *name,
                                        bool force, struct quant_error *error)
{
    enum quant_status status = quant_output_open(output, name, force, &never, error);
    if (status == QUANT_OK)
        status = quant_sink_write(&output->sink, "new", 3, error);
    return status;
}

static enum quant_status write_all(const struct scenario *scenario, struct quant_error *error)
{
    struct quant_file_output files[MOST + 1];
    struct quant_file_output *outputs[MOST];
    memset(files, 0, sizeof files);
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; i < scenario->n; i++)
        outputs[i] = &files[i];
    for (size_t i = 0; status == QUANT_OK && i < scenario->n; i++)
        status = open_and_write(&files[i], names[i], scenario->has_old, error);
    if (status == QUANT_OK && scenario->has_record)
        status = open_and_write(&files[MOST], names[MOST], scenario->has_old, error);
    if (status == QUANT_OK)
        status = quant_output_commit_n(outputs, scenario->n,
                                       scenario->has_record ? &files[MOST] : NULL, NULL, error);
    for (size_t i = 0; i < LENGTH(files); i++)
        quant_output_discard(&files[i]);
    return status;
}

static struct outcome run(const struct scenario *scenario, unsigned kinds, unsigned long n,
                          bool from_then_on)
{
    struct outcome outcome;
    faults_without_unnamed = scenario->without_unnamed;
    faults_arm(kinds, n, from_then_on);
    outcome.status = write_all(scenario, &outcome.error);
    outcome.seen = faults_disarm();
    return outcome;
}

/* ---- What must hold ---- */

/* Each output is there once, whole, under its own name or another: no bytes are lost. */
static bool all_are_whole(const struct scenario *scenario, const struct holding *now)
{
    for (size_t i = 0; i < now->count; i++) {
        const unsigned char *bytes = now->files[i].bytes;
        const bool is_whole =
            now->files[i].nbytes == 3 && (!memcmp(bytes, "old", 3) || !memcmp(bytes, "new", 3));
        if (!is_whole)
            return false;
    }
    return now->count >= scenario->n;
}

static const char *judge(const struct scenario *scenario, const struct holding *before,
                         const struct holding *after, const struct outcome *outcome, bool is_stuck)
{
    struct holding now;
    holding_take(&now);
    const bool old = holdings_equal(&now, before);
    const bool new = holdings_equal(&now, after);
    const bool is_pending = !scenario->has_record || holding_find(&now, "record.pending") >= 0;
    const bool unfinished = is_stuck && all_are_whole(scenario, &now) && is_pending;
    holding_drop(&now);
    if (outcome->seen.live != 0)
        return "memory was lost";
    if (outcome->status == QUANT_OK)
        return new ? NULL : "done, and the files are not the new ones";
    if (!outcome->seen.fired)
        return "failed without a fault";
    if (outcome->error.status != outcome->status)
        return "the error is not set";
    return old || unfinished ? NULL : "failed, and the files are not the old ones";
}

static void move_through(const struct scenario *scenario, const struct holding *before,
                         const struct holding *after, unsigned kinds, bool from_then_on)
{
    const bool is_stuck = from_then_on && (kinds & FAULT_RENAME);
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        holding_restore(before);
        const int descriptors = folder_count("/proc/self/fd");
        const struct outcome outcome = run(scenario, kinds, n, from_then_on);
        const char *complaint = judge(scenario, before, after, &outcome, is_stuck);
        if (!complaint && folder_count("/proc/self/fd") != descriptors)
            complaint = "a descriptor stays open";
        if (complaint)
            fail_msg("%zu outputs%s%s%s: %s, when call %lu of kinds %u failed%s: status %d, %s",
                     scenario->n, scenario->has_record ? " and a record" : "",
                     scenario->has_old ? " over old files" : "",
                     scenario->without_unnamed ? " with temporary names" : "", complaint, n, kinds,
                     from_then_on ? " and all after it" : "", outcome.status,
                     outcome.status ? outcome.error.text : "");
        fired = outcome.seen.fired;
    }
}

/* One kind at a time, once; and from then on; then all kinds from then on, as when a disk fails. */
static void check_scenario(const struct scenario *scenario)
{
    struct holding before;
    struct holding after;
    holding_restore(&(struct holding){.count = 0});
    for (size_t i = 0; scenario->has_old && i < scenario->n; i++)
        file_write_text(names[i], "old");
    if (scenario->has_old && scenario->has_record)
        file_write_text(names[MOST], "old");
    holding_take(&before);
    const struct outcome whole = run(scenario, FAULT_ALL, 0, false);
    check_ok(whole.status, &whole.error);
    holding_take(&after);
    assert_int_equal(after.count, scenario->n + scenario->has_record);
    for (size_t i = 0; i < after.count; i++)
        assert_true(file_has_text(after.files[i].name, "new"));
    for (unsigned kind = 1; kind < FAULT_ALL; kind <<= 1)
        for (int from_then_on = 0; from_then_on < 2; from_then_on++)
            move_through(scenario, &before, &after, kind, from_then_on);
    move_through(scenario, &before, &after, FAULT_ALL, true);
    holding_drop(&before);
    holding_drop(&after);
}

static void test_commits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8 * (MOST + 1); i++) {
        const struct scenario scenario = {
            .n = i / 8, .has_record = i & 1, .has_old = i & 2, .without_unnamed = i & 4};
        check_scenario(&scenario);
    }
}

/* Every rename fails after the first: the old bytes are still there, under some name. */
static void test_nothing_is_lost(void **state)
{
    (void)state;
    const struct scenario scenario = {.n = MOST, .has_record = true, .has_old = true};
    bool fired = true;
    for (unsigned long n = 1; fired; n++) {
        holding_restore(&(struct holding){.count = 0});
        for (size_t i = 0; i < LENGTH(names); i++)
            file_write_text(names[i], names[i]);
        const struct outcome outcome = run(&scenario, FAULT_RENAME, n, true);
        struct holding now;
        holding_take(&now);
        for (size_t i = 0; outcome.status != QUANT_OK && i < LENGTH(names); i++)
            if (!holding_has_bytes(&now, (const unsigned char *)names[i], strlen(names[i])))
                fail_msg("rename %lu and all after it failed: the old %s is lost", n, names[i]);
        holding_drop(&now);
        fired = outcome.seen.fired;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commits, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_nothing_is_lost, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
