/* SPDX-License-Identifier: MIT */
/* What every reader of a tensor promises, checked on one input. */
#ifndef QUANT_TESTS_FUZZ_FUZZ_READER_H
#define QUANT_TESTS_FUZZ_FUZZ_READER_H

#include "formats/format.h"
#include "fuzz.h"

/* What a reader delivered, or why it did not. */
struct fuzz_elements {
    enum quant_status status;
    struct quant_error error;
    unsigned char *bytes; /* owned: nbytes, n elements */
    size_t nbytes;
    uint64_t n;
    struct quant_shape shape;
    enum quant_order order;
};

/* Reads all elements, up to `capacity` at a time (even), from the first on, and checks that shape
 * and count agree. */
void fuzz_drain(struct quant_reader *reader, size_t capacity, struct fuzz_elements *elements);

void fuzz_elements_release(struct fuzz_elements *elements);

/*
 * Opens the input as a file of a format of one tensor, and checks:
 *
 *   - the number of elements is the one that the shape has;
 *   - reading in small pieces, a second time after rewinding, by position, and from a stream gives
 *     the same elements, or the same error (from a stream: any error);
 *   - a file that is cut meanwhile gives an error or the same, one that is changed no crash;
 *   - what was read, written in the same format and read again is the same;
 *   - memory is bounded by a constant and the size of the input.
 */
void fuzz_check_reader(const struct quant_format *format, const struct quant_read_request *request,
                       const uint8_t *data, size_t size);

#endif
