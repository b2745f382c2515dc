/* SPDX-License-Identifier: MIT */
/* What a dequantization reads: the sidecar, the data held against it, the original. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/dequantize_inputs.h"
#include "engine/files/named_original.h"
#include "io/sidecar_names.h"
#include "methods/method.h"

/* ---- The sidecar ---- */

/* Without an option the sidecar is looked for beside the data, and its absence says that the
 * data was never finished; if there is data. */
static enum quant_status check_default_sidecar(const struct dequantization *run)
{
    struct stat status;
    if (access(run->sidecar_path, F_OK) == 0 || errno != ENOENT)
        return QUANT_OK; /* opening it will say what is wrong, if anything is */
    if (stat(run->job->path, &status) != 0)
        return quant_error_system(run->error, errno, "cannot read '%s'", run->job->path);
    if (S_ISDIR(status.st_mode))
        return quant_error_set(run->error, QUANT_IO, "cannot read '%s': it is a directory",
                               run->job->path);
    return quant_error_set(run->error, QUANT_IO,
                           "'%s' is not quantized yet, or unfinished: there is no sidecar '%s'; if "
                           "it is elsewhere, give '--sidecar FILE'",
                           run->job->path, run->sidecar_path);
}

/* The pending one if the data is that of it. */
static enum quant_status choose_sidecar(struct dequantization *run)
{
    char *pending = NULL;
    if (quant_path_is_stream(run->job->path) || quant_path_is_stream(run->sidecar_path))
        return QUANT_OK;
    enum quant_status status =
        quant_pair_mark(run->job->path, run->sidecar_path, &run->mark, run->error);
    if (status == QUANT_OK && run->mark.pending.st_ino != 0)
        status = quant_pair_find_pending(run->job->path, run->sidecar_path,
                                         &run->job->control.cancel, &pending, run->error);
    if (pending) {
        free(run->sidecar_path);
        run->sidecar_path = pending;
    }
    return status;
}

enum quant_status quant_dequantization_find_sidecar(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    if (!job->sidecar && quant_path_is_stream(job->path))
        return quant_error_set(run->error, QUANT_INVALID,
                               "'%s' is a stream, which cannot have a sidecar beside it; give "
                               "'--sidecar FILE'",
                               job->path);
    run->sidecar_path = job->sidecar ? strdup(job->sidecar) : quant_sidecar_default(job->path);
    if (!run->sidecar_path)
        return quant_error_no_memory(run->error, strlen(job->path) + 6, "path");
    const enum quant_status status = choose_sidecar(run);
    return status == QUANT_OK && !job->sidecar ? check_default_sidecar(run) : status;
}

static bool is_marked(const struct dequantization *run)
{
    return !run->mark.pending_path || quant_pair_is_marked(run->job->path, &run->mark);
}

enum quant_status quant_dequantization_check_pair(struct dequantization *run)
{
    run->is_checked = true;
    run->is_replaced = !is_marked(run);
    return run->is_replaced
               ? quant_error_set(run->error, QUANT_CORRUPT, "'%s' was replaced while it was opened",
                                 run->job->path)
               : QUANT_OK;
}

bool quant_dequantization_is_replaced(const struct dequantization *run, enum quant_status status)
{
    if (status == QUANT_OK || quant_is_fatal(status))
        return false;
    return run->is_checked ? run->is_replaced : !is_marked(run);
}

/* What only those know who know the methods. A method of a later version is taken as it is, as long
 * as it has no argument. */
static enum quant_status check_method(const struct dequantization *run,
                                      const struct quant_source *source)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    const struct quant_calibration *method = quant_calibration_from_name(sidecar->method);
    const bool takes_argument = method && method->argument;
    if (takes_argument == sidecar->has_argument)
        return QUANT_OK;
    return quant_source_error(
        source, run->error, QUANT_CORRUPT, "not a valid sidecar: the calibration method '%s' %s",
        sidecar->method, takes_argument ? "has no 'argument'" : "takes no 'argument'");
}

