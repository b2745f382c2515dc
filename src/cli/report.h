/* SPDX-License-Identifier: MIT */
/* The figures of one file on standard output: as text for people, or as JSON for programs. */
#ifndef QUANT_CLI_REPORT_H
#define QUANT_CLI_REPORT_H

#include <quant/file.h>
#include <stdbool.h>

enum report_kind { REPORT_NONE = 0, REPORT_TEXT, REPORT_JSON };

/* What a report is about; nothing is owned. */
struct report_subject {
    const char *path; /* the input as it was given */
    const struct quant_params *params;
    const struct quant_shape *shape;
    enum quant_order order;
    const struct quant_grouping *grouping;
    const struct quant_report *figures;
    const struct quant_worst_groups *worst;
};

/* Whether scales are of parts of the tensor, so that params has none. */
bool report_is_grouped(const struct report_subject *subject);

/* Prints it and flushes stdout. False: it could not be written, or there was no memory; the error
 * has been told, unless the reader of a pipe has gone. */
bool report_print(enum report_kind kind, const struct report_subject *subject);

/* Title, mapping, one line a figure with its unit and meaning, and of several groups the worst. */
void report_print_text(const struct report_subject *subject);

/* One object on one line: "path", then the keys of quant_figure_at in their order, with as many
 * digits as bring back the same double; null for a figure without a value. Where scales are of
 * parts: "axis", "block_size" (null: none), "scales" (their number) and "worst" too. False: no
 * memory. */
bool report_print_json(const struct report_subject *subject);

/* ---- The same for other objects; false: no memory ---- */

struct cJSON;
enum { REPORT_JSON_NUMBER = 32 };

/* As many digits as bring back the same double; value is finite. */
void report_json_number(double value, char text[static REPORT_JSON_NUMBER]);

/* "path", with '?' for what is not UTF-8. */
bool report_json_add_path(struct cJSON *object, const char *path);

bool report_json_add_figure(struct cJSON *object, const struct quant_figure *figure, double value);

#endif
