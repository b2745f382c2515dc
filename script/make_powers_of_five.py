#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/base/powers_of_five.c, the table behind the conversion of decimal text to float64.

    python3 script/make_powers_of_five.py

The table is that of Daniel Lemire, "Number Parsing at a Gigabyte per Second", Software: Practice
and Experience 51 (8), 2021, section 5: the 128 most significant bits of 5^q. With a decimal
significand below 2^64, every power outside of it makes 0 or infinity.
"""

from pathlib import Path

LEAST, GREATEST = -342, 308  # as in src/base/powers_of_five.h
BITS = 128
# Up to 5^27 a reciprocal is rounded up: 5^27 is the last power below 2^64, and the proof that one
# product decides needs an upper bound there. The others are cut off, as the positive powers are.
LAST_ROUNDED_UP = 27

HEAD = """\
/* SPDX-License-Identifier: MIT */
/* Made by script/make_powers_of_five.py, which says what this is: change that, not this. */
#include "base/powers_of_five.h"

/* clang-format off */
const uint64_t quant_powers_of_five[QUANT_POWERS_OF_FIVE][2] = {
"""

FOOT = """\
};
"""


def top_bits(q: int) -> int:
    """The BITS most significant bits of 5^q."""
    power = 5 ** abs(q)
    length = power.bit_length()
    if q >= 0:
        return power << (BITS - length) if length <= BITS else power >> (length - BITS)
    # 2^(BITS - 1 + length) / power lies between 2^(BITS - 1) and 2^BITS.
    return (1 << (BITS - 1 + length)) // power + (1 if -q <= LAST_ROUNDED_UP else 0)


def row(q: int) -> str:
    bits = top_bits(q)
    assert bits.bit_length() == BITS
    return f"{{0x{bits >> 64:016x}, 0x{bits & (1 << 64) - 1:016x}}},"


def main() -> None:
    rows = [row(q) for q in range(LEAST, GREATEST + 1)]
    lines = ["    " + " ".join(rows[i:i + 2]) + "\n" for i in range(0, len(rows), 2)]
    text = HEAD + "".join(lines) + FOOT
    root = Path(__file__).resolve().parent.parent
    (root / "src/base/powers_of_five.c").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
