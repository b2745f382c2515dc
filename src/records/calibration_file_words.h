/* SPDX-License-Identifier: MIT */
/* The words of the calibration file that both its writer and its reader use. */
#ifndef QUANT_RECORDS_CALIBRATION_FILE_WORDS_H
#define QUANT_RECORDS_CALIBRATION_FILE_WORDS_H

#define QUANT_CALIBRATION_FORMAT "quant-calibration"

/* Versions: a complete file, and one that is not complete yet, which has digests. */
enum { QUANT_CALIBRATION_VERSION = 1, QUANT_CALIBRATION_VERSION_ON_THE_WAY = 2 };

/* By enum quant_stage, NULL-terminated. */
extern const char *const quant_calibration_stages[];

#endif
