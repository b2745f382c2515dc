/* SPDX-License-Identifier: MIT */
/* What the tensor of a file that has no names is called where it needs a name. */
#ifndef QUANT_ENGINE_FILES_SINGLE_NAME_H
#define QUANT_ENGINE_FILES_SINGLE_NAME_H

/* The name of the file without its directory and its extension; "tensor" for "-". The caller frees
 * it. NULL: no memory. */
char *quant_single_name(const char *path);

#endif