enum quant_status quant_dequantization_open_sidecar(struct dequantization *run)
{
    const struct quant_cancel *cancel = &run->job->control.cancel;
    const enum quant_status status =
        run->job->sidecar
            ? quant_input_open(run->sidecar_path, cancel, &run->sidecar_source, run->error)
            : quant_input_open_regular(run->sidecar_path, cancel, &run->sidecar_source, run->error);
    return status == QUANT_OK
               ? quant_sidecar_tensors_open(run->sidecar_source, &run->tensors, run->error)
               : status;
}

enum quant_status quant_dequantization_read_sidecar(struct dequantization *run)
{
    const enum quant_status status =
        quant_sidecar_parse(run->sidecar_source, &run->sidecar, run->error);
    return status == QUANT_OK ? check_method(run, run->sidecar_source) : status;
}

/* ---- The data ---- */

static enum quant_status differs(const struct dequantization *run, const char *what,
                                 unsigned long long found, unsigned long long expected)
{
    return quant_source_error(run->source, run->error, QUANT_CORRUPT,
                              "its %s is %llu, not %llu as in its sidecar", what, found, expected);
}

static enum quant_status check_shape(const struct dequantization *run,
                                     const struct quant_reader *reader, const char *what)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    char found[QUANT_SHAPE_TEXT];
    char expected[QUANT_SHAPE_TEXT];
    if (reader->knowledge != QUANT_SHAPE_KNOWN)
        return QUANT_OK; /* asked again at the end */
    if (!quant_shape_equal(&reader->shape, &sidecar->shape))
        return quant_source_error(reader->source, run->error, QUANT_CORRUPT,
                                  "its shape is %s, not %s as in %s",
                                  quant_shape_text(&reader->shape, found),
                                  quant_shape_text(&sidecar->shape, expected), what);
    if (reader->order != sidecar->order && quant_shape_has_order(&sidecar->shape) &&
        !reader->format->takes_raw_options)
        return quant_source_error(reader->source, run->error, QUANT_CORRUPT,
                                  "its order differs from that in %s", what);
    return QUANT_OK;
}

enum quant_status quant_dequantization_open_data(struct dequantization *run)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    enum quant_status status =
        quant_input_open(run->job->path, &run->job->control.cancel, &run->source, run->error);
    if (status != QUANT_OK)
        return status;
    if (run->source->size != QUANT_SIZE_UNKNOWN && run->source->size != sidecar->data_bytes)
        return differs(run, "size", run->source->size, sidecar->data_bytes);
    const struct quant_format *format = quant_format_from_name(sidecar->data.format);
    if (!format)
        return quant_source_error(run->source, run->error, QUANT_UNSUPPORTED,
                                  "its sidecar '%s' names an unknown format: '%s'",
                                  run->sidecar_path, sidecar->data.format);
    status = quant_checksum_source_init(&run->checksum, run->source, run->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_read_request request = {
        .deliver = sidecar->params.dtype,
        .raw_dtype = sidecar->params.dtype,
        .shape = &sidecar->shape,
        .order = sidecar->order,
    };
    status = format->open_reader(&run->checksum.source, &request, &run->reader, run->error);
    if (status == QUANT_OK && run->source->ops->forward_only)
        run->source->ops->forward_only(run->source);
    return status == QUANT_OK ? check_shape(run, run->reader, "its sidecar") : status;
}

enum quant_status quant_dequantization_check_data(struct dequantization *run)
{
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    enum quant_status status =
        quant_checksum_source_finish(&run->checksum, &digest, &nbytes, run->error);
    if (status == QUANT_OK)
        status = check_shape(run, run->reader, "its sidecar");
    if (status == QUANT_OK && nbytes != run->sidecar.data_bytes)
        return differs(run, "size", nbytes, run->sidecar.data_bytes);
    if (status == QUANT_OK && digest != run->sidecar.data_xxh3_64)
        return quant_source_error(run->source, run->error, QUANT_CORRUPT,
                                  "its checksum is %016llx, not %016llx as in its sidecar",
                                  (unsigned long long)digest,
                                  (unsigned long long)run->sidecar.data_xxh3_64);
    return status;
}

