/* SPDX-License-Identifier: MIT */
/*
 * Which jobs would write a file that another one reads or writes. Files are sorted by what they
 * are, so that those with two roles lie next to each other. Only these, the contested ones, are
 * then gone through job by job: the first job that wants to write a file gets it, and a job that
 * does not get all of its files gets none.
 */
#include <quant/file.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/file_identity.h"

/* What a path is to its job. */
enum role { ROLE_INPUT, ROLE_DATA, ROLE_SIDECAR, ROLE_SCALES, ROLES };

/* An output of a file that has another role too. */
struct contest {
    size_t number; /* of the path: ROLES * job + role */
    size_t group;  /* the first place of the same file among the sorted identities */
};

struct clash_search {
    const char *const *lists[ROLES];
    size_t n;
    struct quant_identity *identities; /* owned */
    size_t count;
    struct contest *contests; /* owned */
    size_t ncontests;
    size_t *owners; /* owned: of a group, the path that has got it, and 1 more; 0: none yet */
};

static const char *path_of(const struct clash_search *search, size_t number)
{
    return search->lists[number % ROLES][number / ROLES];
}

static bool is_input(size_t number)
{
    return number % ROLES == ROLE_INPUT;
}

/* Outputs come first: if none of them exists, no input is one of them, unless it does not exist
 * either, and no input need be looked up. */
static void identify_all(struct clash_search *search)
{
    struct quant_identity_directory directory = {.for_many = search->n > 5};
    for (size_t k = ROLE_INPUT + 1; k <= ROLES; k++) {
        const size_t role = k % ROLES;
        for (size_t i = 0; search->lists[role] && i < search->n; i++)
            search->count +=
                quant_identify(search->lists[role][i], role != ROLE_INPUT, ROLES * i + role,
                               &directory, &search->identities[search->count]);
    }
}

static int compare_contests(const void *a, const void *b)
{
    const struct contest *first = a;
    const struct contest *second = b;
    return first->number < second->number ? -1 : first->number > second->number;
}

/* The first input of identities first..end-1, which are one file; SIZE_MAX if there is not one. */
static size_t find_input(const struct clash_search *search, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (is_input(search->identities[i].number))
            return search->identities[i].number;
    return SIZE_MAX;
}

/* The outputs of all groups of more than one; an input among them is what its group belongs to. */
static void collect_contests(struct clash_search *search)
{
    size_t end;
    for (size_t first = 0; first < search->count; first = end) {
        end = first + 1;
        while (end < search->count &&
               quant_identity_equal(&search->identities[first], &search->identities[end]))
            end++;
        if (end - first == 1)
            continue;
        const size_t input = find_input(search, first, end);
        search->owners[first] = input == SIZE_MAX ? 0 : input + 1;
        for (size_t i = first; i < end; i++) {
            const size_t number = search->identities[i].number;
            if (!is_input(number))
                search->contests[search->ncontests++] = (struct contest){number, first};
        }
    }
    qsort(search->contests, search->ncontests, sizeof *search->contests, compare_contests);
}

/* Gives the job its files, the contests first..end-1, or finds what is in its way. */
static void settle_job(struct clash_search *search, size_t first, size_t end,
                       struct quant_clash *clash)
{
    const struct contest *contests = search->contests;
    size_t i = first;
    while (i < end && search->owners[contests[i].group] == 0) {
        search->owners[contests[i].group] = contests[i].number + 1;
        i++;
    }
    if (i == end)
        return;
    const size_t owner = search->owners[contests[i].group] - 1;
    *clash = (struct quant_clash){.path = path_of(search, contests[i].number),
                                  .other = path_of(search, owner),
                                  .job = owner / ROLES,
                                  .is_input = is_input(owner)};
    while (i-- > first)
        search->owners[contests[i].group] = 0;
}

static void settle_all(struct clash_search *search, struct quant_clash *clashes)
{
    size_t end;
    for (size_t first = 0; first < search->ncontests; first = end) {
        const size_t job = search->contests[first].number / ROLES;
        end = first + 1;
        while (end < search->ncontests && search->contests[end].number / ROLES == job)
            end++;
        settle_job(search, first, end, &clashes[job]);
    }
}

enum quant_status quant_file_find_clashes(const char *const *inputs, const char *const *outputs,
                                          const char *const *sidecars, const char *const *scales,
                                          size_t n, struct quant_clash *clashes,
                                          struct quant_error *error)
{
    struct clash_search search = {.lists = {inputs, outputs, sidecars, scales}, .n = n};
    enum quant_status status = QUANT_OK;
    if (n > 0 && (!inputs || !clashes))
        return quant_error_set(error, QUANT_INVALID, "lists of %zu inputs and clashes are needed",
                               n);
    memset(clashes, 0, n * sizeof *clashes);
    search.identities = calloc(ROLES * n + 1, sizeof *search.identities);
    if (search.identities)
        identify_all(&search);
    search.owners = calloc(search.count + 1, sizeof *search.owners);
    search.contests = calloc(search.count + 1, sizeof *search.contests);
    if (!search.identities || !search.owners || !search.contests) {
        status = quant_error_no_memory(error, ROLES * n * sizeof *search.identities, "paths");
        goto release;
    }
    quant_identities_sort(search.identities, search.count);
    collect_contests(&search);
    settle_all(&search, clashes);
release:
    free(search.contests);
    free(search.owners);
    free(search.identities);
    return status;
}
