/* SPDX-License-Identifier: MIT */
/* Amounts of bytes for people to read. */
#ifndef QUANT_CLI_BYTE_AMOUNT_H
#define QUANT_CLI_BYTE_AMOUNT_H

enum { AMOUNT_ROOM = 32 };

/* "999 B", "5.02 MB": three digits, kB, MB, ... as powers of 1000. Returns text. */
const char *amount_of_bytes(char text[AMOUNT_ROOM], double nbytes);

#endif
