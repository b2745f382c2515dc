/* SPDX-License-Identifier: MIT */
/*
 * The speed of the kernels, from the same table of kinds.
 *
 *     check_kernels --bench [-n ELEMENTS] [-r REPETITIONS] [-s SECONDS] [-t] [KIND[:TYPE]...]
 *
 * Times each function of each row that runs here on typical inputs; all take turns. ELEMENTS
 * [4096] is the length of an array, which should fit the first-level cache; SECONDS [0.005] is the
 * minimum time of a repetition. Prints the median speed in elements and in bytes per second, where
 * the bytes are those of all arrays of the call, and the ratio to the scalar row. With -t, prints
 * for each function a line with a name KIND[/VARIANT]:TYPE@ROW, a tab, and the seconds per call in
 * each repetition, for a program to read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kinds.h"

enum { MAX_TIMINGS = 256, MAX_ROWS = 8, MAX_REPETITIONS = 101 };

struct options {
    size_t nelems;
    size_t repetitions;
    double min_seconds;
    bool prints_times;
};

/* One function, with one variant of inputs, in every row that runs here. */
struct timing {
    const struct kind *kind;
    enum quant_dtype dtype;
    size_t variant;
    struct work work;
    const struct quant_kernels *rows[MAX_ROWS]; /* the last is scalar */
    size_t nrows;
    size_t calls[MAX_ROWS]; /* in one repetition */
    double seconds[MAX_ROWS][MAX_REPETITIONS];
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double time_calls(struct timing *timing, size_t row, size_t calls)
{
    const double start = now();
    for (size_t i = 0; i < calls; i++)
        timing->kind->run(timing->rows[row], &timing->work.call);
    return now() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *seconds, size_t count)
{
    double sorted[MAX_REPETITIONS];
    memcpy(sorted, seconds, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

/* Finds how many calls take long enough. */
static void choose_calls(struct timing *timing, const struct options *options)
{
    for (size_t row = 0; row < timing->nrows; row++) {
        timing->calls[row] = 1;
        (void)time_calls(timing, row, 1);
        while (time_calls(timing, row, timing->calls[row]) < options->min_seconds)
            timing->calls[row] *= 2;
    }
}

static void repeat(struct timing *timing, size_t repetition)
{
    for (size_t row = 0; row < timing->nrows; row++)
        timing->seconds[row][repetition] =
            time_calls(timing, row, timing->calls[row]) / (double)timing->calls[row];
}

static const char *type_name(const struct timing *timing)
{
    return timing->kind->is_for ? quant_dtype_info(timing->dtype)->name : "";
}

static void print_times(const struct timing *timing, const struct options *options)
{
    const char *variant = timing->kind->variants[timing->variant];
    for (size_t row = 0; row < timing->nrows; row++) {
        printf("%s%s%s%s%s@%s\t", timing->kind->name, variant ? "/" : "", variant ? variant : "",
               timing->kind->is_for ? ":" : "", type_name(timing), timing->rows[row]->name);
        for (size_t i = 0; i < options->repetitions; i++)
            printf("%s%.9g", i ? " " : "", timing->seconds[row][i]);
        printf("\n");
    }
}

static void print_speeds(const struct timing *timing, const struct options *options)
{
    const struct kind *kind = timing->kind;
    const struct call *call = &timing->work.call;
    const char *variant = kind->variants[timing->variant];
    const double scalar = median(timing->seconds[timing->nrows - 1], options->repetitions);
    size_t nbytes = 0;
    for (size_t i = 0; kind->arrays[i].name; i++)
        nbytes += kind->arrays[i].nbytes(call);
    for (size_t row = 0; row < timing->nrows; row++) {
        const double seconds = median(timing->seconds[row], options->repetitions);
        printf("%-14s %-20s %-14s %-7s %9.3f G elements/s %8.2f GB/s %8.2f x scalar\n", kind->name,
               variant ? variant : "", type_name(timing), timing->rows[row]->name,
               (double)call->n / seconds * 1e-9, (double)nbytes / seconds * 1e-9, scalar / seconds);
    }
}

/* Returns false if there is nothing to time. */
static bool begin_timing(struct timing *timing, const struct kind *kind, enum quant_dtype dtype,
                         size_t variant, const struct options *options)
{
    struct random random = random_begin();
    const char *wanted = getenv("QUANT_TEST_ROW");
    *timing = (struct timing){.kind = kind, .dtype = dtype, .variant = variant};
    for (size_t i = 0; quant_kernels_at(i) && timing->nrows < MAX_ROWS; i++) {
        const struct quant_kernels *row = quant_kernels_at(i);
        const bool is_scalar = row == &quant_kernels_scalar;
        const bool is_wanted = is_scalar || !wanted || strcmp(wanted, row->name) == 0;
        if (is_wanted && row->supported() && (is_scalar || kind_is_in(kind, row, dtype)))
            timing->rows[timing->nrows++] = row;
    }
    if (kind->is_optional && timing->nrows < 2) /* scalar alone, by its callers' other way */
        return false;
    work_begin(&timing->work, kind, dtype, options->nelems);
    if (kind->shape)
        kind->shape(&timing->work.call, 0);
    kind->fill_typical(&random, variant, &timing->work.call);
    choose_calls(timing, options);
    return true;
}

/* Whether `name`, which is KIND or KIND:TYPE, names this function. */
static bool is_named(const char *name, const struct kind *kind, enum quant_dtype dtype)
{
    const size_t length = strcspn(name, ":");
    if (strlen(kind->name) != length || strncmp(name, kind->name, length) != 0)
        return false;
    return name[length] == '\0' ||
           (kind->is_for && quant_dtype_from_name(name + length + 1) == dtype);
}

static bool is_wanted(int argc, char **argv, const struct kind *kind, enum quant_dtype dtype)
{
    bool wanted = optind >= argc;
    for (int i = optind; i < argc; i++)
        wanted = wanted || is_named(argv[i], kind, dtype);
    return wanted && (!kind->is_for || kind->is_for(dtype));
}

/* Every function and variant that the arguments name. Returns the exit status. */
static int time_functions(int argc, char **argv, const struct options *options)
{
    static struct timing timings[MAX_TIMINGS];
    size_t count = 0;
    for (size_t i = 0; kind_at(i); i++)
        for (size_t dtype = 0; dtype < kind_at(i)->nmembers; dtype++)
            for (size_t variant = 0; variant == 0 || kind_at(i)->variants[variant]; variant++)
                if (count < MAX_TIMINGS &&
                    is_wanted(argc, argv, kind_at(i), (enum quant_dtype)dtype) &&
                    begin_timing(&timings[count], kind_at(i), (enum quant_dtype)dtype, variant,
                                 options))
                    count++;
    for (size_t repetition = 0; repetition < options->repetitions; repetition++)
        for (size_t i = 0; i < count; i++)
            repeat(&timings[i], repetition);
    for (size_t i = 0; i < count; i++) {
        if (options->prints_times)
            print_times(&timings[i], options);
        else
            print_speeds(&timings[i], options);
        work_end(&timings[i].work);
    }
    if (count == 0)
        fprintf(stderr, "check_kernels: there is no such function\n");
    return count > 0 ? 0 : 2;
}

int time_kernels(int argc, char **argv)
{
    struct options options = {4096, 5, 0.005, false};
    for (int option; (option = getopt(argc, argv, "n:r:s:t")) != -1;) {
        switch (option) {
        case 'n':
            options.nelems = strtoull(optarg, NULL, 10);
            break;
        case 'r':
            options.repetitions = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options.min_seconds = strtod(optarg, NULL);
            break;
        case 't':
            options.prints_times = true;
            break;
        default:
            return 2;
        }
    }
    if (options.nelems == 0 || options.repetitions == 0 || options.repetitions > MAX_REPETITIONS)
        return 2;
    return time_functions(argc, argv, &options);
}
