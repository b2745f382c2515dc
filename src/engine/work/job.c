/* SPDX-License-Identifier: MIT */
#include "engine/work/job.h"

#include <string.h>

#include "base/error.h"

static bool is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

enum quant_status quant_job_copy(void *own, size_t nbytes, const void *job, const char *type,
                                 struct quant_error *error)
{
    size_t known; /* to the caller */
    if (!job)
        return quant_error_set(error, QUANT_INVALID, "a struct %s is needed", type);
    memcpy(&known, job, sizeof known);
    if (known < sizeof known)
        return quant_error_set(error, QUANT_INVALID,
                               "the size in struct %s is %zu; set it to sizeof(struct %s)", type,
                               known, type);
    if (known > nbytes && !is_zero((const unsigned char *)job + nbytes, known - nbytes))
        return quant_error_set(error, QUANT_INVALID,
                               "struct %s has %zu bytes and uses members after the %zu that quant "
                               "%s knows; use a newer library",
                               type, known, nbytes, quant_version());
    memset(own, 0, nbytes);
    memcpy(own, job, known < nbytes ? known : nbytes);
    return QUANT_OK;
}

enum quant_status quant_control_report(const struct quant_control *control,
                                       const struct quant_tensor_result *result,
                                       struct quant_error *error)
{
    if (!control->on_tensor || control->on_tensor(control->context, result))
        return QUANT_OK;
    return quant_error_set(error, QUANT_CANCELLED, "cancelled");
}