/* ---- The original ---- */

/* Whether a file of the format and type that the sidecar names does not state its type itself: then
 * the sidecar has it, whatever the file's extension says. */
static bool source_needs_dtype(const struct quant_sidecar *sidecar)
{
    const struct quant_format *format = quant_format_from_name(sidecar->source.format);
    const enum quant_dtype dtype = sidecar->source_dtype;
    return format && (format->takes_raw_options || dtype == QUANT_BFLOAT16 ||
                      quant_dtype_info(dtype)->bits == 8);
}

/* The file that the caller names, or the one that the sidecar names. */
static enum quant_status name_original(struct dequantization *run, struct quant_input *original)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    *original = run->job->against;
    original->shape = NULL;
    if (original->path)
        return QUANT_OK;
    if (!sidecar->source.path)
        return quant_error_set(run->error, QUANT_INVALID,
                               "the sidecar '%s' names no original; give it with '--against FILE'",
                               run->sidecar_path);
    run->original_path = quant_path_beside(sidecar->source.path, run->sidecar_path);
    if (!run->original_path)
        return quant_error_no_memory(run->error, strlen(sidecar->source.path), "path");
    const enum quant_status status =
        quant_named_original_check(run->original_path, run->sidecar_path, run->error);
    if (status != QUANT_OK)
        return status;
    original->path = run->original_path;
    if (!original->format) {
        original->format = sidecar->source.format;
        if (!original->dtype && source_needs_dtype(sidecar))
            original->dtype = sidecar->source_dtype;
    }
    return QUANT_OK;
}

enum quant_status quant_dequantization_open_original(struct dequantization *run)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    const struct quant_format *source_format = quant_format_from_name(sidecar->source.format);
    struct quant_read_request raw_defaults = {.shape = &sidecar->shape};
    if (source_format && source_format->takes_raw_options) {
        raw_defaults.raw_dtype = sidecar->source_dtype;
        raw_defaults.byte_order = sidecar->source_byte_order;
    }
    struct quant_input original;
    enum quant_status status = name_original(run, &original);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run->original, &original, &raw_defaults,
                                   &run->job->control.cancel, run->error);
    if (status == QUANT_OK && run->original.source->ops->forward_only)
        run->original.source->ops->forward_only(run->original.source);
    return status == QUANT_OK ? check_shape(run, run->original.reader, "the quantized tensor")
                              : status;
}

enum quant_status quant_dequantization_finish_original(struct dequantization *run)
{
    struct quant_reader *reader = run->original.reader;
    float x;
    size_t count = 0;
    const enum quant_status status = run->run.reads_by_position
                                         ? QUANT_OK
                                         : reader->ops->read(reader, &x, 1, &count, run->error);
    if (status == QUANT_OK && count > 0)
        return quant_source_error(run->original.source, run->error, QUANT_CORRUPT,
                                  "it has more elements than the quantized tensor");
    return status == QUANT_OK ? check_shape(run, reader, "the quantized tensor") : status;
}

void quant_dequantization_close_inputs(struct dequantization *run)
{
    quant_tensor_close(&run->original);
    free(run->original_path);
    if (run->reader)
        run->reader->ops->close(run->reader);
    quant_checksum_source_release(&run->checksum);
    quant_source_close(run->source);
    quant_group_source_release(&run->groups);
    quant_sidecar_release(&run->sidecar);
    quant_sidecar_tensors_close(run->tensors);
    quant_source_close(run->sidecar_source);
    free(run->sidecar_path);
    quant_pair_mark_release(&run->mark);
}
