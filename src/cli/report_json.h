/* SPDX-License-Identifier: MIT */
/* Functions of the JSON report that other JSON output uses. All return false if there is no memory.
 */
#ifndef QUANT_CLI_REPORT_JSON_H
#define QUANT_CLI_REPORT_JSON_H

#include <quant/file.h>
#include <stdio.h>

struct cJSON;
enum { REPORT_JSON_NUMBER = 32 };

/* Writes the fewest digits (15 to 17) that restore the same double; value is finite. */
void report_json_number(double value, char text[static REPORT_JSON_NUMBER]);

/* Adds a string, with '?' for bytes that are not UTF-8. */
bool report_json_add_text(struct cJSON *object, const char *key, const char *text);

/* The same, as "path". */
bool report_json_add_path(struct cJSON *object, const char *path);

/* null if the value is not finite. */
bool report_json_add_figure(struct cJSON *object, const struct quant_figure *figure, double value);

/* "path", and "tensor" null: a file has one tensor, without a name. */
bool report_json_add_name(struct cJSON *object, const char *path);

/* "shape" and "order". */
bool report_json_add_layout(struct cJSON *object, const struct quant_shape *shape,
                            enum quant_order order);

/* "scale_count", "axis" and "block_size". */
bool report_json_add_grouping(struct cJSON *object, const struct quant_grouping *grouping);

/* "source", with the path as it was opened: null for "-". */
bool report_json_add_source(struct cJSON *object, const char *path, const char *format,
                            enum quant_dtype dtype);

/* Prints object, which is complete if ok, on one line, and deletes it. It may be NULL. */
bool report_json_print(FILE *out, struct cJSON *object, bool ok);

/* Prints the record of a file that failed, or of a tensor of it; tensor may be NULL. */
bool report_json_print_failure(FILE *out, const char *path, const char *tensor, const char *text);

#endif
