/* SPDX-License-Identifier: MIT */
/*
 * The framing as NumPy 2.4 writes it, by way of Python's zipfile: members in the order of the
 * tensors, stored, version 4.5, with both sizes in a zip64 field of the local header; in the
 * directory plain sizes and no extra field, up to 2^31 - 1 (zipfile's limit, not that of ZIP); the
 * date 1980-01-01, and access for the owner. Each CRC is 0 until the data is known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/shape.h"
#include "base/utf8.h"
#include "formats/npz.h"
#include "formats/zip.h"
#include "io/crc_parts.h"

enum {
    VERSION = 45,
    CREATED_BY_UNIX = 3,
    DATE = 1 << 5 | 1, /* 1980-01-01 */
    EXTRA_NBYTES = 20, /* of a zip64 field with two sizes */
    EXTRA_MAX = 28,    /* with three numbers */
};

#define NARROW_MAX UINT32_C(0x7fffffff)
#define ACCESS (UINT32_C(0600) << 16)

struct layout {
    struct quant_container_layout *result;
    unsigned char *bytes; /* owned: of the header, */
    size_t nbytes;
    size_t room;
    uint64_t *locals; /* owned: offsets of local headers */
    uint64_t at;      /* in the file */
    struct quant_error *error;
};

/* The next nbytes of the header, which are 0 so far. NULL: no memory. */
static unsigned char *take(struct layout *layout, size_t nbytes)
{
    enum { FIRST_ROOM = 4096 };
    if (nbytes > layout->room - layout->nbytes) {
        const size_t room = 2 * layout->room + nbytes + FIRST_ROOM;
        unsigned char *larger = realloc(layout->bytes, room);
        if (!larger)
            return NULL;
        layout->bytes = larger;
        layout->room = room;
    }
    unsigned char *taken = layout->bytes + layout->nbytes;
    memset(taken, 0, nbytes);
    layout->nbytes += nbytes;
    layout->at += nbytes;
    return taken;
}

static enum quant_status no_memory(const struct layout *layout)
{
    return quant_error_no_memory(layout->error, layout->room, "header");
}

/* ---- Local headers ---- */

static uint16_t flags_of(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name >= 0x80)
            return QUANT_ZIP_UTF8;
    return 0;
}

static size_t name_length(const struct quant_container_tensor *tensor)
{
    return strlen(tensor->name) + sizeof QUANT_NPZ_SUFFIX - 1;
}

static void put_name(unsigned char *bytes, const struct quant_container_tensor *tensor)
{
    const size_t length = strlen(tensor->name);
    memcpy(bytes, tensor->name, length);
    memcpy(bytes + length, QUANT_NPZ_SUFFIX, sizeof QUANT_NPZ_SUFFIX - 1);
}

static enum quant_status put_local(struct layout *layout,
                                   const struct quant_container_tensor *tensor, uint64_t nbytes)
{
    const size_t length = name_length(tensor);
    unsigned char *bytes = take(layout, QUANT_ZIP_LOCAL_NBYTES + length + EXTRA_NBYTES);
    if (!bytes)
        return no_memory(layout);
    quant_store_32_little(bytes, QUANT_ZIP_LOCAL);
    quant_store_16_little(bytes + 4, VERSION);
    quant_store_16_little(bytes + 6, flags_of(tensor->name));
    quant_store_16_little(bytes + 12, DATE);
    quant_store_32_little(bytes + 18, UINT32_MAX);
    quant_store_32_little(bytes + 22, UINT32_MAX);
    quant_store_16_little(bytes + 26, (uint16_t)length);
    quant_store_16_little(bytes + 28, EXTRA_NBYTES);
    put_name(bytes + QUANT_ZIP_LOCAL_NBYTES, tensor);
    unsigned char *extra = bytes + QUANT_ZIP_LOCAL_NBYTES + length;
    quant_store_16_little(extra, QUANT_ZIP_EXTRA_64);
    quant_store_16_little(extra + 2, EXTRA_NBYTES - 4);
    quant_store_64_little(extra + 4, nbytes);
    quant_store_64_little(extra + 12, nbytes);
    return QUANT_OK;
}

/* ---- Members ---- */

static enum quant_status no_file_is_large_enough(const struct layout *layout,
                                                 const struct quant_container_tensor *tensor)
{
    return quant_error_set(layout->error, QUANT_OUT_OF_RANGE,
                           "no file is large enough for tensor '%.200s'", tensor->name);
}

