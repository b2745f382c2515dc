/* SPDX-License-Identifier: MIT */
/* Opens, reads, lays out again, and compares. */
#include "fuzz_container.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>
#include <zlib.h>

#include "base/shape.h"
#include "base/utf8.h"
#include "fuzz_reader.h"

/* An arena has blocks of 64 KiB; a tensor takes up to some 300 bytes and at least 8 in the file. */
enum { MEMORY_CONSTANT = 4 << 20, MEMORY_FACTOR = 256 };

/* Tensors that are larger or later are not read: they would take the time of many inputs. */
enum { READ_NBYTES = 1 << 16, READ_TENSORS = 32 };

/* ---- The catalogue ---- */

static bool fits(const struct quant_tensor_info *info)
{
    uint64_t nelems = 1;
    bool is_empty = false;
    for (uint32_t i = 0; i < info->ndim; i++)
        is_empty = is_empty || info->dims[i] == 0;
    if (is_empty)
        return info->nbytes == 0;
    for (uint32_t i = 0; i < info->ndim; i++)
        if (__builtin_mul_overflow(nelems, info->dims[i], &nelems))
            return false;
    const struct quant_block_type *block = info->type->block;
    if (block)
        return info->nbytes % block->nbytes == 0 &&
               info->nbytes / block->nbytes == nelems / block->nelems &&
               nelems % block->nelems == 0;
    uint64_t nbits;
    return !__builtin_mul_overflow(nelems, (uint64_t)info->type->bits, &nbits) && nbits % 8 == 0 &&
           info->nbytes == nbits / 8;
}

static int compare_extents(const void *a, const void *b)
{
    const struct quant_extent *one = a;
    const struct quant_extent *other = b;
    return one->offset != other->offset   ? (one->offset < other->offset ? -1 : 1)
           : one->nbytes != other->nbytes ? (one->nbytes < other->nbytes ? -1 : 1)
                                          : 0;
}

static void check_extents(const struct quant_tensor_file *file, size_t size)
{
    struct quant_extent *extents = malloc((file->n + 1) * sizeof *extents);
    uint64_t total = 0;
    FUZZ_CHECK(extents);
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        FUZZ_CHECK(info->offset <= file->source->size);
        FUZZ_CHECK(info->nbytes <= file->source->size - info->offset);
        extents[i] = (struct quant_extent){info->offset, info->nbytes};
        total += info->nbytes;
    }
    qsort(extents, file->n, sizeof *extents, compare_extents);
    for (size_t i = 1; i < file->n; i++)
        FUZZ_CHECK(extents[i - 1].offset + extents[i - 1].nbytes <= extents[i].offset);
    free(extents);
    FUZZ_CHECK(file->header_nbytes <= size);
    if (file->format != &quant_format_npz)
        FUZZ_CHECK(file->header_nbytes + total == size);
    for (size_t i = 0; file->stored_offsets && i < file->n; i++)
        FUZZ_CHECK(file->stored_offsets[i] <= size);
}

static void check_names(const struct quant_tensor_file *file)
{
    for (size_t i = 0; i < file->n; i++) {
        size_t found = file->n;
        FUZZ_CHECK(quant_is_utf8(file->tensors[i].name));
        FUZZ_CHECK(quant_tensor_file_find(file, file->tensors[i].name, &found) && found == i);
        FUZZ_CHECK(file->by_name[i] < file->n);
        if (i > 0)
            FUZZ_CHECK(strcmp(file->tensors[file->by_name[i - 1]].name,
                              file->tensors[file->by_name[i]].name) < 0);
    }
    for (size_t i = 1; i < file->nmetadata; i++)
        FUZZ_CHECK(strcmp(file->metadata[i - 1].key, file->metadata[i].key) < 0);
}

static void check_catalogue(const struct quant_tensor_file *file, size_t size)
{
    for (size_t i = 0; i < file->n; i++)
        FUZZ_CHECK(file->tensors[i].type && fits(&file->tensors[i]));
    check_extents(file, size);
    check_names(file);
}

