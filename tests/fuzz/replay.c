/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on files, as an ordinary test with any compiler.
 *
 *     replay_NAME [--variants] FILE|DIRECTORY...
 *
 * --variants: also on each file cut short at some places and with single bits flipped, which is a
 * little fuzzing of its own. The inputs are the same in every run. A crash names the file that was
 * run last, and so does a check that does not hold.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { CUTS = 8, FLIPS = 24 };

static char current[4096];
static unsigned long long executions;

/* In a handler only write is allowed. */
static void name_current(int number)
{
    static const char before[] = "the input was: ";
    if (write(STDERR_FILENO, before, sizeof before - 1) < 0 ||
        write(STDERR_FILENO, current, strlen(current)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
        _exit(1);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* In memory of exactly its size, so that AddressSanitizer sees the first byte after it. */
static void run(const uint8_t *bytes, size_t nbytes)
{
    uint8_t *copy = malloc(nbytes > 0 ? nbytes : 1);
    FUZZ_CHECK(copy);
    if (nbytes > 0)
        memcpy(copy, bytes, nbytes);
    (void)LLVMFuzzerTestOneInput(copy, nbytes);
    free(copy);
    executions++;
}

static void run_variants(uint8_t *bytes, size_t nbytes)
{
    uint64_t state = fuzz_hash(bytes, nbytes);
    for (unsigned i = 0; i < CUTS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        run(bytes, (size_t)(state >> 33) % (nbytes + 1));
    }
    for (unsigned i = 0; nbytes > 0 && i < FLIPS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        const size_t at = (size_t)(state >> 33) % nbytes;
        const uint8_t flip = (uint8_t)(1U << (state >> 29 & 7));
        bytes[at] ^= flip;
        run(bytes, nbytes);
        bytes[at] ^= flip;
    }
}

static bool run_file(const char *path, size_t nbytes, bool variants)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(nbytes + 1);
    const bool done = file && bytes && fread(bytes, 1, nbytes + 1, file) == nbytes;
    if (file)
        (void)fclose(file);
    if (done) {
        (void)snprintf(current, sizeof current, "%s%s", path, variants ? ", or a variant" : "");
        run(bytes, nbytes);
        if (variants)
            run_variants(bytes, nbytes);
    } else {
        (void)fprintf(stderr, "cannot read '%s'\n", path);
    }
    free(bytes);
    return done;
}

static bool run_path(const char *path, bool variants);

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool run_directory(const char *path, bool variants)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, is_visible, alphasort);
    bool done = n >= 0;
    for (int i = 0; i < n; i++) {
        char inside[4096];
        (void)snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        done = run_path(inside, variants) && done;
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return done;
}

static bool run_path(const char *path, bool variants)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        (void)fprintf(stderr, "there is no '%s'\n", path);
        return false;
    }
    return S_ISDIR(status.st_mode) ? run_directory(path, variants)
                                   : run_file(path, (size_t)status.st_size, variants);
}

int main(int argc, char **argv)
{
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        (void)signal(fatal[i], name_current);
    fuzz_is_replay = true;
    const bool variants = argc > 1 && strcmp(argv[1], "--variants") == 0;
    bool done = true;
    for (int i = variants ? 2 : 1; i < argc; i++)
        done = run_path(argv[i], variants) && done;
    (void)fprintf(stderr, "%llu executions\n", executions);
    return done && executions > 0 ? 0 : 1; /* what never ran must not look green */
}
