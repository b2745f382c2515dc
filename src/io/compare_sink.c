/* SPDX-License-Identifier: MIT */
#include "io/compare_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_bytes(const struct quant_compare_sink *compare, uint64_t offset,
                      const unsigned char *bytes, size_t nbytes)
{
    unsigned char found[32 << 10];
    while (nbytes > 0) {
        const size_t n = nbytes < sizeof found ? nbytes : sizeof found;
        const ssize_t count = pread(compare->fd, found, n, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 || memcmp(found, bytes, (size_t)count) != 0)
            return false;
        bytes += count;
        nbytes -= (size_t)count;
        offset += (uint64_t)count;
    }
    return true;
}

static enum quant_status compare_write_at(struct quant_sink *sink, uint64_t offset,
                                          const void *bytes, size_t nbytes,
                                          struct quant_error *error)
{
    struct quant_compare_sink *compare = (struct quant_compare_sink *)sink;
    uint_fast64_t end = atomic_load(&compare->end);
    while (end < offset + nbytes &&
           !atomic_compare_exchange_weak(&compare->end, &end, offset + nbytes))
        ;
    if (has_bytes(compare, offset, bytes, nbytes))
        return QUANT_OK;
    atomic_store(&compare->differs, true);
    return quant_sink_error(sink, error, QUANT_EXISTS, "it holds other bytes");
}

static enum quant_status compare_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                       struct quant_error *error)
{
    struct quant_compare_sink *compare = (struct quant_compare_sink *)sink;
    const uint64_t offset = compare->position;
    compare->position += nbytes;
    return compare_write_at(sink, offset, bytes, nbytes, error);
}

static const struct quant_sink_ops compare_ops = {.write = compare_write,
                                                  .write_at = compare_write_at};

bool quant_compare_sink_open(struct quant_compare_sink *compare, const char *path)
{
    struct stat status;
    *compare = (struct quant_compare_sink){.sink = {&compare_ops, path}, .fd = -1};
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    compare->fd = open(path, O_RDONLY | O_CLOEXEC);
    compare->size = (uint64_t)status.st_size;
    return compare->fd >= 0;
}

void quant_compare_sink_close(struct quant_compare_sink *compare)
{
    if (compare->fd >= 0)
        close(compare->fd);
    compare->fd = -1;
}