static enum quant_status make_preamble(const struct layout *layout,
                                       struct quant_container_tensor *tensor,
                                       unsigned char preamble[QUANT_NPY_PREAMBLE], size_t *length)
{
    struct quant_npy_header header = {.fortran_order = tensor->order == QUANT_ORDER_FORTRAN};
    uint64_t nelems;
    if (tensor->ndim > QUANT_MAX_DIMS)
        return quant_error_set(layout->error, QUANT_UNSUPPORTED,
                               "tensor '%.200s' has more than %d dimensions", tensor->name,
                               QUANT_MAX_DIMS);
    header.shape = quant_shape_of(tensor->dims, tensor->ndim);
    strncpy(header.descr, tensor->type->name, sizeof header.descr - 1);
    if (!quant_shape_count(&header.shape, &nelems) ||
        !quant_checked_mul(nelems, tensor->type->bits / 8, &tensor->data.nbytes) ||
        tensor->data.nbytes > INT64_MAX / 2)
        return no_file_is_large_enough(layout, tensor);
    *length = quant_npy_preamble(&header, preamble);
    return QUANT_OK;
}

static enum quant_status put_member(struct layout *layout, size_t i)
{
    unsigned char preamble[QUANT_NPY_PREAMBLE];
    struct quant_container_layout *result = layout->result;
    struct quant_container_tensor *tensor = &result->tensors[i];
    const uint64_t begin = layout->at;
    size_t length = 0;
    enum quant_status status = make_preamble(layout, tensor, preamble, &length);
    if (status == QUANT_OK)
        status = put_local(layout, tensor, length + tensor->data.nbytes);
    if (status != QUANT_OK)
        return status;
    unsigned char *bytes = take(layout, length);
    if (!bytes)
        return no_memory(layout);
    memcpy(bytes, preamble, length);
    layout->locals[i] = begin;
    result->pieces[i] = (struct quant_extent){begin, layout->at - begin};
    result->seals[i] = (struct quant_container_seal){{begin + QUANT_ZIP_LOCAL_CRC, 0},
                                                     quant_crc(preamble, length)};
    tensor->data.offset = layout->at;
    layout->at += tensor->data.nbytes;
    return layout->at <= INT64_MAX / 2 ? QUANT_OK : no_file_is_large_enough(layout, tensor);
}

/* ---- The directory ---- */

/* The numbers that are too large for an entry; returns the bytes of the field. */
static size_t make_extra(unsigned char extra[EXTRA_MAX], uint64_t nbytes, uint64_t local)
{
    size_t length = 4;
    if (nbytes > NARROW_MAX) {
        quant_store_64_little(extra + length, nbytes);
        quant_store_64_little(extra + length + 8, nbytes);
        length += 16;
    }
    if (local > NARROW_MAX) {
        quant_store_64_little(extra + length, local);
        length += 8;
    }
    quant_store_16_little(extra, QUANT_ZIP_EXTRA_64);
    quant_store_16_little(extra + 2, (uint16_t)(length - 4));
    return length > 4 ? length : 0;
}

static uint32_t narrow(uint64_t number)
{
    return number > NARROW_MAX ? UINT32_MAX : (uint32_t)number;
}

static enum quant_status put_entry(struct layout *layout, size_t i)
{
    const struct quant_container_tensor *tensor = &layout->result->tensors[i];
    const struct quant_extent *piece = &layout->result->pieces[i];
    const size_t length = name_length(tensor);
    const uint64_t begin = layout->at;
    const uint64_t nbytes =
        piece->nbytes - QUANT_ZIP_LOCAL_NBYTES - length - EXTRA_NBYTES + tensor->data.nbytes;
    unsigned char extra[EXTRA_MAX] = {0};
    const size_t nextra = make_extra(extra, nbytes, layout->locals[i]);
    unsigned char *bytes = take(layout, QUANT_ZIP_CENTRAL_NBYTES + length + nextra);
    if (!bytes)
        return no_memory(layout);
    quant_store_32_little(bytes, QUANT_ZIP_CENTRAL);
    bytes[4] = VERSION;
    bytes[5] = CREATED_BY_UNIX;
    quant_store_16_little(bytes + 6, VERSION);
    quant_store_16_little(bytes + 8, flags_of(tensor->name));
    quant_store_16_little(bytes + 14, DATE);
    quant_store_32_little(bytes + 20, narrow(nbytes));
    quant_store_32_little(bytes + 24, narrow(nbytes));
    quant_store_16_little(bytes + 28, (uint16_t)length);
    quant_store_16_little(bytes + 30, (uint16_t)nextra);
    quant_store_32_little(bytes + 38, ACCESS);
    quant_store_32_little(bytes + 42, narrow(layout->locals[i]));
    put_name(bytes + QUANT_ZIP_CENTRAL_NBYTES, tensor);
    memcpy(bytes + QUANT_ZIP_CENTRAL_NBYTES + length, extra, nextra);
    layout->result->seals[i].at[1] = begin + QUANT_ZIP_CENTRAL_CRC;
    return QUANT_OK;
}

