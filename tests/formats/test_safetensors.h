/* SPDX-License-Identifier: MIT */
/* What the tests of safetensors share: files made of a header's text and data, in memory. */
#ifndef QUANT_TESTS_FORMATS_TEST_SAFETENSORS_H
#define QUANT_TESTS_FORMATS_TEST_SAFETENSORS_H

#include "../support/files.h"

#include "formats/container.h"
#include "formats/tensor_file.h"

enum { MOST = 4096 };

struct file {
    unsigned char bytes[MOST];
    size_t nbytes;
};

/* length: what the file says of its header. */
static inline struct file make_file_of(uint64_t length, const char *header, const void *data,
                                       size_t nbytes)
{
    struct file file;
    const size_t nheader = strlen(header);
    assert_true(8 + nheader + nbytes <= MOST);
    for (size_t i = 0; i < 8; i++)
        file.bytes[i] = (unsigned char)(length >> 8 * i);
    memcpy(file.bytes + 8, header, nheader);
    if (nbytes > 0)
        memcpy(file.bytes + 8 + nheader, data, nbytes);
    file.nbytes = 8 + nheader + nbytes;
    return file;
}

static inline struct file make_file(const char *header, const void *data, size_t nbytes)
{
    return make_file_of(strlen(header), header, data, nbytes);
}

static inline struct quant_source *open_memory(const void *bytes, size_t nbytes)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "m.safetensors");
    assert_non_null(source);
    return source;
}

/* The file's catalogue, which must be read without an error. */
static inline struct quant_tensor_file *open_ok(struct quant_source *source)
{
    struct quant_tensor_file *file = NULL;
    struct quant_error error = {.text = ""};
    if (quant_tensor_file_open(source, &quant_format_safetensors, &file, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    assert_non_null(file);
    return file;
}

#endif
