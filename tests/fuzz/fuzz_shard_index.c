/* SPDX-License-Identifier: MIT */
/* Reads the input as the index of a checkpoint in several files. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "fuzz_record.h"
#include "records/shard_index.h"

/* A shard is a file in the directory of the index, whatever the index says. */
static void check_index(const struct quant_shard_index *index)
{
    for (size_t i = 0; i < index->n; i++) {
        const char *shard = index->entries[i].shard;
        FUZZ_CHECK(quant_is_utf8(index->entries[i].tensor) && quant_is_utf8(shard));
        FUZZ_CHECK(*shard && !strchr(shard, '/'));
        FUZZ_CHECK(strcmp(shard, ".") != 0 && strcmp(shard, "..") != 0);
        FUZZ_CHECK(quant_shard_index_find(index, index->entries[i].tensor) == &index->entries[i]);
        if (i > 0)
            FUZZ_CHECK(strcmp(index->entries[i - 1].tensor, index->entries[i].tensor) < 0);
    }
}

static enum quant_status go(struct quant_source *source, struct quant_sink *sink,
                            struct quant_error *error)
{
    struct quant_shard_index index = {.n = 0};
    char *text = NULL;
    size_t nbytes = 0;
    enum quant_status status = quant_shard_index_read(source, &index, error);
    if (status == QUANT_OK) {
        check_index(&index);
        FUZZ_CHECK(quant_shard_index_print(&index, 1234, &text, &nbytes));
        status = quant_sink_write(sink, text, nbytes, error);
    }
    free(text);
    quant_shard_index_release(&index);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_record(go, data, size);
    return 0;
}
