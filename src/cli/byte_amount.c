/* SPDX-License-Identifier: MIT */
/* Rounds to a unit in which three digits are enough. */
#include "cli/byte_amount.h"

#include <stddef.h>
#include <stdio.h>

const char *amount_of_bytes(char text[AMOUNT_ROOM], double nbytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    enum { UNITS = sizeof units / sizeof units[0] };
    double amount = nbytes;
    size_t unit = 0;
    for (; amount >= 999.5 && unit + 1 < UNITS; unit++)
        amount /= 1000;
    const int decimals = unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    snprintf(text, AMOUNT_ROOM, "%.*f %s", decimals, amount, units[unit]);
    return text;
}