static enum quant_status put_end_64(struct layout *layout, uint64_t directory, uint64_t nbytes)
{
    const size_t n = layout->result->n;
    const uint64_t begin = layout->at;
    unsigned char *record = take(layout, QUANT_ZIP_END_64_NBYTES + QUANT_ZIP_LOCATOR_NBYTES);
    if (!record)
        return no_memory(layout);
    quant_store_32_little(record, QUANT_ZIP_END_64);
    quant_store_64_little(record + 4, QUANT_ZIP_END_64_NBYTES - 12);
    quant_store_16_little(record + 12, VERSION);
    quant_store_16_little(record + 14, VERSION);
    quant_store_64_little(record + 24, n);
    quant_store_64_little(record + 32, n);
    quant_store_64_little(record + 40, nbytes);
    quant_store_64_little(record + 48, directory);
    unsigned char *locator = record + QUANT_ZIP_END_64_NBYTES;
    quant_store_32_little(locator, QUANT_ZIP_LOCATOR);
    quant_store_64_little(locator + 8, begin);
    quant_store_32_little(locator + 16, 1);
    return QUANT_OK;
}

static enum quant_status put_end(struct layout *layout, uint64_t directory)
{
    const size_t n = layout->result->n;
    const uint64_t nbytes = layout->at - directory;
    if (n > UINT16_MAX || directory > NARROW_MAX || nbytes > NARROW_MAX) {
        const enum quant_status status = put_end_64(layout, directory, nbytes);
        if (status != QUANT_OK)
            return status;
    }
    unsigned char *record = take(layout, QUANT_ZIP_END_NBYTES);
    if (!record)
        return no_memory(layout);
    const uint16_t count = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
    quant_store_32_little(record, QUANT_ZIP_END);
    quant_store_16_little(record + 8, count);
    quant_store_16_little(record + 10, count);
    quant_store_32_little(record + 12, nbytes > UINT32_MAX ? UINT32_MAX : (uint32_t)nbytes);
    quant_store_32_little(record + 16, directory > UINT32_MAX ? UINT32_MAX : (uint32_t)directory);
    return QUANT_OK;
}

/* ---- All of it ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum quant_status refuse(const struct layout *layout, const char *what, const char *name)
{
    return quant_error_set(layout->error, QUANT_INVALID, "%s '%.200s'", what, name);
}

static enum quant_status check_names(const struct layout *layout)
{
    const size_t n = layout->result->n;
    const char **names = calloc(n + 1, sizeof *names);
    enum quant_status status = names ? QUANT_OK : no_memory(layout);
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        const struct quant_container_tensor *tensor = &layout->result->tensors[i];
        names[i] = tensor->name;
        if (name_length(tensor) > QUANT_ZIP_NAME_MAX)
            status = refuse(layout, "a .npz file has no room for a name as long as", names[i]);
        else if (!quant_is_utf8(names[i]))
            status = refuse(layout, "a .npz file needs names in UTF-8, unlike", names[i]);
    }
    if (status == QUANT_OK)
        qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; status == QUANT_OK && i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = refuse(layout, "two tensors are called", names[i]);
    free(names);
    return status;
}

static enum quant_status put_all(struct layout *layout)
{
    struct quant_container_layout *result = layout->result;
    enum quant_status status = check_names(layout);
    for (size_t i = 0; status == QUANT_OK && i < result->n; i++)
        status = put_member(layout, i);
    const uint64_t directory = layout->at;
    for (size_t i = 0; status == QUANT_OK && i < result->n; i++)
        status = put_entry(layout, i);
    if (status == QUANT_OK)
        status = put_end(layout, directory);
    if (status != QUANT_OK)
        return status;
    result->pieces[result->n] = (struct quant_extent){directory, layout->at - directory};
    result->npieces = result->n + 1;
    result->header = layout->bytes;
    result->header_nbytes = layout->nbytes;
    result->nbytes = layout->at;
    layout->bytes = NULL;
    return QUANT_OK;
}

enum quant_status quant_npz_lay_out(struct quant_container_layout *result,
                                    struct quant_error *error)
{
    struct layout layout = {.result = result, .error = error};
    result->header = NULL;
    result->pieces = calloc(result->n + 1, sizeof *result->pieces);
    result->seals = calloc(result->n + 1, sizeof *result->seals);
    layout.locals = calloc(result->n + 1, sizeof *layout.locals);
    const enum quant_status status =
        result->pieces && result->seals && layout.locals ? put_all(&layout) : no_memory(&layout);
    free(layout.bytes);
    free(layout.locals);
    if (status != QUANT_OK) {
        free(result->pieces);
        free(result->seals);
        result->pieces = NULL;
        result->seals = NULL;
    }
    return status;
}
