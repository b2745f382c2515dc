/* SPDX-License-Identifier: MIT */
/* Whether the structures that jobs have in common make sense by themselves: values outside of
 * enumerations, missing pointers, shapes that cannot be. What belongs to one job is checked there.
 * All give QUANT_OK or QUANT_INVALID. */
#ifndef QUANT_ENGINE_WORK_JOB_CHECK_H
#define QUANT_ENGINE_WORK_JOB_CHECK_H

#include <quant/file.h>

/* Something that a caller has to pass. what says what it is: "a result". */
enum quant_status quant_pointer_check(const void *pointer, const char *what,
                                      struct quant_error *error);

/* The bits of `ways`: those in known, of enum quant_way, mean something to the call. */
enum quant_status quant_ways_check(uint64_t ways, uint64_t known, struct quant_error *error);

/* All but the path, which may be missing. name is the member of the job, for the messages. */
enum quant_status quant_input_check(const struct quant_input *input, const char *name,
                                    struct quant_error *error);

/* A list of n names: none of them is NULL. */
enum quant_status quant_names_check(const char *const *names, size_t n, const char *what,
                                    struct quant_error *error);

enum quant_status quant_selection_check(const struct quant_selection *selection,
                                        struct quant_error *error);

enum quant_status quant_rules_check(const struct quant_rule *rules, size_t nrules,
                                    struct quant_error *error);

#endif
