/* SPDX-License-Identifier: MIT */
/* What every reader of a record promises, checked on one input. */
#ifndef QUANT_TESTS_FUZZ_FUZZ_RECORD_H
#define QUANT_TESTS_FUZZ_FUZZ_RECORD_H

#include "fuzz.h"

/* Reads a record, and if that succeeds writes what was read. Releases all that it allocates. */
typedef enum quant_status fuzz_record_fn(struct quant_source *source, struct quant_sink *sink,
                                         struct quant_error *error);

/*
 * Calls the function, the input being the file, and checks:
 *
 *   - an error has a text;
 *   - what is written is read again, and written again it is the same;
 *   - a file that is cut or changed meanwhile gives no crash;
 *   - memory is bounded by a constant and the size of the input.
 */
void fuzz_check_record(fuzz_record_fn *go, const uint8_t *data, size_t size);

#endif
