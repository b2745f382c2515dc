/* SPDX-License-Identifier: MIT */
/*
 * What the files of one command line add up to: for the summary line at the end, and for the
 * summary record of a JSON report. batch_run sets nfiles and seconds, the command adds what is
 * done.
 */
#ifndef QUANT_CLI_TOTALS_H
#define QUANT_CLI_TOTALS_H

#include <quant/file.h>

struct totals {
    size_t nfiles;      /* on the command line */
    size_t ndone;       /* of these, the ones whose work succeeded; a --fail-if is no failure */
    uint64_t bytes_in;  /* elements of the files that were done, before quantizing */
    uint64_t bytes_out; /* the same after it, with the scales and zero points that restore them */
    bool is_cut;        /* the work ended before all files were begun: there is no summary */
    double seconds;     /* from the first file's begin to the last one's end */
};

/* What the summary line says of the files. */
struct totals_words {
    const char *done; /* "quantized to int8" */
    bool no_scales;   /* the type has none: "with scales" is left out */
    bool restores;    /* from bytes_out to bytes_in, as in dequantizing */
    bool only_reads;  /* bytes_in alone, as nothing is stored */
};

/* Adds one file that is done. */
void totals_add(struct totals *totals, uint64_t bytes_in, uint64_t bytes_out);

/* Bytes of a quantized tensor's elements and of the scales and zero points that restore them. */
uint64_t totals_stored_bytes(const struct quant_params *params,
                             const struct quant_grouping *grouping);

/* One line on standard error, such as
 *
 *     198 of 200 files quantized to int8 (2 failed), 5.02 MB -> 2.03 MB with scales, 2.5 : 1, 0.21
 * s
 *
 * kB, MB, ... are powers of 1000. Nothing for fewer than two files, where they are cut, or after a
 * signal. */
void totals_print(const struct totals *totals, const struct totals_words *words);

#endif
