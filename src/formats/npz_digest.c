/* SPDX-License-Identifier: MIT */
/* Everything between the tensors, in the order of the file, with each CRC as 0. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/error.h"
#include "formats/npz.h"
#include "formats/zip.h"

enum { STEP = 256 << 10 };

struct digesting {
    const struct quant_npz_state *state;
    struct quant_error *error;
    XXH3_state_t *xxh3;   /* owned */
    unsigned char *bytes; /* owned: STEP of them */
};

/* From begin to end, in which the CRC is 0 that is at `crc`; not one if that is outside. */
static enum quant_status add(struct digesting *digesting, uint64_t begin, uint64_t end,
                             uint64_t crc)
{
    for (uint64_t at = begin; at < end;) {
        const size_t nbytes = end - at < STEP ? (size_t)(end - at) : STEP;
        const enum quant_status status = quant_source_read_exactly(
            digesting->state->archive, at, digesting->bytes, nbytes, digesting->error);
        if (status != QUANT_OK)
            return status;
        for (uint64_t i = crc; i < crc + 4; i++)
            if (i >= at && i - at < nbytes)
                digesting->bytes[i - at] = 0;
        XXH3_64bits_update(digesting->xxh3, digesting->bytes, nbytes);
        at += nbytes;
    }
    return QUANT_OK;
}

/* Reading has found that the entries fill the directory. */
static enum quant_status add_directory(struct digesting *digesting)
{
    struct quant_source *archive = digesting->state->archive;
    const struct quant_zip *zip = digesting->state->zip;
    uint64_t at = zip->directory;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < zip->n; i++) {
        unsigned char entry[QUANT_ZIP_CENTRAL_NBYTES];
        status = quant_source_read_exactly(archive, at, entry, sizeof entry, digesting->error);
        if (status != QUANT_OK)
            return status;
        const uint64_t end = at + sizeof entry + quant_load_16(entry + 28, false) +
                             quant_load_16(entry + 30, false) + quant_load_16(entry + 32, false);
        status = add(digesting, at, end, at + QUANT_ZIP_CENTRAL_CRC);
        at = end;
    }
    return status == QUANT_OK ? add(digesting, at, archive->size, UINT64_MAX - 4) : status;
}

static enum quant_status add_all(struct digesting *digesting, const struct quant_tensor_file *file)
{
    const struct quant_zip *zip = digesting->state->zip;
    uint64_t at = 0;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < zip->n; i++) {
        const struct quant_zip_member *member = &zip->members[i];
        const bool is_stored = member->method == QUANT_ZIP_STORED;
        status = add(digesting, at, is_stored ? file->tensors[i].offset : member->data,
                     member->local + QUANT_ZIP_LOCAL_CRC);
        at = member->data + member->packed;
    }
    if (status == QUANT_OK)
        status = add(digesting, at, zip->directory, UINT64_MAX - 4);
    return status == QUANT_OK ? add_directory(digesting) : status;
}

enum quant_status quant_npz_digest_header(const struct quant_tensor_file *file, uint64_t *digest,
                                          struct quant_error *error)
{
    struct digesting digesting = {.state = file->state, .error = error};
    enum quant_status status;
    digesting.xxh3 = XXH3_createState();
    digesting.bytes = malloc(STEP);
    if (digesting.xxh3 && digesting.bytes) {
        XXH3_64bits_reset(digesting.xxh3);
        status = add_all(&digesting, file);
        *digest = XXH3_64bits_digest(digesting.xxh3);
    } else {
        status = quant_error_no_memory(error, STEP, "buffers");
    }
    XXH3_freeState(digesting.xxh3);
    free(digesting.bytes);
    return status;
}
