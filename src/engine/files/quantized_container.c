/* SPDX-License-Identifier: MIT */
/* The size comes first: a file that was cut is best described by it. */
#include "engine/files/quantized_container.h"

#include "base/error.h"
#include "engine/files/tensor_copy.h"
#include "io/io.h"

static enum quant_status check_size(const struct quant_source *source,
                                    const struct quant_sidecar_head *head,
                                    struct quant_error *error)
{
    if (source->size == head->data_nbytes)
        return QUANT_OK;
    return quant_source_error(
        source, error, QUANT_CORRUPT, "its size is %llu, not %llu as in its sidecar",
        (unsigned long long)source->size, (unsigned long long)head->data_nbytes);
}

static enum quant_status check_header(const struct quant_container_input *input,
                                      const struct quant_sidecar_head *head,
                                      struct quant_error *error)
{
    struct quant_source *source = input->source;
    const struct quant_extent header = {0, head->header_nbytes};
    uint64_t digest = 0;
    if (header.nbytes != input->file->header_nbytes)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its header is not the one that its sidecar describes");
    const enum quant_status status = quant_tensor_copy(source, &header, NULL, 0, &digest, error);
    if (status == QUANT_OK && digest != head->header_xxh3_64)
        return quant_source_error(
            source, error, QUANT_CORRUPT,
            "the checksum of its header is %016llx, not %016llx as in its sidecar",
            (unsigned long long)digest, (unsigned long long)head->header_xxh3_64);
    return status;
}

enum quant_status
quant_quantized_container_open(struct quant_container_input *input, const char *path,
                               const struct quant_sidecar_head *head, const char *sidecar_path,
                               const struct quant_cancel *cancel, struct quant_error *error)
{
    const struct quant_format *format = quant_format_from_name(head->data_format);
    struct quant_source *source = NULL;
    enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status != QUANT_OK)
        return status;
    if (!format || !format->container)
        status = quant_source_error(source, error, QUANT_UNSUPPORTED,
                                    "its sidecar '%s' names an unknown format of many tensors: "
                                    "'%s'",
                                    sidecar_path, head->data_format);
    else if (source->positional)
        status = check_size(source, head, error);
    if (status != QUANT_OK) {
        quant_source_close(source);
        return status;
    }
    status = quant_container_input_open(input, source, format, cancel, error);
    if (status == QUANT_OK)
        status = check_size(input->source, head, error);
    return status == QUANT_OK ? check_header(input, head, error) : status;
}
