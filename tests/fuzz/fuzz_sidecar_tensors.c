/* SPDX-License-Identifier: MIT */
/* Reads the input as the sidecar of a container; and asks what it is the sidecar of. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "fuzz_record.h"
#include "records/sidecar.h"
#include "records/sidecar_tensors.h"

static void check_entry(const struct quant_sidecar_entry *entry)
{
    FUZZ_CHECK(quant_is_utf8(entry->name));
    FUZZ_CHECK(entry->ndim >= 0 && entry->ndim <= QUANT_MAX_DIMS);
    FUZZ_CHECK(entry->stored_type || entry->stored.data);
    if (entry->is_copied)
        return;
    const struct quant_dtype_info *info = quant_dtype_info(entry->params.dtype);
    FUZZ_CHECK(info && quant_dtype_info(entry->source_dtype));
    FUZZ_CHECK(info->is_unscaled == (entry->scale_name == NULL));
    FUZZ_CHECK(entry->method != NULL);
}

static enum quant_status write_entries(struct quant_sidecar_reader *reader, struct quant_sink *sink,
                                       uint64_t *count, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    *count = 0;
    for (;;) {
        struct quant_sidecar_entry entry;
        bool found = false;
        char *text = NULL;
        size_t nbytes = 0;
        status = quant_sidecar_tensors_next(reader, &entry, &found, error);
        if (status != QUANT_OK || !found)
            return status;
        check_entry(&entry);
        status = quant_sidecar_print_entry(&entry, &text, &nbytes, error);
        FUZZ_CHECK(status == QUANT_OK && text && nbytes > 0);
        status = quant_sidecar_append_entry(sink, text, nbytes, *count == 0, error);
        free(text);
        ++*count;
    }
}

/* From the first entry again: as many. */
static void count_again(struct quant_sidecar_reader *reader, uint64_t count)
{
    struct quant_sidecar_entry entry;
    struct quant_error error;
    bool found = true;
    uint64_t again = 0;
    if (quant_sidecar_tensors_rewind(reader, &error) != QUANT_OK)
        return;
    while (found) {
        if (quant_sidecar_tensors_next(reader, &entry, &found, &error) != QUANT_OK)
            return; /* the source has changed */
        again += found;
    }
    FUZZ_CHECK(again == count);
}

static enum quant_status go(struct quant_source *source, struct quant_sink *sink,
                            struct quant_error *error)
{
    struct quant_sidecar_reader *reader = NULL;
    uint64_t count = 0;
    enum quant_status status = quant_sidecar_tensors_open(source, &reader, error);
    FUZZ_CHECK(status == QUANT_OK || !reader);
    if (status == QUANT_OK && !reader)
        return quant_error_set(error, QUANT_UNRECOGNIZED, "not the sidecar of a container");
    if (status == QUANT_OK)
        status = quant_sidecar_begin_tensors(sink, quant_sidecar_tensors_head(reader), error);
    if (status == QUANT_OK)
        status = write_entries(reader, sink, &count, error);
    if (status == QUANT_OK)
        status = quant_sidecar_end_tensors(sink, error);
    if (status == QUANT_OK && ((struct fuzz_source *)source)->kind == FUZZ_WHOLE)
        count_again(reader, count);
    quant_sidecar_tensors_close(reader);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_source memory;
    enum quant_dtype dtype = QUANT_DTYPE_NONE;
    bool begins = false;
    fuzz_check_record(go, data, size);
    const uint64_t hash = fuzz_hash(data, size);
    if (fuzz_turn(hash << 8, 0, 4)) {
        struct quant_source *source = fuzz_source_open(&memory, FUZZ_WHOLE, data, size, size);
        FUZZ_CHECK(quant_sidecar_begins(source, &begins, NULL) == QUANT_OK);
        FUZZ_CHECK(quant_sidecar_identify(source, "m", hash % 4096, &dtype, NULL) == QUANT_OK);
    }
    return 0;
}
