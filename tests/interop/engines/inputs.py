# SPDX-License-Identifier: MIT
"""The matrices that engines and quant are compared on, in plain Python.

All but the weights of data/digits are made from a seed by integer arithmetic and powers of two, so they
have the same bits under every version of Python and every library, and files of vectors need not hold
them. An input is the bits of its elements: of a float32, or of a bfloat16 or float16.
"""
import struct
from pathlib import Path
from typing import NamedTuple

MASK = (1 << 64) - 1
COLUMNS = 64  # two blocks of 32
DIGITS = Path(__file__).resolve().parents[3] / "data" / "digits"


class Input(NamedTuple):
    name: str
    dtype: str  # float32, bfloat16 or float16
    rows: int
    columns: int
    bits: tuple  # row by row

    def data(self):
        """The elements as a raw file has them, little-endian."""
        return struct.pack(f"<{len(self.bits)}{'I' if self.dtype == 'float32' else 'H'}", *self.bits)


def chosen(one, rows):
    """The matrix of some rows."""
    bits = [bit for i in rows for bit in one.bits[i * one.columns:(i + 1) * one.columns]]
    return one._replace(rows=len(rows), bits=tuple(bits))


class Source:
    """splitmix64: the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed & MASK

    def bits(self, count):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) >> (64 - count)

    def bell(self):
        """A sum of four uniform numbers, in (-1, 1), exactly a float32."""
        z = self.bits(64)
        total = sum((z >> shift) & 0xFFFF for shift in (0, 16, 32, 48))
        return (2 * total - 4 * 0xFFFF) / 2.0 ** 19


def float32_bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def from_bits(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def bfloat16_bits(value):
    """The nearest bfloat16, ties to even, of a finite float32."""
    bits = float32_bits(value)
    return min((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 & 0x7FFF, 0x7F7F) | bits >> 31 << 15


def float16_bits(value):
    """The nearest float16, saturating: its largest is 65504."""
    return struct.unpack("<H", struct.pack("<e", max(-65504.0, min(65504.0, value))))[0]


def make(name, dtype, rows):
    encode = {"float32": float32_bits, "bfloat16": bfloat16_bits, "float16": float16_bits}[dtype]
    columns = len(rows[0])
    assert all(len(row) == columns for row in rows), name
    return Input(name, dtype, len(rows), columns, tuple(encode(x) for row in rows for x in row))


# ---- Values ----

def random_rows(source, rows, columns):
    """Every row with a power of two of its own, as the rows of a matrix of weights have."""
    return [[source.bell() * 2.0 ** (source.bits(3) - 6 if i == 0 else -i % 5 - 3)
             for _ in range(columns)] for i in range(rows)]


def heavy_rows(source, rows, columns):
    """Most near zero, a few hundreds of times as great."""
    def value():
        power = 0
        while power < 9 and source.bits(2) == 0:
            power += 1
        return source.bell() * 2.0 ** (power - 5)
    return [[value() for _ in range(columns)] for _ in range(rows)]


def skewed_rows(source, rows, columns):
    """Ranges that are not centered: the zero points differ, and in some rows one side is missing."""
    return [[(source.bell() + (i % 8 - 3) / 4.0) / 8 for _ in range(columns)] for i in range(rows)]


def real_rows():
    """Weights of a network that was trained to tell digits apart: a row has 64."""
    data = (DIGITS / "fc1_weight.npy").read_bytes()
    start = 10 + struct.unpack_from("<H", data, 8)[0]
    x = struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])
    return [list(x[i:i + COLUMNS]) for i in range(0, len(x), COLUMNS)]


# What is divided by to make a scale, times two: for 4, 5 and 8 bits, and for 16.
TWICE_DIVISORS = (14, 15, 16, 30, 31, 32, 62, 254, 255, 256, 510)
TWICE_LONG_DIVISORS = (65534, 65535, 131070)


def ties_rows(columns, twice_divisors=TWICE_DIVISORS):
    """Halves under a scale that is a power of two: the extreme is the divisor times that power. For
    each divisor a row whose range is symmetric, and two whose width is the divisor, with a zero point
    that is a tie itself in the second of them."""
    rows = []
    for i, twice in enumerate(twice_divisors):
        scale = 2.0 ** (-i - 3)
        top = twice / 2.0
        halves = [(n + 0.5) * (1 if n % 3 else -1) for n in range(columns)]
        symmetric = [h for h in halves if abs(h) < top]
        symmetric = [-top if i % 2 else top] + (symmetric * columns)[:columns - 1]
        rows.append([x * scale for x in symmetric])
        for lo in (-(twice // 5), -(twice // 5) - 0.5):
            width = [lo + (n + 0.5) % top for n in range(columns - 2)]
            rows.append([x * scale for x in [lo, lo + top] + width])
    return rows


def near_ties_rows(columns):
    """The floats beside a half, where adding one half and cutting off is not rounding."""
    rows = []
    for top in (127.0, 127.5, 128.0):
        near = []
        for n in range((columns - 1) // 3 + 1):
            half = n + 0.5 if n % 2 else -n - 0.5
            bits = float32_bits(half)
            near += [from_bits(bits - 1), half, from_bits(bits + 1)]
        rows.append(([top] + near)[:columns])
    return rows


SUBNORMAL, FLT_MIN, FLT_MAX = 2.0 ** -149, 2.0 ** -126, (2.0 - 2.0 ** -23) * 2.0 ** 127


def degenerate_rows(source, columns):
    def filled(*values):
        return (list(values) * columns)[:columns]

    def times(power):
        return [source.bell() * 2.0 ** power for _ in range(columns)]
    rows = [filled(0.0), filled(-0.0), filled(0.0, -0.0), filled(1.5), filled(-1.5), filled(0.0, 3.0),
            filled(0.0, -3.0), filled(-0.0, 3.0, 5.0), filled(3.0, -3.0), filled(5.0, 7.5, 10.0),
            filled(-10.0, -6.25, -5.0), [100.0] + filled(2.0 ** -10, -(2.0 ** -9))[1:],
            [-100.0] + filled(2.0 ** -10, -(2.0 ** -9))[1:],
            filled(SUBNORMAL, -SUBNORMAL), filled(SUBNORMAL, 0.0),
            [SUBNORMAL * (source.bits(23)) for _ in range(columns)],
            filled(FLT_MIN, -FLT_MIN / 2, FLT_MIN / 4), filled(127 * FLT_MIN, 3.5 * FLT_MIN)]
    # Around each floor that an engine has for its scale (1e-30, 1e-9, 1e-7, 2^-23), and around
    # 3.7e-37, below which 127 / m is infinite.
    rows += [times(power) for power in (-120, -119, -118, -99, -93, -92, -31, -24, -23, -22, -17, -16,
                                        -15, -14)]
    rows += [times(power) for power in (60, 120, 125)]
    rows += [filled(1e38, -1.5e38, 0.5e38), filled(3e38, 1e38, 0.0), filled(-3e38, -1e38, 0.0),
             filled(3e38, -3e38, 1e38), filled(FLT_MAX, 1.0, -FLT_MAX)]
    return rows


def rounded_to_bfloat16(rows):
    return [[from_bits(bfloat16_bits(x) << 16) for x in row] for row in rows]


def small():
    """Inputs for whose rows the files of vectors hold checksums, and the parameters of each group."""
    source = Source(13)
    random = [row for rows in (random_rows, heavy_rows, skewed_rows)
              for row in rows(source, 8, COLUMNS)]
    from_bfloat16 = rounded_to_bfloat16(random_rows(source, 4, COLUMNS) + heavy_rows(source, 4, COLUMNS))
    ties = ties_rows(COLUMNS)
    degenerate = degenerate_rows(source, COLUMNS)
    real = real_rows()
    inputs = [make("random", "float32", random + from_bfloat16),
              make("ties", "float32", ties + near_ties_rows(COLUMNS)),
              make("ties_long", "float32", ties_rows(COLUMNS, TWICE_LONG_DIVISORS)),
              make("degenerate", "float32", degenerate),
              make("real", "float32", real + rounded_to_bfloat16(real))]
    for dtype in ("bfloat16", "float16"):
        for name, rows in (("random", random), ("ties", ties), ("degenerate", degenerate), ("real", real)):
            inputs.append(make(f"{name}_{dtype}", dtype, rows))
    return inputs


def large():
    """Inputs for which they hold checksums of everything alone."""
    source = Source(31)
    made = [row for rows in (random_rows, heavy_rows, skewed_rows) for row in rows(source, 16, 512)]
    return [make(f"large_{dtype}", dtype, made) for dtype in ("float32", "bfloat16", "float16")]


def by_name():
    return {one.name: one for one in small() + large()}
