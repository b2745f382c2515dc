/* SPDX-License-Identifier: MIT */
/* Spools: temporary files without a name that are written once, and then read any number of times.
 * They disappear with the process. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "io/temporary.h"

enum quant_status quant_spool_begin(struct quant_file_output *spool, const char *name,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    int fd = -1;
    const enum quant_status status = quant_temporary_open(name, &fd, error);
    if (status == QUANT_OK)
        quant_output_init_spool(spool, fd, name, cancel);
    return status;
}

enum quant_status quant_spool_finish(struct quant_file_output *spool, struct quant_source **source,
                                     struct quant_error *error)
{
    const enum quant_status status =
        quant_input_open_file(spool->fd, spool->sink.name, &spool->cancel, source, error);
    if (status == QUANT_OK)
        spool->fd = -1; /* the source owns it now */
    return status;
}

/* The last byte is written first, so that the source has its size from the beginning. */
enum quant_status quant_spool_share(struct quant_file_output *spool, uint64_t nbytes,
                                    struct quant_source **source, struct quant_error *error)
{
    if (nbytes > 0) {
        const enum quant_status status =
            spool->sink.ops->write_at(&spool->sink, nbytes - 1, "", 1, error);
        if (status != QUANT_OK)
            return status;
    }
    const int fd = fcntl(spool->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return quant_error_system(error, errno, "cannot spool '%s' to a temporary file",
                                  spool->sink.name);
    const enum quant_status status =
        quant_input_open_file(fd, spool->sink.name, &spool->cancel, source, error);
    if (status != QUANT_OK)
        close(fd);
    return status;
}