static bool same_catalogue(const struct quant_tensor_file *a, const struct quant_tensor_file *b)
{
    if (a->n != b->n || a->nmetadata != b->nmetadata)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct quant_tensor_info *one = &a->tensors[a->by_name[i]];
        const struct quant_tensor_info *other = &b->tensors[b->by_name[i]];
        if (strcmp(one->name, other->name) != 0 ||
            strcmp(one->type->name, other->type->name) != 0 || one->nbytes != other->nbytes ||
            one->ndim != other->ndim || one->order != other->order ||
            (one->ndim > 0 && memcmp(one->dims, other->dims, one->ndim * sizeof *one->dims) != 0))
            return false;
    }
    for (size_t i = 0; i < a->nmetadata; i++)
        if (strcmp(a->metadata[i].key, b->metadata[i].key) != 0 ||
            strcmp(a->metadata[i].value, b->metadata[i].value) != 0)
            return false;
    return true;
}

/* ---- Elements ---- */

/* The elements of one tensor; false: its type is copied only, or the bytes cannot be read. */
static bool read_tensor(const struct quant_tensor_file *file, size_t i, enum quant_dtype deliver,
                        size_t capacity, struct fuzz_elements *elements)
{
    struct quant_source *window;
    struct quant_reader *reader;
    *elements = (struct fuzz_elements){.status = QUANT_OK};
    elements->status =
        quant_tensor_file_open_tensor(file, i, deliver, &window, &reader, &elements->error);
    if (elements->status != QUANT_OK) {
        FUZZ_CHECK(!window && !reader && elements->error.text[0] != '\0');
        return false;
    }
    const unsigned block = quant_dtype_info(reader->stored)->block_nelems;
    fuzz_drain(reader, block > 0 ? capacity * block : capacity, elements);
    reader->ops->close(reader);
    quant_source_close(window);
    if (elements->status == QUANT_OK) {
        uint64_t nelems = 1;
        for (uint32_t k = 0; k < file->tensors[i].ndim; k++)
            nelems *= file->tensors[i].dims[k];
        FUZZ_CHECK(elements->n == nelems);
    }
    return elements->status == QUANT_OK;
}

static size_t read_count(const struct quant_tensor_file *file)
{
    return file->n < READ_TENSORS ? file->n : READ_TENSORS;
}

/* A digest of all that can be read. */
static uint64_t digest_elements(const struct quant_tensor_file *file, size_t capacity)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < read_count(file); i++) {
        const enum quant_dtype own = file->tensors[i].type->dtype;
        struct fuzz_elements elements;
        if (file->tensors[i].nbytes > READ_NBYTES)
            continue;
        if (read_tensor(file, i, QUANT_FLOAT32, capacity, &elements))
            digest = XXH3_64bits_withSeed(elements.bytes, elements.nbytes, digest + i);
        fuzz_elements_release(&elements);
        if (own != QUANT_DTYPE_NONE && own < QUANT_FLOAT32 &&
            read_tensor(file, i, own, capacity, &elements))
            digest = XXH3_64bits_withSeed(elements.bytes, elements.nbytes, digest + i);
        if (own != QUANT_DTYPE_NONE && own < QUANT_FLOAT32)
            fuzz_elements_release(&elements);
    }
    return digest;
}

static enum quant_status finish(struct quant_tensor_file *file)
{
    const struct quant_container *container = file->format->container;
    struct quant_error error = {.status = QUANT_OK};
    uint64_t digest;
    if (container->digest_header)
        (void)container->digest_header(file, &digest, &error);
    return container->finish ? container->finish(file, &error) : QUANT_OK;
}

/* ---- Laying it out again ---- */

static struct quant_container_tensor *list_tensors(const struct quant_tensor_file *file)
{
    struct quant_container_tensor *tensors = calloc(file->n + 1, sizeof *tensors);
    FUZZ_CHECK(tensors);
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        tensors[i] = (struct quant_container_tensor){.name = info->name,
                                                     .type = info->type,
                                                     .dims = info->dims,
                                                     .ndim = info->ndim,
                                                     .order = (enum quant_order)info->order};
    }
    return tensors;
}

