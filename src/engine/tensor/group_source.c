/* SPDX-License-Identifier: MIT */
/* A file of records is gone through once to check it; then its records are read
 * again for each chunk, or stay in memory where every chunk may need any of them. */
#include "engine/tensor/group_source.h"

#include <quant/profiles.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/grouping.h"
#include "core/group_params.h"
#include "core/group_sums.h"
#include "io/checksum.h"
#include "io/pending.h"

enum { RECORDS_AT_A_TIME = 4096 };

/* What the numbers of a file must be. */
struct limits {
    bool is_integer; /* else zero points are 0 */
    bool any_scale;  /* else scales are above 0 */
};

static bool is_scale(const struct limits *limits, float scale)
{
    return isfinite(scale) && (limits->any_scale || scale > 0);
}

/* Returns how many of the first n groups are fine before the first that is not. */
static size_t count_fine(const struct quant_group_params *groups, size_t n,
                         const struct limits *limits)
{
    for (size_t i = 0; i < n; i++)
        if (!is_scale(limits, groups->scales[i]) ||
            (!limits->is_integer && groups->zero_points[i] != 0) ||
            (groups->biases && !isfinite(groups->biases[i])))
            return i;
    return n;
}

/* Room on the stack for some groups, or where all of them are kept. */
struct room {
    float scales[RECORDS_AT_A_TIME];
    int32_t zero_points[RECORDS_AT_A_TIME];
    float biases[RECORDS_AT_A_TIME];
};

static struct quant_group_params place_of(const struct quant_group_source *groups, uint64_t first,
                                          struct room *room)
{
    if (groups->all.scales)
        return quant_group_params_from(&groups->all, first);
    return (struct quant_group_params){.first = first,
                                       .scales = room->scales,
                                       .zero_points = room->zero_points,
                                       .biases = groups->layout.has_biases ? room->biases : NULL};
}

static enum quant_status not_fine(const struct quant_group_source *groups, uint64_t group,
                                  struct quant_error *error)
{
    return quant_source_error(groups->source, error, QUANT_CORRUPT,
                              groups->layout.has_biases
                                  ? "group %llu needs a finite scale and a finite bias"
                                  : "group %llu needs a finite scale above 0, and a zero point "
                                    "within 32 bits",
                              (unsigned long long)group);
}

/* ---- Opening ---- */

static enum quant_status differs(const struct quant_group_source *groups, const char *what,
                                 uint64_t found, uint64_t expected, struct quant_error *error)
{
    return quant_source_error(groups->source, error, QUANT_CORRUPT,
                              "its %s is %llu, not %llu as in the sidecar", what,
                              (unsigned long long)found, (unsigned long long)expected);
}

static enum quant_status read_all(struct quant_group_source *groups,
                                  struct quant_checksum_source *checksum,
                                  const struct limits *limits, struct quant_error *error)
{
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    const size_t size = quant_scale_record_size(&groups->layout);
    struct room room;
    const uint64_t count = groups->grouping.count;
    for (uint64_t first = 0; first < count; first += RECORDS_AT_A_TIME) {
        const size_t n =
            count - first < RECORDS_AT_A_TIME ? (size_t)(count - first) : RECORDS_AT_A_TIME;
        const enum quant_status status =
            quant_source_read_exactly(&checksum->source, size * first, records, size * n, error);
        if (status != QUANT_OK)
            return status;
        const struct quant_group_params some = place_of(groups, first, &room);
        quant_scale_records_decode(&groups->layout, records, n, &some);
        const size_t fine = count_fine(&some, n, limits);
        if (fine < n)
            return not_fine(groups, first + fine, error);
    }
    return QUANT_OK;
}

static enum quant_status check_file(struct quant_group_source *groups,
                                    const struct quant_sidecar *sidecar, struct quant_error *error)
{
    const struct quant_sidecar_groups *expected = &sidecar->groups;
    const struct limits limits = {quant_dtype_info(sidecar->params.dtype)->is_integer,
                                  groups->any_scale};
    struct quant_checksum_source checksum = {.state = NULL};
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    enum quant_status status = quant_checksum_source_init(&checksum, groups->source, error);
    if (status == QUANT_OK)
        status = read_all(groups, &checksum, &limits, error);
    if (status == QUANT_OK)
        status = quant_checksum_source_finish(&checksum, &digest, &nbytes, error);
    if (status == QUANT_OK && nbytes != expected->bytes)
        status = differs(groups, "size", nbytes, expected->bytes, error);
    if (status == QUANT_OK && digest != expected->xxh3_64)
        status =
            quant_source_error(groups->source, error, QUANT_CORRUPT,
                               "its checksum is %016llx, not %016llx as in the sidecar",
                               (unsigned long long)digest, (unsigned long long)expected->xxh3_64);
    quant_checksum_source_release(&checksum);
    return status;
}

