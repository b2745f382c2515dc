/* SPDX-License-Identifier: MIT */
/* All bytes of a source to a sink. */
#ifndef QUANT_IO_COPY_BYTES_H
#define QUANT_IO_COPY_BYTES_H

#include "base/sink.h"
#include "base/source.h"

/* In order, until the source ends. */
enum quant_status quant_copy_bytes(struct quant_source *source, struct quant_sink *sink,
                                   struct quant_error *error);

#endif
