/* SPDX-License-Identifier: MIT */
/*
 * Several processes, on one machine or many, that share the files of one command line. Each gets
 * the same command line and its own number; files are dealt out whole, so that all have about the
 * same number of bytes. Which files a process gets depends on the sizes and the order of the files
 * alone.
 */
#ifndef QUANT_CLI_SHARD_H
#define QUANT_CLI_SHARD_H

#include "cli/option_row.h"
#include "cli/targets.h"

/* The value of --shard. */
struct given_shard {
    bool given;
    uint64_t i; /* from 0 */
    uint64_t n;
};

/* Reads I/N, or auto: what the environment of Slurm, Open MPI, MPICH or PMIx says. */
option_parse_fn value_shard;

/* Takes out the files of the other processes. Returns EXIT_DONE, or EXIT_FAILED after a message (no
 * memory). */
int shard_keep(const struct given_shard *shard, struct targets *targets);

#endif
