/* SPDX-License-Identifier: MIT */
/*
 * Temporary files that a killed process left beside its outputs. The name of a temporary file has
 * a hash of the output's name, and a process that works on an output holds a lock on its temporary
 * file until it is done with it. So those of other outputs, and those in use, can be left alone.
 */
#ifndef QUANT_IO_LEFTOVERS_H
#define QUANT_IO_LEFTOVERS_H

#include <stddef.h>

/* Removes what is left of earlier work on n outputs; entries may be NULL or "-". Each directory is
 * listed once. What cannot be removed, or may be in use, stays. */
void quant_leftovers_remove(const char *const *paths, size_t n);

#endif
