/* SPDX-License-Identifier: MIT */
/* The passes of a calibration method over a tensor's elements. */
#ifndef QUANT_ENGINE_CALIBRATE_H
#define QUANT_ENGINE_CALIBRATE_H

#include "engine/progress.h"
#include "engine/tensor.h"
#include "engine/workbench.h"

struct quant_calibration_run {
    const struct quant_spec *spec; /* checked; it needs a range */
    const struct quant_observed *observed;
    struct quant_reader *reader; /* at the first element, and there again afterwards */
    bool by_position;
    struct quant_workbench *benches; /* with room for x */
    unsigned workers;
    struct quant_progress *progress; /* its total grows with each pass */
};

/* The range by the spec's method; *has_range is false where nothing finite was observed. */
enum quant_status quant_calibration_run(const struct quant_calibration_run *run, double range[2],
                                        bool *has_range, struct quant_error *error);

#endif
