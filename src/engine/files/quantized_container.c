/* SPDX-License-Identifier: MIT */
/* The size comes first, then the checksum of the header, which is parsed only after that: a file
 * that was cut or changed is best described so. A stream has neither before it was copied. */
#include "engine/files/quantized_container.h"

#include "base/error.h"
#include "engine/files/layout_stored.h"
#include "engine/files/tensor_copy.h"
#include "formats/container.h"
#include "io/io.h"

static enum quant_status check_header(struct quant_source *source,
                                      const struct quant_tensor_file *file,
                                      const struct quant_sidecar_head *head,
                                      struct quant_error *error)
{
    const struct quant_extent header = {0, head->header_nbytes};
    uint64_t digest = 0;
    const enum quant_status status =
        file && file->format->container->digest_header
            ? file->format->container->digest_header(file, &digest, error)
            : quant_tensor_copy(source, &header, NULL, 0, &digest, error);
    if (status == QUANT_OK && digest != head->header_xxh3_64)
        return quant_source_error(
            source, error, QUANT_CORRUPT,
            "the checksum of its header is %016llx, not %016llx as in its sidecar",
            (unsigned long long)digest, (unsigned long long)head->header_xxh3_64);
    return status;
}

static enum quant_status check(struct quant_source *source, const struct quant_tensor_file *file,
                               const struct quant_sidecar_head *head, struct quant_error *error)
{
    if (source->size == head->data_nbytes)
        return check_header(source, file, head, error);
    return quant_source_error(
        source, error, QUANT_CORRUPT, "its size is %llu, not %llu as in its sidecar",
        (unsigned long long)source->size, (unsigned long long)head->data_nbytes);
}

/* Takes over source. */
static enum quant_status open_input(struct quant_container_input *input,
                                    struct quant_source *source, const struct quant_format *format,
                                    struct quant_sidecar_reader *reader,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    const struct quant_sidecar_head *head = quant_sidecar_tensors_head(reader);
    /* Some formats must be read for their header to be found. */
    const bool is_checked = source->positional && !format->container->digest_header;
    enum quant_status status = is_checked ? check(source, NULL, head, error) : QUANT_OK;
    if (status != QUANT_OK) {
        quant_source_close(source);
        return status;
    }
    status = quant_container_input_open(input, source, format, cancel, error);
    if (status == QUANT_OK && !is_checked)
        status = check(input->source, input->file, head, error);
    if (status == QUANT_OK && input->file->header_nbytes != head->header_nbytes)
        status = quant_source_error(input->source, error, QUANT_CORRUPT,
                                    "its header is not the one that its sidecar describes");
    return status == QUANT_OK ? quant_layout_view_stored(input, reader, error) : status;
}

enum quant_status
quant_quantized_container_open(struct quant_container_input *input, const char *path,
                               struct quant_sidecar_reader *reader, const char *sidecar_path,
                               const struct quant_cancel *cancel, struct quant_error *error)
{
    const struct quant_sidecar_head *head = quant_sidecar_tensors_head(reader);
    const struct quant_format *format = quant_format_from_name(head->data_format);
    struct quant_source *source = NULL;
    enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status != QUANT_OK)
        return status;
    if (format && format->container)
        return open_input(input, source, format, reader, cancel, error);
    status = quant_source_error(source, error, QUANT_UNSUPPORTED,
                                "its sidecar '%s' names an unknown format of many tensors: '%s'",
                                sidecar_path, head->data_format);
    quant_source_close(source);
    return status;
}
