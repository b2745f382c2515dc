/* SPDX-License-Identifier: MIT */
/* The bytes of fields, after the examples of the specification and at the ends of their ranges. */
#include "../support/unit.h"

#include <string.h>

#include "records/protobuf.h"

static void check_bytes(struct quant_protobuf *message, const char *expected, size_t nbytes)
{
    assert_false(message->has_failed);
    assert_int_equal(message->n, nbytes);
    assert_memory_equal(message->bytes, expected, nbytes);
    quant_protobuf_release(message);
}

static void test_integers(void **state)
{
    (void)state;
    struct quant_protobuf message = {.n = 0};
    quant_protobuf_add_integer(&message, 1, 150);
    quant_protobuf_add_integer(&message, 2, 0);
    quant_protobuf_add_integer(&message, 15, 127);
    quant_protobuf_add_integer(&message, 16, 128);
    quant_protobuf_add_integer(&message, 1, (uint64_t)-1);
    static const char expected[] =
        "\x08\x96\x01\x10\x00\x78\x7f\x80\x01\x80\x01\x08\xff\xff\xff\xff"
        "\xff\xff\xff\xff\xff\x01";
    check_bytes(&message, expected, sizeof expected - 1);
}

static void test_texts_and_messages(void **state)
{
    (void)state;
    struct quant_protobuf message = {.n = 0};
    struct quant_protobuf part = {.n = 0};
    quant_protobuf_add_text(&message, 2, "testing");
    quant_protobuf_add_integer(&part, 1, 150);
    quant_protobuf_add_message(&message, 3, &part);
    assert_int_equal(part.n, 0);
    quant_protobuf_add_message(&message, 3, &part);
    quant_protobuf_add_bytes(&message, 4, NULL, 0);
    quant_protobuf_release(&part);
    static const char expected[] = "\x12\x07testing\x1a\x03\x08\x96\x01\x1a\x00\x22\x00";
    check_bytes(&message, expected, sizeof expected - 1);
}

/* The length takes a second byte from 128 on. */
static void test_long_text(void **state)
{
    (void)state;
    char text[301];
    struct quant_protobuf message = {.n = 0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    quant_protobuf_add_text(&message, 1, text);
    assert_int_equal(message.n, 303);
    assert_memory_equal(message.bytes, "\x0a\xac\x02xxx", 6);
    quant_protobuf_release(&message);
}

/* What could not be kept makes all that it belongs to fail. */
static void test_failed(void **state)
{
    (void)state;
    struct quant_protobuf message = {.n = 0};
    struct quant_protobuf part = {.has_failed = true};
    quant_protobuf_add_message(&message, 1, &part);
    assert_true(message.has_failed);
    assert_false(part.has_failed);
    quant_protobuf_add_integer(&message, 1, 1);
    assert_true(message.has_failed);
    quant_protobuf_release(&message);
    quant_protobuf_release(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_texts_and_messages),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
