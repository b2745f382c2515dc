/* SPDX-License-Identifier: MIT */
/* The environment variables that choose how the work is done; they change no result. */
#ifndef QUANT_CLI_ENVIRONMENT_H
#define QUANT_CLI_ENVIRONMENT_H

#include <stdbool.h>

/* Selects the kernel set of QUANT_ISA and checks QUANT_THREADS. A variable that is not set or is
 * empty selects nothing. False: a value is wrong, and the usage error has been printed. */
bool environment_apply(void);

/* The number of QUANT_THREADS, where 0 has become the number of processors; 0 if it selects
 * nothing or is wrong. */
unsigned environment_threads(void);

#endif
