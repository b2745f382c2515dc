/* SPDX-License-Identifier: MIT */
/* What the tests of calibration files share: one of them, written and read back. */
#ifndef QUANT_TESTS_RECORDS_TEST_CALIBRATION_H
#define QUANT_TESTS_RECORDS_TEST_CALIBRATION_H

#include "../support/files.h"

#include "records/calibration_file.h"

static inline enum quant_status read_it(const void *bytes, size_t nbytes,
                                        struct quant_calibration_file *file,
                                        struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "c.json");
    assert_non_null(source);
    const enum quant_status status = quant_calibration_file_read(source, file, error);
    quant_source_close(source);
    return status;
}

static inline struct memory_sink write_it(const struct quant_calibration_file *file)
{
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    struct quant_error error;
    check_ok(quant_calibration_file_write(file, &sink.sink, &error), &error);
    return sink;
}

/* Written, read, and written again: *found is to be released. */
static inline void go_round(const struct quant_calibration_file *file,
                            struct quant_calibration_file *found)
{
    struct memory_sink first = write_it(file);
    struct quant_error error;
    check_ok(read_it(first.bytes, first.nbytes, found, &error), &error);
    struct memory_sink second = write_it(found);
    assert_int_equal(first.nbytes, second.nbytes);
    assert_memory_equal(first.bytes, second.bytes, first.nbytes);
    free(first.bytes);
    free(second.bytes);
}

#endif
