/* SPDX-License-Identifier: MIT */
/* The parts of a record of `quant inspect`. All return false if there is no memory. */
#ifndef QUANT_CLI_INSPECT_JSON_H
#define QUANT_CLI_INSPECT_JSON_H

#include <quant/inspect.h>

struct cJSON;

bool inspect_add_count(struct cJSON *object, const char *key, uint64_t count);

/* null if it is not finite. */
bool inspect_add_number(struct cJSON *object, const char *key, double value);

/* null if there is not one; both are finite. */
bool inspect_add_pair(struct cJSON *object, const char *key, bool is_present, const double pair[2]);

/* "statistics". */
bool inspect_add_statistics(struct cJSON *object, const struct quant_inspected *tensor);

#endif