static void put_header(const struct quant_container_layout *layout, unsigned char *bytes)
{
    const struct quant_extent whole = {0, layout->header_nbytes};
    const struct quant_extent *pieces = layout->pieces ? layout->pieces : &whole;
    const size_t npieces = layout->pieces ? layout->npieces : 1;
    size_t at = 0;
    for (size_t i = 0; i < npieces; i++) {
        FUZZ_CHECK(pieces[i].offset + pieces[i].nbytes <= layout->nbytes);
        memcpy(bytes + pieces[i].offset, layout->header + at, (size_t)pieces[i].nbytes);
        at += (size_t)pieces[i].nbytes;
    }
    FUZZ_CHECK(at == layout->header_nbytes);
}

/* false: the bytes cannot be read, since they are not what the archive says. */
static bool put_tensors(const struct quant_tensor_file *file,
                        const struct quant_container_layout *layout, unsigned char *bytes)
{
    for (size_t i = 0; i < layout->n; i++) {
        const struct quant_container_tensor *tensor = &layout->tensors[i];
        const struct quant_tensor_info *info = &file->tensors[i];
        struct quant_error error;
        FUZZ_CHECK(tensor->data.nbytes == info->nbytes);
        FUZZ_CHECK(tensor->data.offset + tensor->data.nbytes <= layout->nbytes);
        if (info->nbytes > 0 &&
            quant_source_read_exactly(file->source, info->offset, bytes + tensor->data.offset,
                                      (size_t)info->nbytes, &error) != QUANT_OK)
            return false;
    }
    return true;
}

/* Seals are by rising offset of the tensors. */
static void put_seals(const struct quant_container_layout *layout, unsigned char *bytes)
{
    struct quant_extent *extents = malloc((layout->n + 1) * sizeof *extents);
    FUZZ_CHECK(extents);
    for (size_t i = 0; i < layout->n; i++)
        extents[i] = layout->tensors[i].data;
    qsort(extents, layout->n, sizeof *extents, compare_extents);
    for (size_t i = 0; i < layout->n; i++) {
        const struct quant_container_seal *seal = &layout->seals[i];
        const uLong crc =
            crc32_z(seal->head_crc, bytes + extents[i].offset, (z_size_t)extents[i].nbytes);
        for (unsigned k = 0; k < 2; k++)
            for (unsigned byte = 0; seal->at[k] != 0 && byte < 4; byte++)
                bytes[seal->at[k] + byte] = (unsigned char)(crc >> (8 * byte));
    }
    free(extents);
}

/* A whole file with the tensors of another; NULL if it cannot be laid out or filled. */
static unsigned char *make_file(const struct quant_tensor_file *file, size_t *nbytes)
{
    struct quant_error error = {.text = ""};
    struct quant_container_layout layout = {.tensors = list_tensors(file),
                                            .n = file->n,
                                            .metadata = file->metadata,
                                            .nmetadata = file->nmetadata,
                                            .origin = file};
    unsigned char *bytes = NULL;
    const enum quant_status status = file->format->container->lay_out(&layout, &error);
    FUZZ_CHECK(status == QUANT_OK || (!layout.header && error.text[0] != '\0'));
    if (status == QUANT_OK) {
        bytes = calloc((size_t)layout.nbytes + 1, 1);
        FUZZ_CHECK(bytes);
        put_header(&layout, bytes);
        *nbytes = (size_t)layout.nbytes;
        if (!put_tensors(file, &layout, bytes)) {
            free(bytes);
            bytes = NULL;
        } else if (layout.seals) {
            put_seals(&layout, bytes);
        }
    }
    free(layout.header);
    free(layout.pieces);
    free(layout.seals);
    free(layout.tensors);
    return bytes;
}

