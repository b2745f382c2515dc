/* SPDX-License-Identifier: MIT */
/* Prints the rules of an engine, for `quant types --like`. */
#ifndef QUANT_CLI_ENGINE_RULES_H
#define QUANT_CLI_ENGINE_RULES_H

#include <quant/profiles.h>

void engine_rules_print(const struct quant_profile *profile);

#endif
