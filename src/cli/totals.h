/* SPDX-License-Identifier: MIT */
/*
 * The totals of all files of a command line, for the summary line and for the summary record of a
 * JSON report. batch_run sets nfiles and seconds, the command adds each finished file.
 */
#ifndef QUANT_CLI_TOTALS_H
#define QUANT_CLI_TOTALS_H

#include <quant/file.h>

struct totals {
    size_t nfiles;      /* on the command line */
    size_t ndone;       /* of these, the ones that succeeded; --fail-if does not count as failure */
    size_t ncomplete;   /* the ones that --resume left alone */
    size_t nunbegun;    /* the ones that --fail-fast left out */
    uint64_t bytes_in;  /* elements of the files that were done, before quantizing */
    uint64_t bytes_out; /* the same after quantizing, with scales and zero points */
    size_t nskipped;    /* files that are not of nfiles, because nothing of them was selected */
    size_t ntensors;    /* of containers: mapped, */
    size_t ncopied;     /* and copied */
    bool is_cut;        /* the work ended early: there is no summary */
    double seconds;     /* from the start of the first file to the end of the last */
};

/* The wording of the summary line. */
struct totals_words {
    const char *done; /* "quantized to int8" */
    const char *unit; /* what is counted; NULL: "files" */
    bool no_scales;   /* the type has no scales: "with scales" is left out */
    bool restores;    /* from bytes_out to bytes_in, as in dequantizing */
    bool only_reads;  /* bytes_in alone, as nothing is stored */
};

/* Adds one finished file. */
void totals_add(struct totals *totals, uint64_t bytes_in, uint64_t bytes_out);

/* Bytes of a quantized tensor's elements and of the scales and zero points that restore them. */
uint64_t totals_stored_bytes(const struct quant_params *params,
                             const struct quant_grouping *grouping);

/* One line on standard error, such as
 *
 *     198 of 200 files quantized to int8 (2 failed), 5.02 MB -> 2.03 MB with scales, 2.5 : 1, 0.21
 * s
 *
 * kB, MB, ... are powers of 1000. Prints nothing for fewer than two files, if the work ended early,
 * or after a signal. */
void totals_print(const struct totals *totals, const struct totals_words *words);

#endif
