/* SPDX-License-Identifier: MIT */
/* The config.json of a checkpoint, as its output has it: other bytes stay as they are. */
#ifndef QUANT_ENGINE_FILES_CHECKPOINT_EDIT_H
#define QUANT_ENGINE_FILES_CHECKPOINT_EDIT_H

#include <quant/directory.h>

extern const char quant_config_name[]; /* "config.json" */

struct quant_config_text {
    char *text; /* owned: nbytes, without a NUL; NULL: it stays as it is */
    size_t nbytes;
};

/* Takes out what says that the checkpoint is quantized, and adds what quant_checkpoint_config says
 * to a config of transformers or diffusers. Nothing is written. Errors: those of
 * quant_checkpoint_config; QUANT_UNSUPPORTED: it is quantized already, or when restoring, in a way
 * that cannot be restored. The text is the caller's to free. */
enum quant_status quant_checkpoint_edit_config(const struct quant_checkpoint_job *job,
                                               struct quant_config_text *edited,
                                               struct quant_error *error);

#endif
