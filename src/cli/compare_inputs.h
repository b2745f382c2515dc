/* SPDX-License-Identifier: MIT */
/* What `quant compare` compares: each file of one tensor, and each tensor of floats of a container.
 */
#ifndef QUANT_CLI_COMPARE_INPUTS_H
#define QUANT_CLI_COMPARE_INPUTS_H

#include <quant/file.h>

struct compare_input {
    char *name;       /* owned: the path, or "FILE: TENSOR" */
    const char *path; /* borrowed from the command line */
    char *tensor;     /* owned; NULL: a file of one tensor */
    char *failure;    /* owned: why a container cannot be compared; NULL: it can */
};

struct compare_inputs {
    struct compare_input *inputs; /* owned */
    const char **names;           /* owned: of each, for the progress line */
    size_t n;
    size_t room;
};

/* Lists the tensors of containers among n paths. A file that cannot be read, and standard input,
 * are taken as they are: comparing them reports what is wrong. False: no memory. To be released in
 * either case. */
bool compare_inputs_init(struct compare_inputs *inputs, const struct quant_input *common,
                         char *const *paths, size_t n);

void compare_inputs_release(struct compare_inputs *inputs);

#endif
