/* SPDX-License-Identifier: MIT */
/* Reads the input as a calibration file of either version, with one range, groups or passes. */
#include <math.h>

#include "fuzz_record.h"
#include "records/calibration_file.h"

static void check_file(const struct quant_calibration_file *file)
{
    FUZZ_CHECK(quant_dtype_info(file->dtype) && quant_dtype_info(file->dtype)->quantizes);
    FUZZ_CHECK(file->nonfinite <= file->count && file->ninputs >= 1);
    for (int i = 0; i < 2; i++) {
        FUZZ_CHECK(!file->has_range || isfinite((float)file->range[i]));
        FUZZ_CHECK(!file->has_observed || isfinite((float)file->observed[i]));
    }
    for (size_t i = 0; i < file->npasses; i++)
        for (size_t k = 1; k < file->passes[i].ncounted; k++)
            FUZZ_CHECK(file->passes[i].counted[k - 1].index < file->passes[i].counted[k].index);
    FUZZ_CHECK(quant_calibration_file_is_kin(file, file));
    const int version = quant_calibration_file_version(file);
    FUZZ_CHECK(version == 1 || version == 2);
    if (file->has_groups)
        FUZZ_CHECK(file->stage == QUANT_STAGE_COMPLETE && file->groups.count > 0);
}

static enum quant_status go(struct quant_source *source, struct quant_sink *sink,
                            struct quant_error *error)
{
    struct quant_calibration_file file;
    enum quant_status status = quant_calibration_file_read(source, &file, error);
    if (status == QUANT_OK) {
        check_file(&file);
        status = quant_calibration_file_write(&file, sink, error);
        FUZZ_CHECK(status == QUANT_OK);
    }
    quant_calibration_file_release(&file);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_record(go, data, size);
    return 0;
}
