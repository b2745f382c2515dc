/* SPDX-License-Identifier: MIT */
/* The passes of a quantization: over the elements once to find the range, where one is wanted, and
 * once to map them. */
#include "core/observed.h"
#include "engine/tensor/quantization.h"
#include "engine/tensor/scan_choose.h"
#include "engine/work/chunks.h"

static enum quant_status check_finite(const struct quantization *run)
{
    return quant_check_finite(&run->tensor, &run->result->observed, run->job->spec.nonfinite,
                              "quantize", "maps them", run->error);
}

/* ---- The steps of the passes ---- */

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (run->is_loaded)
        return QUANT_OK;
    if (run->has_groups)
        return quant_group_pass_load(&run->groups, run->tensor.reader, chunk, bench, error);
    return quant_reader_load(run->tensor.reader, run->reads_by_position, chunk, bench->x,
                             bench->stage, error);
}

static enum quant_status quantize_groups(struct quantization *run, struct quant_chunk *chunk,
                                         struct quant_error *error)
{
    struct quant_workbench *bench = &run->benches[chunk->worker];
    const struct quant_group_bench *own = &run->groups.benches[chunk->worker];
    const float *x = bench->x + own->lead;
    const enum quant_status status =
        quant_group_pass_calibrate(&run->groups, chunk, bench->x, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_group_part part = quant_group_pass_part(&run->groups, chunk);
    bench->observed = own->observed;
    quant_quantize_groups(&run->result->choice.params, part.grouping, &part.params, chunk->first, x,
                          chunk->count, bench->q);
    if (run->job->measure)
        quant_measure_part_take_groups(bench->part, &run->measure, &part, x, bench->q,
                                       chunk->count);
    return QUANT_OK;
}

/* Without a scan before it, this pass observes as well. */
static enum quant_status quantize(void *context, struct quant_chunk *chunk,
                                  struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (run->has_groups)
        return quantize_groups(run, chunk, error);
    if (!run->scans_first) {
        bench->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
        quant_observe(&bench->observed, bench->x, chunk->count);
    }
    quant_quantize(&run->result->choice.params, bench->x, chunk->count, bench->q);
    if (run->job->measure)
        quant_measure_part_take(bench->part, &run->measure, bench->x, bench->q, chunk->count);
    return QUANT_OK;
}

/* After the first non-finite element that is not allowed, elements are only counted on. */
static bool is_spoiled(const struct quantization *run)
{
    return run->result->observed.nonfinite > 0 &&
           run->job->spec.nonfinite != QUANT_NONFINITE_SATURATE;
}

static enum quant_status emit(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (!run->scans_first)
        quant_observed_join(&run->result->observed, &bench->observed);
    quant_progress_add(&run->progress, chunk->count);
    if (is_spoiled(run))
        return QUANT_OK;
    if (run->job->measure)
        quant_measure_join(&run->measure, bench->part);
    if (run->has_groups) {
        const enum quant_status status = quant_group_pass_deliver(
            &run->groups, chunk, run->only_measures ? NULL : &run->store, error);
        if (status != QUANT_OK)
            return status;
    }
    if (run->only_measures)
        return QUANT_OK;
    if (!run->writes_by_position)
        return run->writer->ops->write(run->writer, bench->q, chunk->count, error);
    const enum quant_dtype dtype = run->writer->dtype;
    quant_checksum_sink_update(&run->checksum, bench->q,
                               (size_t)quant_dtype_bytes(dtype, chunk->count));
    return QUANT_OK;
}

static enum quant_status write_by_position(void *context, struct quant_chunk *chunk,
                                           struct quant_error *error)
{
    struct quantization *run = context;
    return quant_writer_write_at(run->writer, &run->data.sink, chunk->first,
                                 run->benches[chunk->worker].q, chunk->count, error);
}

/* ---- The passes ---- */

/* So many elements are in hand at most. */
static size_t bench_capacity(const struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    if (run->has_groups)
        return quant_group_window(&run->groups);
    return run->reads_by_position && reader->nelems < QUANT_CHUNK ? (size_t)reader->nelems
                                                                  : QUANT_CHUNK;
}

static enum quant_status make_benches(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const struct quant_workbench_needs needs = {.x = true, .part = run->job->measure};
    run->reads_by_position = quant_reader_is_positional(reader);
    run->workers =
        run->reads_by_position ? quant_chunk_workers(run->job->threads, reader->nelems) : 1;
    if (run->has_groups && run->job->measure && !run->groups.is_near)
        run->workers = quant_group_workers(&run->groups.grouping, run->workers);
    run->benches = quant_workbenches_new(run->workers, bench_capacity(run), &needs, run->error);
    if (!run->benches)
        return QUANT_NO_MEMORY;
    return run->has_groups ? quant_group_pass_make_benches(&run->groups, run->workers,
                                                           run->job->measure, run->error)
                           : QUANT_OK;
}

static struct quant_scan make_scan(struct quantization *run)
{
    return (struct quant_scan){
        .tensor = &run->tensor,
        .by_position = run->reads_by_position,
        .benches = run->benches,
        .workers = run->workers,
        .progress = &run->progress,
    };
}

static enum quant_status scan_groups(struct quantization *run, const struct quant_scan *scan)
{
    const struct quant_group_pass *groups = &run->groups;
    run->progress.ahead = groups->grouping.nelems;
    if (groups->is_near)
        quant_progress_begin_pass(&run->progress, groups->grouping.nelems, run->progress.ahead);
    enum quant_status status =
        groups->is_near
            ? quant_scan_observe(scan, &run->result->observed, run->error)
            : quant_group_pass_scan(&run->groups, scan, &run->result->observed, run->error);
    if (status == QUANT_OK)
        status = check_finite(run);
    if (status == QUANT_OK && !groups->is_near && !run->only_measures)
        status = quant_group_store_append(&run->store, groups->all.scales, groups->all.zero_points,
                                          (size_t)groups->grouping.count, run->error);
    return status;
}

/* Of a tensor whose number of elements only its end gives, nothing is known yet. */
static void begin_scan(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const struct quant_spec *spec = &run->job->spec;
    const unsigned passes = quant_spec_needs_range(spec) ? quant_calibration_passes(spec) : 0;
    if (reader->knowledge == QUANT_SHAPE_KNOWN)
        quant_progress_begin_pass(&run->progress, reader->nelems, reader->nelems * (passes + 1));
}

static enum quant_status scan_first(struct quantization *run)
{
    const struct quant_scan scan = make_scan(run);
    if (run->has_groups)
        return scan_groups(run, &scan);
    begin_scan(run);
    const enum quant_status status = quant_scan_observe(&scan, &run->result->observed, run->error);
    run->is_loaded = run->reads_by_position && run->tensor.reader->nelems <= QUANT_CHUNK;
    return status == QUANT_OK ? check_finite(run) : status;
}

static enum quant_status choose(struct quantization *run)
{
    struct quant_quantize_result *result = run->result;
    if (run->has_groups) {
        result->choice = run->groups.calibration.nothing;
        if (run->job->measure)
            quant_measure_init_groups(&run->measure, &result->choice.params);
        return QUANT_OK;
    }
    const struct quant_scan scan = make_scan(run);
    const struct quant_observed *observed = run->scans_first ? &result->observed : NULL;
    run->progress.ahead = observed ? observed->count : 0; /* the pass that quantizes */
    const enum quant_status status =
        quant_scan_choose(&scan, &run->job->spec, observed, &result->choice, run->error);
    if (status == QUANT_OK && run->job->measure)
        quant_measure_init(&run->measure, &result->choice.params);
    return status;
}

static enum quant_status open_writer(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const enum quant_status status =
        run->format->open_writer(&run->checksum.sink, run->result->choice.params.dtype,
                                 &reader->shape, reader->order, &run->writer, run->error);
    if (status != QUANT_OK)
        return status;
    run->writes_by_position =
        quant_reader_is_positional(reader) && run->writer->is_flat && run->data.sink.ops->write_at;
    if (run->writes_by_position)
        quant_writer_expect(run->writer, &run->data.sink, reader->nelems);
    return QUANT_OK;
}

/* Streams are written by the thread that was called: a signal wakes it when they are full. */
static enum quant_status apply(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    enum quant_status status = run->only_measures ? QUANT_OK : open_writer(run);
    if (status != QUANT_OK)
        return status;
    const struct quant_chunk_pass pass = {
        .by_position = run->reads_by_position,
        .nelems = reader->nelems,
        .threads = run->writes_by_position || run->only_measures ? run->workers : 1,
        .context = run,
        .load = load,
        .work = quantize,
        .deliver = emit,
        .finish = run->writes_by_position ? write_by_position : NULL,
    };
    if (run->scans_first || reader->knowledge == QUANT_SHAPE_KNOWN)
        quant_progress_begin_pass(&run->progress, reader->nelems, 0);
    status = quant_chunk_pass_run(&pass, run->error);
    if (status == QUANT_OK)
        status = check_finite(run);
    if (status == QUANT_OK && run->writer)
        status = run->writer->ops->finish(run->writer, run->error);
    return status;
}

enum quant_status quant_quantization_make_passes(struct quantization *run)
{
    enum quant_status status = make_benches(run);
    if (status == QUANT_OK && run->scans_first)
        status = scan_first(run);
    if (status == QUANT_OK)
        status = choose(run);
    return status == QUANT_OK ? apply(run) : status;
}
