/* SPDX-License-Identifier: MIT */
/* Reads the input as the sidecar of one tensor. */
#include <math.h>
#include <string.h>

#include "base/shape.h"
#include "fuzz_record.h"
#include "records/sidecar.h"

/* The number of groups is the one that the shape gives. */
static void check_groups(const struct quant_sidecar *sidecar)
{
    const struct quant_sidecar_groups *groups = &sidecar->groups;
    const struct quant_granularity granularity = {.has_axis = groups->block_rows == 0,
                                                  .axis = groups->axis,
                                                  .block_size = groups->block_size,
                                                  .block_rows = groups->block_rows};
    struct quant_grouping grouping;
    struct quant_error error;
    if (quant_grouping_make(&granularity, &sidecar->shape, sidecar->order, &grouping, &error) ==
        QUANT_OK)
        FUZZ_CHECK(groups->count == grouping.count);
    FUZZ_CHECK((groups->path != NULL) == (groups->scales == NULL) || groups->count == 0);
    for (uint64_t i = 0; groups->scales && i < groups->count; i++)
        FUZZ_CHECK(isfinite(groups->scales[i]));
}

static void check_sidecar(const struct quant_sidecar *sidecar)
{
    const struct quant_dtype_info *info = quant_dtype_info(sidecar->params.dtype);
    uint64_t nelems;
    FUZZ_CHECK(quant_shape_count(&sidecar->shape, &nelems));
    FUZZ_CHECK(info && info->quantizes);
    FUZZ_CHECK(isfinite(sidecar->params.scale));
    if (info->is_integer)
        FUZZ_CHECK(sidecar->params.qmin < sidecar->params.qmax &&
                   (double)sidecar->params.qmin >= info->min &&
                   (double)sidecar->params.qmax <= info->max);
    FUZZ_CHECK(quant_dtype_info(sidecar->source_dtype));
    FUZZ_CHECK(memchr(sidecar->method, '\0', sizeof sidecar->method));
    if (sidecar->has_groups)
        check_groups(sidecar);
}

static enum quant_status go(struct quant_source *source, struct quant_sink *sink,
                            struct quant_error *error)
{
    struct quant_sidecar sidecar;
    enum quant_status status = quant_sidecar_parse(source, &sidecar, error);
    if (status == QUANT_OK) {
        check_sidecar(&sidecar);
        status = quant_sidecar_write(&sidecar, sink, error);
        FUZZ_CHECK(status == QUANT_OK);
    }
    quant_sidecar_release(&sidecar);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_record(go, data, size);
    return 0;
}
