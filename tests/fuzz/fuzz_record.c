/* SPDX-License-Identifier: MIT */
/* Reads, writes, reads and writes again. */
#include "fuzz_record.h"

#include <string.h>

/* An arena, a cJSON tree of 64 bytes for each value, and a scan's buffer of 64 KiB. What is written
 * can be longer than what is read: nine digits for one. */
enum { MEMORY_CONSTANT = 1 << 20, MEMORY_FACTOR = 512 };

static enum quant_status run(fuzz_record_fn *go, enum fuzz_source_kind kind, const uint8_t *data,
                             size_t size, size_t place, struct fuzz_sink *sink)
{
    struct fuzz_source memory;
    struct quant_error error = {.text = ""};
    struct quant_source *source = fuzz_source_open(&memory, kind, data, size, place);
    const enum quant_status status = go(source, fuzz_sink_open(sink), &error);
    if (status != QUANT_OK)
        FUZZ_CHECK(error.status == status && error.text[0] != '\0');
    return status;
}

void fuzz_check_record(fuzz_record_fn *go, const uint8_t *data, size_t size)
{
    enum { CHECKS = 3 };
    struct fuzz_sink first;
    struct fuzz_sink second;
    const uint64_t hash = fuzz_hash(data, size);
    const size_t place = (size_t)(hash % (size + 1));
    fuzz_memory_begin();
    if (run(go, FUZZ_WHOLE, data, size, size, &first) == QUANT_OK && fuzz_turn(hash, 0, CHECKS)) {
        FUZZ_CHECK(run(go, FUZZ_WHOLE, first.bytes, first.nbytes, 0, &second) == QUANT_OK);
        FUZZ_CHECK(first.nbytes == second.nbytes);
        FUZZ_CHECK(memcmp(first.bytes, second.bytes, first.nbytes) == 0);
        fuzz_sink_release(&second);
    }
    if (fuzz_turn(hash, 1, CHECKS)) {
        (void)run(go, FUZZ_CUT, data, size, place, &second);
        fuzz_sink_release(&second);
    }
    if (fuzz_turn(hash, 2, CHECKS)) {
        (void)run(go, FUZZ_CHANGED, data, size, place, &second);
        fuzz_sink_release(&second);
    }
    fuzz_sink_release(&first);
    fuzz_memory_check(MEMORY_CONSTANT + MEMORY_FACTOR * size);
}
