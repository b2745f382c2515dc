/* SPDX-License-Identifier: MIT */
/* The words of the calibration file that both its writer and its reader use. */
#ifndef QUANT_FORMATS_CALIBRATION_FILE_WORDS_H
#define QUANT_FORMATS_CALIBRATION_FILE_WORDS_H

#define QUANT_CALIBRATION_FORMAT "quant-calibration"
#define QUANT_CALIBRATION_VERSION 1

/* By enum quant_stage, NULL-terminated. */
extern const char *const quant_calibration_stages[];

#endif
