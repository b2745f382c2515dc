/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one file fuzz_NAME.c with one function, which takes an
 * input, gives it to the code under test, and stops the program if something it promises does not
 * hold. README.md says how to add one.
 */
#ifndef QUANT_TESTS_FUZZ_FUZZ_H
#define QUANT_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sink.h"
#include "base/source.h"

/* The target. libFuzzer calls it with inputs that it makes, replay.c with files. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the program unless the condition holds. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* A copy of an error, to compare with another. */
bool fuzz_same_error(const struct quant_error *a, const struct quant_error *b);

/* ---- Choices that an input makes --------------------------------------------------------------
 */

/* Bytes that are taken from the front; zeros after the last. */
struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
};

uint8_t fuzz_byte(struct fuzz_bytes *bytes);
uint32_t fuzz_word(struct fuzz_bytes *bytes);              /* 4 bytes */
float fuzz_float(struct fuzz_bytes *bytes);                /* the same as a float32 */
size_t fuzz_below(struct fuzz_bytes *bytes, size_t limit); /* limit at most 256 */

/* For targets whose whole input is a file, a number that depends on it. */
uint64_t fuzz_hash(const uint8_t *data, size_t size);

/* Whether to make the i-th of n checks (at most 16): one of them, by the hash, so that more inputs
 * are tried in the same time; all of them when files are replayed. */
bool fuzz_turn(uint64_t hash, unsigned i, unsigned n);
extern bool fuzz_is_replay;

/* ---- Sources ----------------------------------------------------------------------------------
 */

enum fuzz_source_kind {
    FUZZ_WHOLE,  /* positional, of known size */
    FUZZ_STREAM, /* the size is known only at the end. Checks that offsets grow once forward_only
                  * was called */
    FUZZ_CUT,    /* positional, but ends before its size: a file that was cut meanwhile */
    FUZZ_CHANGED /* positional, and a byte is another one from the second read on */
};

struct fuzz_source {
    struct quant_source head;
    enum fuzz_source_kind kind;
    const uint8_t *bytes;
    uint64_t nbytes; /* that there are */
    uint64_t change; /* offset of the byte that changes */
    uint64_t passed; /* of a stream, once it only goes forward */
    uint64_t nreads;
    bool is_forward;
};

/* A source of these bytes. Closing it does nothing. place: where the source is cut or changes, at
 * most size; else without a meaning. */
struct quant_source *fuzz_source_open(struct fuzz_source *source, enum fuzz_source_kind kind,
                                      const uint8_t *data, size_t size, size_t place);

/* ---- A sink -----------------------------------------------------------------------------------
 */

/* Keeps what is written. All zeros: not opened. */
struct fuzz_sink {
    struct quant_sink head;
    unsigned char *bytes; /* owned: nbytes */
    size_t nbytes;
    size_t room;
};

struct quant_sink *fuzz_sink_open(struct fuzz_sink *sink);
void fuzz_sink_release(struct fuzz_sink *sink);

/* ---- Memory -----------------------------------------------------------------------------------
 */

/* Begins to count the bytes that are allocated. Without AddressSanitizer nothing is counted. */
void fuzz_memory_begin(void);

/* Checks that never more than this was allocated at a time. */
void fuzz_memory_check(size_t most);

#endif
