/* SPDX-License-Identifier: MIT */
/* Where originals come from. */
#include "engine/files/original_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/named_original.h"
#include "io/io.h"

static enum quant_status name_it(struct quant_original_container *original,
                                 const struct quant_dequantize_job *job,
                                 const struct quant_sidecar_head *head, const char *sidecar_path,
                                 struct quant_input *input, struct quant_error *error)
{
    *input = job->against;
    input->shape = NULL;
    if (input->path)
        return QUANT_OK;
    if (!head)
        return quant_error_set(error, QUANT_INVALID, "'%s' names no original; --against names one",
                               job->path);
    if (!head->source_path)
        return quant_error_set(error, QUANT_INVALID,
                               "the sidecar '%s' names no original; --against names one",
                               sidecar_path);
    original->path = quant_path_beside(head->source_path, sidecar_path);
    if (!original->path)
        return quant_error_no_memory(error, strlen(head->source_path), "path");
    input->path = original->path;
    if (!input->format)
        input->format = head->source_format;
    return quant_named_original_check(original->path, sidecar_path, error);
}

enum quant_status quant_original_container_open(struct quant_original_container *original,
                                                const struct quant_dequantize_job *job,
                                                const struct quant_sidecar_head *head,
                                                const char *sidecar_path, struct quant_error *error)
{
    struct quant_input input;
    struct quant_tensor *single = &original->single;
    enum quant_status status = name_it(original, job, head, sidecar_path, &input, error);
    if (status == QUANT_OK)
        status = quant_tensor_recognize(single, &input, &job->control.cancel, error);
    if (status != QUANT_OK || !single->format->container)
        return status == QUANT_OK
                   ? quant_tensor_open_reader(single, &input, NULL, &job->control.cancel, error)
                   : status;
    struct quant_source *source = single->source;
    const struct quant_format *format = single->format;
    *single = (struct quant_tensor){.source = NULL};
    return quant_container_input_open(&original->input, source, format, &job->control.cancel,
                                      error);
}

static enum quant_status check_shape(const struct quant_tensor *tensor,
                                     const struct quant_restored_tensor *restored,
                                     struct quant_error *error)
{
    const struct quant_shape *found = &tensor->reader->shape;
    const struct quant_shape expected = quant_shape_of(restored->dims, restored->ndim);
    char one[QUANT_SHAPE_TEXT];
    char other[QUANT_SHAPE_TEXT];
    if (tensor->reader->knowledge != QUANT_SHAPE_KNOWN)
        return QUANT_OK;
    if (quant_shape_equal(found, &expected) && tensor->reader->order != restored->order &&
        quant_shape_has_order(found) && !tensor->reader->format->takes_raw_options)
        return quant_source_error(tensor->source, error, QUANT_CORRUPT,
                                  "its order differs from that in the quantized tensor");
    if (quant_shape_equal(found, &expected))
        return QUANT_OK;
    return quant_source_error(tensor->source, error, QUANT_CORRUPT,
                              "its shape is %s, not %s as in the quantized tensor",
                              quant_shape_text(found, one), quant_shape_text(&expected, other));
}

enum quant_status quant_original_container_tensor(struct quant_original_container *original,
                                                  const char *name,
                                                  const struct quant_restored_tensor *restored,
                                                  struct quant_tensor *tensor,
                                                  struct quant_error *error)
{
    struct quant_tensor_file *file = original->input.file;
    enum quant_status status = QUANT_OK;
    size_t index = 0;
    if (!file) {
        *tensor = original->single;
    } else if (!quant_tensor_file_find(file, name, &index)) {
        status =
            quant_source_error(file->source, error, QUANT_CORRUPT,
                               "it has no tensor '%.200s', which the quantized file has", name);
    } else {
        status = quant_tensor_file_open_tensor(file, index, QUANT_FLOAT32, &tensor->source,
                                               &tensor->reader, error);
    }
    return status == QUANT_OK ? check_shape(tensor, restored, error) : status;
}

void quant_original_container_close_tensor(struct quant_original_container *original,
                                           struct quant_tensor *tensor)
{
    if (original->input.file)
        quant_tensor_close(tensor);
    *tensor = (struct quant_tensor){.source = NULL};
}

enum quant_status
quant_original_container_check_unchanged(const struct quant_original_container *original,
                                         struct quant_error *error)
{
    if (original->input.file)
        return quant_container_input_finish(&original->input, error);
    struct quant_source *source = original->single.source;
    return source ? quant_source_check_unchanged(source, error) : QUANT_OK;
}

void quant_original_container_close(struct quant_original_container *original)
{
    quant_container_input_close(&original->input);
    quant_tensor_close(&original->single);
    free(original->path);
    original->path = NULL;
}
