/* SPDX-License-Identifier: MIT */
/* What other JSON output takes from the JSON report. All return false if there was no memory. */
#ifndef QUANT_CLI_REPORT_JSON_H
#define QUANT_CLI_REPORT_JSON_H

#include <quant/quant.h>

struct cJSON;
enum { REPORT_JSON_NUMBER = 32 };

/* As many digits as bring back the same double; value is finite. */
void report_json_number(double value, char text[static REPORT_JSON_NUMBER]);

/* A string, with '?' for what is not UTF-8. */
bool report_json_add_text(struct cJSON *object, const char *key, const char *text);

/* The same, as "path". */
bool report_json_add_path(struct cJSON *object, const char *path);

/* null if the value is not finite. */
bool report_json_add_figure(struct cJSON *object, const struct quant_figure *figure, double value);

#endif
