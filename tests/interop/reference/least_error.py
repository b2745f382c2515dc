# SPDX-License-Identifier: MIT
"""The least squared error of any range, by looking at all of them: for tests alone.

A mapping restores multiples of its scale, so its error is a sum over the elements nearest to each.
Of sorted elements these sums are differences of cumulated ones, and exact but for rounding: no
element is looked at again for the next range. Cumulated sums of data far from 0 lose their digits:
this is for data around 0.
"""
import numpy as np


class Sorted:
    def __init__(self, x, qmin, qmax):
        """qmin and qmax: those of the target and the scheme."""
        self.x = np.sort(x.astype(np.float64))
        self.sums = np.concatenate([[0], np.cumsum(self.x)])
        self.squares = np.concatenate([[0], np.cumsum(self.x ** 2)])
        self.qmin, self.qmax = qmin, qmax
        self.low, self.high = self.x[0], self.x[-1]

    def error(self, scale, zero_point):
        """Of one scale and zero point."""
        scale = np.float64(np.float32(scale))
        levels = np.arange(self.qmin, self.qmax + 1) - zero_point
        ends = np.searchsorted(self.x, (levels[:-1] + 0.5) * scale)
        ends = np.concatenate([[0], ends, [self.x.size]])
        count, total, square = (np.diff(v) for v in (ends, self.sums[ends], self.squares[ends]))
        levels = levels * scale
        return float(np.maximum(square - 2 * levels * total + levels ** 2 * count, 0).sum())

    def absmax(self, steps):
        """The least error of all ranges [-a, a], with a at each of `steps` steps up to the
        greatest magnitude, and at 16 times as many near the best."""
        greatest = max(abs(self.low), abs(self.high))

        def error(part):
            return self.error(greatest * part / steps / self.qmax, 0)
        coarse = sorted((error(part), part) for part in range(1, steps + 1))
        fine = (part + k / 16 for _, part in coarse[:12] for k in range(-16, 17))
        return min(coarse[0][0], *(error(part) for part in fine if 0 < part <= steps))

    def of_range(self, low, high):
        scale = (high - low) / (self.qmax - self.qmin)
        return self.error(scale, self.qmin - np.rint(low / scale))

    def zero_point(self, steps):
        """The least error of all ranges [lo, hi]: with both ends at each of `steps` steps of the
        observed range, and twice at seven times as many near the best."""
        width = self.high - self.low
        step = width / steps
        found = [(self.of_range(low, high), low, high)
                 for low in self.low + step * np.arange(steps)
                 for high in self.high - step * np.arange(steps) if high - low > 3 * step]
        for most in (30, 10):
            step /= 7
            near = sorted(found)[:most]
            found = near + [(self.of_range(low, high), low, high)
                            for low, high in {(low + i * step, high + k * step)
                                              for _, low, high in near
                                              for i in range(-4, 5) for k in range(-4, 5)}
                            if self.low <= low < high <= self.high]
        return min(found)[0]
