/* SPDX-License-Identifier: MIT */
/* Choices, sources, the sink, and the count of allocated memory. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

void fuzz_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

bool fuzz_same_error(const struct quant_error *a, const struct quant_error *b)
{
    return a->status == b->status && strcmp(a->text, b->text) == 0;
}

/* ---- Choices ---- */

uint8_t fuzz_byte(struct fuzz_bytes *bytes)
{
    if (bytes->left == 0)
        return 0;
    bytes->left--;
    return *bytes->at++;
}

uint32_t fuzz_word(struct fuzz_bytes *bytes)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < 4; i++)
        word |= (uint32_t)fuzz_byte(bytes) << (8 * i);
    return word;
}

float fuzz_float(struct fuzz_bytes *bytes)
{
    const uint32_t word = fuzz_word(bytes);
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

size_t fuzz_below(struct fuzz_bytes *bytes, size_t limit)
{
    return fuzz_byte(bytes) % limit;
}

uint64_t fuzz_hash(const uint8_t *data, size_t size)
{
    return XXH3_64bits(data, size);
}

bool fuzz_is_replay;

bool fuzz_turn(uint64_t hash, unsigned i, unsigned n)
{
    return fuzz_is_replay || (hash >> 56) % n == i;
}

/* ---- Sources ---- */

static enum quant_status read_at(struct quant_source *head, uint64_t offset, void *buffer,
                                 size_t nbytes, size_t *got, struct quant_error *error)
{
    struct fuzz_source *source = (struct fuzz_source *)head;
    (void)error;
    *got = 0;
    FUZZ_CHECK(!source->is_forward || offset >= source->passed);
    if (offset < source->nbytes) {
        const uint64_t left = source->nbytes - offset;
        *got = nbytes < left ? nbytes : (size_t)left;
        memcpy(buffer, source->bytes + offset, *got);
    }
    source->nreads++;
    if (source->kind == FUZZ_CHANGED && source->nreads > 1 && source->change >= offset &&
        source->change < offset + *got)
        ((uint8_t *)buffer)[source->change - offset] ^= 1;
    if (source->is_forward && offset + *got > source->passed)
        source->passed = offset + *got;
    if (!head->positional && *got < nbytes)
        head->size = source->nbytes;
    return QUANT_OK;
}

static void forward_only(struct quant_source *head)
{
    struct fuzz_source *source = (struct fuzz_source *)head;
    source->is_forward = !head->positional;
}

static void close_nothing(struct quant_source *source)
{
    (void)source;
}

struct quant_source *fuzz_source_open(struct fuzz_source *source, enum fuzz_source_kind kind,
                                      const uint8_t *data, size_t size, size_t place)
{
    static const struct quant_source_ops ops = {
        .read_at = read_at, .forward_only = forward_only, .close = close_nothing};
    *source = (struct fuzz_source){
        .head = {.ops = &ops,
                 .name = "input",
                 .size = kind == FUZZ_STREAM ? QUANT_SIZE_UNKNOWN : size,
                 .positional = kind != FUZZ_STREAM},
        .kind = kind,
        .bytes = data,
        .nbytes = kind == FUZZ_CUT ? place : size,
        .change = place,
    };
    return &source->head;
}

/* ---- The sink ---- */

static enum quant_status write_at(struct quant_sink *head, uint64_t offset, const void *bytes,
                                  size_t nbytes, struct quant_error *error)
{
    struct fuzz_sink *sink = (struct fuzz_sink *)head;
    (void)error;
    const size_t end = (size_t)offset + nbytes;
    if (end > sink->room) {
        sink->room = 2 * end;
        sink->bytes = realloc(sink->bytes, sink->room);
        FUZZ_CHECK(sink->bytes);
    }
    if (offset > sink->nbytes)
        memset(sink->bytes + sink->nbytes, 0, (size_t)offset - sink->nbytes);
    if (nbytes > 0)
        memcpy(sink->bytes + offset, bytes, nbytes);
    if (end > sink->nbytes)
        sink->nbytes = end;
    return QUANT_OK;
}

static enum quant_status write_next(struct quant_sink *head, const void *bytes, size_t nbytes,
                                    struct quant_error *error)
{
    return write_at(head, ((struct fuzz_sink *)head)->nbytes, bytes, nbytes, error);
}

struct quant_sink *fuzz_sink_open(struct fuzz_sink *sink)
{
    static const struct quant_sink_ops ops = {.write = write_next, .write_at = write_at};
    *sink = (struct fuzz_sink){.head = {.ops = &ops, .name = "output"}};
    return &sink->head;
}

void fuzz_sink_release(struct fuzz_sink *sink)
{
    free(sink->bytes);
    *sink = (struct fuzz_sink){.bytes = NULL};
}

/* ---- Memory ---- */

/* AddressSanitizer has these, where it is linked in. */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                          void (*on_free)(const volatile void *));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *memory);

static size_t allocated;
static size_t peak;
static bool is_counting;

static void on_malloc(const volatile void *memory, size_t nbytes)
{
    (void)memory;
    if (!is_counting)
        return;
    allocated += nbytes;
    if (allocated > peak)
        peak = allocated;
}

/* What was allocated before the count began is not in it. */
static void on_free(const volatile void *memory)
{
    if (!is_counting || !memory)
        return;
    const size_t nbytes = __sanitizer_get_allocated_size(memory);
    allocated -= nbytes < allocated ? nbytes : allocated;
}

void fuzz_memory_begin(void)
{
    static bool is_installed;
    if (!__sanitizer_install_malloc_and_free_hooks)
        return;
    if (!is_installed)
        (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    is_installed = true;
    allocated = peak = 0;
    is_counting = true;
}

void fuzz_memory_check(size_t most)
{
    is_counting = false;
    if (peak > most)
        (void)fprintf(stderr, "%zu bytes were allocated at a time\n", peak);
    FUZZ_CHECK(peak <= most);
}