static void check_laid_out(const struct quant_tensor_file *file, uint64_t digest)
{
    size_t nbytes = 0;
    size_t nbytes_again = 0;
    struct quant_error error;
    struct fuzz_source memory;
    struct quant_tensor_file *copy = NULL;
    for (size_t i = 0; i < file->n; i++)
        if (file->tensors[i].nbytes > READ_NBYTES)
            return;
    unsigned char *bytes = make_file(file, &nbytes);
    if (!bytes)
        return;
    struct quant_source *source = fuzz_source_open(&memory, FUZZ_WHOLE, bytes, nbytes, nbytes);
    FUZZ_CHECK(quant_tensor_file_open(source, file->format, &copy, &error) == QUANT_OK);
    check_catalogue(copy, nbytes);
    FUZZ_CHECK(same_catalogue(file, copy));
    /* A digest goes by the order of the tensors in the file. */
    if (copy->n == 1)
        FUZZ_CHECK(digest_elements(copy, 1 << 11) == digest);
    unsigned char *again = make_file(copy, &nbytes_again);
    FUZZ_CHECK(again && nbytes_again == nbytes && memcmp(bytes, again, nbytes) == 0);
    FUZZ_CHECK(finish(copy) == QUANT_OK);
    quant_tensor_file_close(copy);
    free(again);
    free(bytes);
}

/* ---- All of it ---- */

struct subject {
    const struct quant_format *format;
    const uint8_t *data;
    size_t size;
    uint64_t hash;
};

static void check_second(const struct subject *subject, const struct quant_tensor_file *first,
                         uint64_t digest, enum fuzz_source_kind kind)
{
    struct fuzz_source memory;
    struct quant_tensor_file *second = NULL;
    struct quant_error error;
    const size_t cut = (size_t)(subject->hash % (subject->size + 1));
    struct quant_source *source =
        fuzz_source_open(&memory, kind, subject->data, subject->size, cut);
    const enum quant_status status =
        quant_tensor_file_open(source, subject->format, &second, &error);
    FUZZ_CHECK((status == QUANT_OK) == (second != NULL));
    FUZZ_CHECK(kind != FUZZ_WHOLE || status == QUANT_OK);
    if (status != QUANT_OK)
        return;
    const uint64_t again = digest_elements(second, (size_t)(2 + subject->hash % 8 * 2));
    if (kind != FUZZ_CHANGED)
        FUZZ_CHECK(same_catalogue(first, second));
    if (kind == FUZZ_WHOLE)
        FUZZ_CHECK(again == digest);
    (void)finish(second);
    quant_tensor_file_close(second);
}

void fuzz_check_container(const struct quant_format *format, const uint8_t *data, size_t size)
{
    enum { CHECKS = 4 };
    const struct subject subject = {format, data, size, fuzz_hash(data, size)};
    struct fuzz_source memory;
    struct quant_tensor_file *file = NULL;
    struct quant_error error = {.text = ""};
    fuzz_memory_begin();
    const enum quant_status status = quant_tensor_file_open(
        fuzz_source_open(&memory, FUZZ_WHOLE, data, size, size), format, &file, &error);
    if (status != QUANT_OK) {
        FUZZ_CHECK(!file && error.status == status && error.text[0] != '\0');
    } else {
        check_catalogue(file, size);
        const uint64_t digest = digest_elements(file, 1 << 11);
        if (fuzz_turn(subject.hash, 0, CHECKS))
            check_second(&subject, file, digest, FUZZ_WHOLE);
        if (fuzz_turn(subject.hash, 1, CHECKS))
            check_second(&subject, file, digest, FUZZ_CUT);
        if (fuzz_turn(subject.hash, 2, CHECKS))
            check_second(&subject, file, digest, FUZZ_CHANGED);
        if (fuzz_turn(subject.hash, 3, CHECKS))
            check_laid_out(file, digest);
        (void)finish(file);
        quant_tensor_file_close(file);
    }
    fuzz_memory_check(MEMORY_CONSTANT + MEMORY_FACTOR * size);
}