/* Groups that are far apart are needed all the time. */
static enum quant_status make_room(struct quant_group_source *groups, struct quant_error *error)
{
    const uint64_t count = groups->grouping.count;
    if (groups->grouping.panel <= QUANT_CHUNK)
        return QUANT_OK;
    groups->owns_all = true;
    return quant_group_params_init(&groups->all, count, false, groups->layout.has_biases)
               ? QUANT_OK
               : quant_error_no_memory(error, (size_t)count * QUANT_SCALE_RECORD_MOST, "scales");
}

static enum quant_status take_file(struct quant_group_source *groups,
                                   const struct quant_sidecar *sidecar, struct quant_error *error)
{
    if (!groups->source->positional)
        return quant_source_error(groups->source, error, QUANT_UNSUPPORTED,
                                  "scales need a regular file, since they are read by position");
    /* Before memory is taken for them: a header is not to be trusted. */
    if (groups->source->size != sidecar->groups.bytes)
        return differs(groups, "size", groups->source->size, sidecar->groups.bytes, error);
    const enum quant_status room = make_room(groups, error);
    return room == QUANT_OK ? check_file(groups, sidecar, error) : room;
}

static bool has_digest(struct quant_source *source, const struct quant_sidecar_groups *expected)
{
    struct quant_checksum_source checksum = {.state = NULL};
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    const bool is_read =
        source->positional && source->size == expected->bytes &&
        quant_checksum_source_init(&checksum, source, NULL) == QUANT_OK &&
        quant_checksum_source_finish(&checksum, &digest, &nbytes, NULL) == QUANT_OK;
    quant_checksum_source_release(&checksum);
    return is_read && digest == expected->xxh3_64;
}

/* While another process replaces the files, this one may still have its pending name
 * (io/pending.h). If that is gone before it is opened, the file has its own name. */
static bool open_pending(struct quant_group_source *groups, const struct quant_sidecar *sidecar,
                         const struct quant_cancel *cancel)
{
    char *own = groups->path;
    groups->path = quant_pending_name(own);
    if (groups->path &&
        quant_input_open_regular(groups->path, cancel, &groups->source, NULL) == QUANT_OK &&
        has_digest(groups->source, &sidecar->groups)) {
        free(own);
        return true;
    }
    quant_source_close(groups->source);
    groups->source = NULL;
    free(groups->path);
    groups->path = own;
    return false;
}

static enum quant_status open_file(struct quant_group_source *groups,
                                   const struct quant_sidecar *sidecar, const char *sidecar_path,
                                   const struct quant_cancel *cancel, struct quant_error *error)
{
    groups->path = quant_path_beside(sidecar->groups.path, sidecar_path);
    if (!groups->path)
        return quant_error_no_memory(error, strlen(sidecar->groups.path), "path");
    groups->any_scale = quant_params_take_any_scale(&sidecar->params);
    groups->layout =
        (struct quant_scale_records){sidecar->params.scale_dtype, sidecar->groups.has_zero_points,
                                     quant_params_have_biases(&sidecar->params)};
    const enum quant_status status =
        open_pending(groups, sidecar, cancel)
            ? QUANT_OK
            : quant_input_open_regular(groups->path, cancel, &groups->source, error);
    return status == QUANT_OK ? take_file(groups, sidecar, error) : status;
}

enum quant_status quant_group_source_open(struct quant_group_source *groups,
                                          const struct quant_sidecar *sidecar,
                                          const char *sidecar_path,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error)
{
    const struct quant_granularity granularity = quant_granularity_again(
        sidecar->groups.axis, sidecar->groups.block_size, sidecar->groups.block_rows);
    const enum quant_status status = quant_grouping_make(&granularity, &sidecar->shape,
                                                         sidecar->order, &groups->grouping, error);
    if (status != QUANT_OK)
        return status;
    if (sidecar->groups.path)
        return open_file(groups, sidecar, sidecar_path, cancel, error);
    groups->all = (struct quant_group_params){.scales = sidecar->groups.scales,
                                              .zero_points = sidecar->groups.zero_points,
                                              .biases = sidecar->groups.biases};
    return QUANT_OK;
}

/* ---- Two tensors of a container ---- */

