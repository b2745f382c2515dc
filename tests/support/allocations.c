/* SPDX-License-Identifier: MIT */
/*
 * No unit test loses memory: after each one, with its teardown, everything that it and the library
 * have allocated is freed. The linker's --wrap replaces the calls of this program, not those within
 * libc, whose own buffers may stay. Not for sanitizer builds, which find leaks themselves.
 */
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "unit.h"

#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

void *__real_malloc(size_t nbytes);
void __real_free(void *memory);

/* ---- The allocations that are live: a hash table with linear probing ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const void **table; /* room is a power of two; NULL: free; at most half is taken */
static size_t room;
static size_t live;

static size_t first_place(const void *memory)
{
    return (size_t)(((uintptr_t)memory >> 4) * 0x9e3779b97f4a7c15) & (room - 1);
}

static size_t find(const void *memory)
{
    size_t i = first_place(memory);
    while (table[i] && table[i] != memory)
        i = (i + 1) & (room - 1);
    return i;
}

static void grow(void)
{
    const void **old = table;
    const size_t old_room = room;
    room = room > 0 ? 2 * room : 1 << 12;
    table = __real_malloc(room * sizeof *table);
    if (!table)
        abort();
    memset(table, 0, room * sizeof *table);
    for (size_t i = 0; i < old_room; i++)
        if (old[i])
            table[find(old[i])] = old[i];
    __real_free(old);
}

static void *gained(void *memory)
{
    if (!memory)
        return NULL;
    pthread_mutex_lock(&mutex);
    if (2 * (live + 1) > room)
        grow();
    table[find(memory)] = memory;
    live++;
    pthread_mutex_unlock(&mutex);
    return memory;
}

/* Memory that libc or another library has allocated is not in the table. */
static void lost(const void *memory)
{
    if (!memory)
        return;
    pthread_mutex_lock(&mutex);
    size_t hole = room > 0 ? find(memory) : 0;
    if (room > 0 && table[hole]) {
        live--;
        table[hole] = NULL;
        /* What was put further on since this place was taken moves up. */
        for (size_t i = (hole + 1) & (room - 1); table[i]; i = (i + 1) & (room - 1)) {
            const void *moved = table[i];
            table[i] = NULL;
            table[find(moved)] = moved;
        }
    }
    pthread_mutex_unlock(&mutex);
}

/* ---- The calls ---- */

WRAP(void *, malloc, size_t nbytes)
{
    return gained(__real_malloc(nbytes));
}

WRAP(void *, calloc, size_t count, size_t nbytes)
{
    return gained(__real_calloc(count, nbytes));
}

WRAP(void *, realloc, void *memory, size_t nbytes)
{
    lost(memory);
    void *grown = __real_realloc(memory, nbytes);
    gained(grown ? grown : memory);
    return grown;
}

WRAP(void, free, void *memory)
{
    lost(memory); /* before another thread can get the same address */
    __real_free(memory);
}

WRAP(char *, strdup, const char *text)
{
    return gained(__real_strdup(text));
}

WRAP(char *, strndup, const char *text, size_t length)
{
    return gained(__real_strndup(text, length));
}

WRAP(char *, realpath, const char *path, char *resolved)
{
    char *found = __real_realpath(path, resolved);
    return resolved ? found : gained(found);
}

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(text, format, arguments);
    va_end(arguments);
    if (length >= 0)
        gained(*text);
    return length;
}

WRAP(XXH3_state_t *, XXH3_createState, void)
{
    return gained(__real_XXH3_createState());
}

WRAP(XXH_errorcode, XXH3_freeState, XXH3_state_t *state)
{
    lost(state);
    return __real_XXH3_freeState(state);
}

/* ---- Around each test ---- */

enum { MOST_TESTS = 256 };

static struct CMUnitTest counted[MOST_TESTS];
static const struct CMUnitTest *given;
static size_t current; /* they run one after another, in order */
static size_t live_before;

static int set_up(void **state)
{
    live_before = live;
    return given[current].setup_func ? given[current].setup_func(state) : 0;
}

static int tear_down(void **state)
{
    const struct CMUnitTest *test = &given[current++];
    const int status = test->teardown_func ? test->teardown_func(state) : 0;
    if (live == live_before)
        return status;
    fprintf(stderr, "%s: allocations were %zu before the test and are %zu after it\n", test->name,
            live_before, live);
    return -1;
}

WRAP(int, _cmocka_run_group_tests, const char *title, const struct CMUnitTest *tests, size_t n,
     CMFixtureFunction setup, CMFixtureFunction teardown)
{
    /* With hooks cJSON allocates through this program, where it is counted. */
    cJSON_InitHooks(&(cJSON_Hooks){malloc, free});
    if (n > MOST_TESTS)
        return -1;
    given = tests;
    current = 0;
    for (size_t i = 0; i < n; i++) {
        counted[i] = tests[i];
        counted[i].setup_func = set_up;
        counted[i].teardown_func = tear_down;
    }
    return __real__cmocka_run_group_tests(title, counted, n, setup, teardown);
}
