/* SPDX-License-Identifier: MIT */
/* Texts of all lengths arrive in order, 64 KiB at a time; errors are returned. */
#include "../support/files.h"

#include "io/buffer_sink.h"

enum { NBYTES = 300000 };

struct memory {
    struct quant_sink sink;
    unsigned char bytes[NBYTES];
    size_t nbytes;
    size_t nwrites;
    size_t failing; /* the write that fails, from 1; 0: none */
};

static enum quant_status take(struct quant_sink *sink, const void *bytes, size_t nbytes,
                              struct quant_error *error)
{
    struct memory *memory = (struct memory *)sink;
    if (++memory->nwrites == memory->failing)
        return quant_sink_error(sink, error, QUANT_IO, "it is full");
    assert_true(nbytes <= NBYTES - memory->nbytes);
    memcpy(memory->bytes + memory->nbytes, bytes, nbytes);
    memory->nbytes += nbytes;
    return QUANT_OK;
}

static const struct quant_sink_ops ops = {.write = take};
static struct memory memory;
static unsigned char bytes[NBYTES];

static enum quant_status write_all(size_t failing, struct quant_error *error)
{
    struct quant_buffer_sink buffer;
    memory = (struct memory){.sink = {.ops = &ops, .name = "memory"}, .failing = failing};
    check_ok(quant_buffer_sink_open(&buffer, &memory.sink, error), error);
    enum quant_status status = QUANT_OK;
    for (size_t done = 0, n = 0; status == QUANT_OK && done < NBYTES; n = n * 2 + 1) {
        n = n < NBYTES - done ? n : NBYTES - done;
        status = quant_sink_write(&buffer.sink, bytes + done, n, error);
        done += n;
    }
    if (status == QUANT_OK)
        status = quant_buffer_sink_flush(&buffer, error);
    quant_buffer_sink_release(&buffer);
    quant_buffer_sink_release(&buffer);
    return status;
}

static void test_all(void **state)
{
    (void)state;
    struct quant_error error;
    for (size_t i = 0; i < NBYTES; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    check_ok(write_all(0, &error), &error);
    assert_int_equal(memory.nbytes, NBYTES);
    assert_memory_equal(memory.bytes, bytes, NBYTES);
    assert_int_equal(memory.nwrites, NBYTES / QUANT_BUFFER_SINK + 1);
}

static void test_failing(void **state)
{
    (void)state;
    struct quant_error error;
    for (size_t failing = 1; failing <= NBYTES / QUANT_BUFFER_SINK + 1; failing++) {
        assert_int_equal(write_all(failing, &error), QUANT_IO);
        assert_string_equal(error.text, "cannot write 'memory': it is full");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_failing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
