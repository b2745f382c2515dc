/* SPDX-License-Identifier: MIT */
/* Spools: temporary files without a name that are written once, and then read any number of times.
 * They disappear with the process. */

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
