/* SPDX-License-Identifier: MIT */
/*
 * The patterns of a command line, held against the names of all tensors before any work begins:
 * from the headers of the files alone. So a mistyped pattern costs nothing, and a file of which
 * nothing is chosen gets no output. Without patterns no file is looked at.
 *
 * A stream cannot be read twice. If there is one among the inputs, what it holds is seen while it
 * is worked on, and a pattern that matches nothing is found out at the end.
 */
#ifndef QUANT_CLI_CHOOSING_H
#define QUANT_CLI_CHOOSING_H

#include <quant/file.h>

#include "cli/command.h"
#include "cli/nearest_names.h"
#include "cli/selection_options.h"

struct pattern_use {
    const char *option; /* "include" */
    const char *pattern;
    bool is_used; /* it matches a name */
    bool decides; /* of '--for': it is the rule of a tensor that is worked on, or of one that it
                   * copies on purpose */
};

struct choosing {
    /* The command's. All zeros: whatever is selected is worked on. */
    const char *verb;               /* what is done to a tensor: "quantize" */
    struct quant_input input;       /* how files are read; path is not used */
    const struct quant_rule *rules; /* nrules of them: as in the job */
    size_t nrules;
    bool restores;         /* names are those that tensors have once they are restored */
    bool floats_only;      /* of a container, floats with min_dims or more dimensions alone are */
    unsigned min_dims;     /* worked on */
    const char *advice;    /* what helps if they have fewer, or NULL */
    bool keeps_containers; /* a container is worked on even if nothing in it is chosen */
    bool is_quiet;         /* no warnings */

    /* Made: */
    struct quant_selection selection;
    struct pattern_use *patterns; /* owned */
    size_t npatterns;
    char **names;    /* owned: the inputs that are left, in order; NULL: all of them */
    bool *is_single; /* owned: of each, whether it is a file of one tensor, and no stream */
    size_t n;
    size_t nskipped;            /* inputs of which nothing was chosen */
    size_t nworked;             /* tensors to work on, as far as seen */
    bool is_open;               /* not all names are known before the work */
    struct nearest_names unfit; /* the first tensors that are selected and not worked on */
};

/* Adds the patterns of an option that chooses, too; those of the rules first and in their order.
 * Returns false after a message (no memory). */
bool choosing_add(struct choosing *choosing, const char *option, const struct word_list *patterns);

/* Takes the options' selection and looks at the n inputs. Returns EXIT_DONE, or EXIT_FAILED after a
 * message: a pattern matches nothing, nothing is left to work on, or there is no memory. The names
 * point into inputs. */
int choosing_look(struct choosing *choosing, const struct selection_options *options,
                  char *const *inputs, size_t n);

/* The inputs that are left. */
static inline char *const *choosing_names(const struct choosing *choosing, char *const *inputs)
{
    return choosing->names ? choosing->names : inputs;
}

static inline size_t choosing_count(const struct choosing *choosing, size_t n)
{
    return choosing->names ? choosing->n : n;
}

/* While the work goes on: a tensor, whether it was worked on or not. */
void choosing_see(struct choosing *choosing, const char *name, bool is_worked_on);

/* After the work, of exit status `status`: what is known only now. Returns that status, or
 * EXIT_FAILED after a message. */
int choosing_end(struct choosing *choosing, int status);

void choosing_release(struct choosing *choosing);

#endif
