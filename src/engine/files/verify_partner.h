/* SPDX-License-Identifier: MIT */
/* What a file that is verified is compared with, if that is in a directory. */
#ifndef QUANT_ENGINE_FILES_VERIFY_PARTNER_H
#define QUANT_ENGINE_FILES_VERIFY_PARTNER_H

#include "engine/files/verify_run.h"

/* Makes run->against what the file is compared with, once its sidecar has been read: source is the
 * path that it names, or NULL. Without a directory, run->against stays. That nothing is found is in
 * the findings. Errors: QUANT_NO_MEMORY. */
enum quant_status quant_verify_partner_find(struct quant_verify_run *run, const char *source,
                                            bool is_container);

/* At the end: for a file whose sidecar could not be read, what it may have been made from is not
 * missing. */
void quant_verify_partner_excuse(const struct quant_verify_run *run);

#endif
