/* SPDX-License-Identifier: MIT */
/* The original that a sidecar names, rather than the user. */
#ifndef QUANT_ENGINE_FILES_NAMED_ORIGINAL_H
#define QUANT_ENGINE_FILES_NAMED_ORIGINAL_H

#include <quant/quant.h>

/* That there is a regular file that can be read. A sidecar may come from anybody: a FIFO that it
 * names would be waited for, and a device may act on being read. The error says where the path
 * comes from, since the user did not type it. */
enum quant_status quant_named_original_check(const char *path, const char *sidecar_path,
                                             struct quant_error *error);

#endif