/* n numbers of the type of scales. */
static enum quant_status read_column(const struct quant_group_source *groups,
                                     struct quant_source *source, uint64_t first, size_t n,
                                     unsigned char *bytes, float *numbers,
                                     struct quant_error *error)
{
    const enum quant_dtype dtype = groups->layout.dtype;
    const uint64_t size = quant_dtype_bytes(dtype, 1);
    const enum quant_status status =
        quant_source_read_exactly(source, size * first, bytes, (size_t)size * n, error);
    if (status == QUANT_OK)
        quant_scale_column_decode(dtype, bytes, n, numbers);
    return status;
}

static enum quant_status read_zero_points(struct quant_source *source, uint64_t first, size_t n,
                                          unsigned char *bytes, int32_t *zero_points,
                                          struct quant_error *error)
{
    const enum quant_status status =
        quant_source_read_exactly(source, 4 * first, bytes, 4 * n, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        zero_points[i] = (int32_t)quant_load_32(bytes + 4 * i, false);
    return status;
}

/* Reads n groups from to->first on into *to; bytes has room for n records. */
static enum quant_status read_columns(const struct quant_group_source *groups,
                                      struct quant_source *scales_source,
                                      struct quant_source *zero_points_source, size_t n,
                                      unsigned char *bytes, const struct quant_group_params *to,
                                      struct quant_error *error)
{
    const enum quant_status status =
        read_column(groups, scales_source, to->first, n, bytes, to->scales, error);
    memset(to->zero_points, 0, n * sizeof *to->zero_points);
    if (status != QUANT_OK || !zero_points_source)
        return status;
    return groups->layout.has_biases
               ? read_column(groups, zero_points_source, to->first, n, bytes, to->biases, error)
               : read_zero_points(zero_points_source, to->first, n, bytes, to->zero_points, error);
}

enum quant_status quant_group_source_read(const struct quant_group_source *groups, size_t n,
                                          unsigned char *records,
                                          const struct quant_group_params *to,
                                          struct quant_error *error)
{
    if (groups->is_container)
        return read_columns(groups, groups->source, groups->zero_points, n, records, to, error);
    const size_t size = quant_scale_record_size(&groups->layout);
    const enum quant_status status =
        quant_source_read_exactly(groups->source, size * to->first, records, size * n, error);
    if (status == QUANT_OK)
        quant_scale_records_decode(&groups->layout, records, n, to);
    return status;
}

static enum quant_status check_columns(struct quant_group_source *groups,
                                       const struct quant_group_tensors *tensors,
                                       struct quant_checksum_source *scales_sum,
                                       struct quant_checksum_source *zero_points_sum,
                                       struct quant_error *error)
{
    unsigned char bytes[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    const struct limits limits = {tensors->is_integer, groups->any_scale};
    struct room room;
    struct quant_source *second = groups->zero_points ? &zero_points_sum->source : NULL;
    const uint64_t count = groups->grouping.count;
    for (uint64_t first = 0; first < count; first += RECORDS_AT_A_TIME) {
        const uint64_t left = count - first;
        const size_t n = left < RECORDS_AT_A_TIME ? (size_t)left : RECORDS_AT_A_TIME;
        const struct quant_group_params some = place_of(groups, first, &room);
        const enum quant_status status =
            read_columns(groups, &scales_sum->source, second, n, bytes, &some, error);
        if (status != QUANT_OK)
            return status;
        const size_t fine = count_fine(&some, n, &limits);
        if (fine < n)
            return not_fine(groups, first + fine, error);
    }
    return QUANT_OK;
}

static enum quant_status check_digest(struct quant_source *source,
                                      struct quant_checksum_source *checksum, uint64_t expected,
                                      struct quant_error *error)
{
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    const enum quant_status status =
        quant_checksum_source_finish(checksum, &digest, &nbytes, error);
    if (status == QUANT_OK && digest != expected)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its checksum is %016llx, not the %016llx of the sidecar",
                                  (unsigned long long)digest, (unsigned long long)expected);
    return status;
}

enum quant_status quant_group_source_open_container(struct quant_group_source *groups,
                                                    const struct quant_group_tensors *tensors,
                                                    struct quant_error *error)
{
    struct quant_checksum_source scales_sum = {.state = NULL};
    struct quant_checksum_source zero_points_sum = {.state = NULL};
    groups->source = tensors->scales;
    groups->zero_points = tensors->zero_points;
    groups->is_container = true;
    groups->any_scale = tensors->any_scale;
    groups->layout = (struct quant_scale_records){tensors->scale_dtype, false, tensors->has_biases};
    const uint64_t count = groups->grouping.count;
    const uint64_t size = quant_dtype_bytes(tensors->scale_dtype, 1);
    const uint64_t other = tensors->has_biases ? size : 4;
    if (groups->source->size != size * count)
        return differs(groups, "size", groups->source->size, size * count, error);
    if (groups->zero_points && groups->zero_points->size != other * count)
        return quant_source_error(groups->zero_points, error, QUANT_CORRUPT,
                                  "it does not hold %llu %s", (unsigned long long)count,
                                  tensors->has_biases ? "biases" : "zero points");
    enum quant_status status = make_room(groups, error);
    if (status == QUANT_OK)
        status = quant_checksum_source_init(&scales_sum, groups->source, error);
    if (status == QUANT_OK && groups->zero_points)
        status = quant_checksum_source_init(&zero_points_sum, groups->zero_points, error);
    if (status == QUANT_OK)
        status = check_columns(groups, tensors, &scales_sum, &zero_points_sum, error);
    if (status == QUANT_OK && !tensors->is_unchecked)
        status = check_digest(groups->source, &scales_sum, tensors->scales_xxh3_64, error);
    if (status == QUANT_OK && groups->zero_points && !tensors->is_unchecked)
        status = check_digest(groups->zero_points, &zero_points_sum, tensors->zero_points_xxh3_64,
                              error);
    quant_checksum_source_release(&scales_sum);
    quant_checksum_source_release(&zero_points_sum);
    return status;
}

/* ---- Chunk by chunk ---- */

unsigned quant_group_source_workers(const struct quant_group_source *groups, unsigned workers,
                                    bool measures)
{
    return measures && groups->all.scales ? quant_group_workers(&groups->grouping, workers)
                                          : workers;
}

enum quant_status quant_group_source_share(struct quant_group_source *groups, unsigned workers,
                                           bool measures, struct quant_error *error)
{
    const bool has_all = groups->all.scales;
    const size_t most = (size_t)(has_all ? groups->grouping.count + 1
                                         : quant_groups_most(&groups->grouping, QUANT_CHUNK));
    groups->shares = calloc(workers, sizeof *groups->shares);
    bool ok = groups->shares;
    for (unsigned i = 0; ok && i < workers; i++) {
        struct quant_group_share *share = &groups->shares[i];
        groups->nshares++;
        if (measures)
            ok = quant_group_sums_init(&share->sums, most);
        if (!has_all) {
            share->records = malloc(most * QUANT_SCALE_RECORD_MOST);
            ok = quant_group_params_init(&share->params, most, false, groups->layout.has_biases) &&
                 ok && share->records;
        }
    }
    return ok ? QUANT_OK : quant_error_no_memory(error, most * QUANT_SCALE_RECORD_MOST, "scales");
}

enum quant_status quant_group_source_load(struct quant_group_source *groups,
                                          const struct quant_chunk *chunk,
                                          struct quant_error *error)
{
    if (groups->all.scales || chunk->count == 0)
        return QUANT_OK;
    const struct quant_grouping *grouping = &groups->grouping;
    struct quant_group_share *share = &groups->shares[chunk->worker];
    const uint64_t from = quant_panel_of(grouping, chunk->first);
    const uint64_t to = quant_panel_of(grouping, chunk->first + chunk->count - 1) + 1;
    const size_t n = (size_t)((to - from) * grouping->ngroups);
    const struct limits limits = {true, groups->any_scale};
    share->params.first = from * grouping->ngroups;
    const enum quant_status status =
        quant_group_source_read(groups, n, share->records, &share->params, error);
    if (status != QUANT_OK)
        return status;
    /* They were fine, unless somebody has changed the file since. */
    if (count_fine(&share->params, n, &limits) < n)
        return quant_source_error(groups->source, error, QUANT_IO, "it changed while it was read");
    return QUANT_OK;
}

struct quant_group_part quant_group_source_part(const struct quant_group_source *groups,
                                                const struct quant_chunk *chunk)
{
    const struct quant_group_share *share = &groups->shares[chunk->worker];
    return (struct quant_group_part){
        .grouping = &groups->grouping,
        .params = groups->all.scales ? groups->all : share->params,
        .sums = share->sums,
        .first = chunk->first,
    };
}

enum quant_status quant_group_source_check_unchanged(const struct quant_group_source *groups,
                                                     struct quant_error *error)
{
    return groups->source ? quant_source_check_unchanged(groups->source, error) : QUANT_OK;
}

void quant_group_source_release(struct quant_group_source *groups)
{
    for (unsigned i = 0; i < groups->nshares; i++) {
        quant_group_params_release(&groups->shares[i].params);
        free(groups->shares[i].records);
        quant_group_sums_release(&groups->shares[i].sums);
    }
    free(groups->shares);
    if (groups->owns_all)
        quant_group_params_release(&groups->all);
    quant_source_close(groups->source);
    quant_source_close(groups->zero_points);
    free(groups->path);
}
