/* SPDX-License-Identifier: MIT */
/* The words of the calibration file that both its writer and its reader use. */
#ifndef QUANT_RECORDS_CALIBRATION_FILE_WORDS_H
#define QUANT_RECORDS_CALIBRATION_FILE_WORDS_H

#define QUANT_CALIBRATION_FORMAT "quant-calibration"

/* By enum quant_stage, NULL-terminated. */
extern const char *const quant_calibration_stages[];

#endif
