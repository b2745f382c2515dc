/* SPDX-License-Identifier: MIT */
/* What all public jobs have in common: their size, and the report of each tensor.
 *
 * Rules for whoever adds a member to a public job: it goes at the end, 0 is its default, and the
 * structure has no padding after it, because a caller compiled with the older header would pass
 * undefined bytes there as the new member. Structures that are embedded in a job never grow. */
#ifndef QUANT_ENGINE_WORK_JOB_H
#define QUANT_ENGINE_WORK_JOB_H

#include <quant/file.h>

/* Copies a caller's job into one of nbytes, the size that this library knows. job begins with a
 * size_t: the size that the caller knows. Members that the caller does not know become zeros.
 * type is the structure's name, for the messages.
 * QUANT_INVALID: the size is too small to be one, or bytes that this library does not know are not
 * zero. own is then undefined. */
enum quant_status quant_job_copy(void *own, size_t nbytes, const void *job, const char *type,
                                 struct quant_error *error);

/* Calls on_tensor, if the control has it. QUANT_CANCELLED: it returned false. */
enum quant_status quant_control_report(const struct quant_control *control,
                                       const struct quant_tensor_result *result,
                                       struct quant_error *error);

#endif
