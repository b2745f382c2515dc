# SPDX-License-Identifier: MIT
"""The entropy calibration as src/methods/entropy.c defines it, written with NumPy: every width, one
after the other."""
import numpy as np

BINS = 2048


def bin_edge(x):
    """The greatest float whose upper 16 bits are those of x."""
    return float((np.float32(x).view(np.uint32) | np.uint32(0xFFFF)).view(np.float32))


def limit(x):
    """T: the greatest magnitude, unless that is an outlier."""
    magnitude = np.sort(np.abs(x))
    greatest = float(magnitude[-1])
    magnitude = magnitude[magnitude.view(np.uint32) > 0xFFFF]  # the first bin is that of 0
    if len(magnitude) == 0:
        return greatest

    def quantile(q):
        return bin_edge(magnitude[int(q * (len(magnitude) - 1))])
    reach = 256 * quantile(0.9999)
    if greatest <= reach:
        return greatest
    edges = (magnitude.view(np.uint32) | np.uint32(0xFFFF)).view(np.float32).astype(np.float64)
    within = edges[edges <= reach].max()
    return min(greatest, max(16 * quantile(0.99), within))


class Histogram:
    def __init__(self, x, scheme, qmin, qmax):
        """x: finite float32; qmin and qmax: of a signed target."""
        x = np.asarray(x, np.float32)
        self.symmetric = scheme == "absmax"
        self.limit = limit(x)
        self.bin = self.limit / BINS
        wide = x.astype(np.float64)
        self.ends = (wide.min() / self.bin, wide.max() / self.bin)
        self.steps = qmax if self.symmetric else qmax - qmin
        self.integers = qmax - qmin + 1
        kept = wide[np.abs(wide) > self.step(BINS) * self.bin / 2]
        inside = kept[np.abs(kept) <= self.limit]
        place = np.minimum((np.abs(inside) / self.bin).astype(int), BINS - 1)
        above = (inside > 0) | self.symmetric
        self.above = np.bincount(place[above], minlength=BINS).astype(np.float64)
        self.below = np.bincount(place[~above], minlength=BINS).astype(np.float64)
        outside = kept[np.abs(kept) > self.limit]
        self.far_above = float(((outside > 0) | self.symmetric).sum())
        self.far_below = len(outside) - self.far_above

    def step(self, width):
        """In bins, of the range of a width."""
        if self.symmetric:
            return width / self.steps
        return (min(width, self.ends[1]) - max(-width, self.ends[0])) / self.steps

    def divergence(self, width):
        """KL(P || Q)"""
        above, below = self.above[:width], self.below[:width]
        beyond_above = self.above[width:].sum() + self.far_above
        beyond_below = self.below[width:].sum() + self.far_below
        bins, levels = above, (self.integers + 1) // 2
        if not self.symmetric:
            bins, levels = np.concatenate([below[::-1], above]), self.integers
        p = bins.copy()
        p[0] += beyond_below
        p[-1] += beyond_above
        kept = bins.sum() - (bins[0] if beyond_below else 0) - (bins[-1] if beyond_above else 0)
        if kept == 0 and beyond_below + beyond_above > 0:
            return np.inf
        starts = np.arange(levels) * len(bins) // levels
        sizes = np.diff(np.append(starts, len(bins)))
        elements, filled = np.add.reduceat(bins, starts), np.add.reduceat((p > 0) * 1.0, starts)
        q = np.repeat(elements / np.maximum(filled, 1), sizes)[p > 0]
        p = p[p > 0]
        if (q == 0).any() or len(p) == 0:
            return np.inf
        return float((p / p.sum() * np.log(p / p.sum() / (q / bins.sum()))).sum())

    def squared_error(self, width):
        """Of elements that are spread evenly over their bins, by the antiderivative."""
        step = self.step(width)
        if step <= 0:
            return np.inf
        counts = self.above + self.below
        edges = np.arange(width + 1) / step
        nearest = np.rint(edges)
        integral = step ** 3 * (nearest / 12 + (edges - nearest) ** 3 / 3)
        distance = np.arange(width, BINS) + 0.5 - width
        return float((counts[:width] * np.diff(integral)).sum()
                     + (counts[width:] * (distance ** 2 + 1 / 12)).sum())

    def widths(self):
        """(the least divergence, {width: divergence} of those that are as good but for rounding)"""
        if (self.integers + 1) // 2 > BINS:
            return 0.0, {BINS: 0.0}
        most = self.squared_error(BINS) * (1 + 1e-9)  # equal ones are rounded
        found, least = {BINS: self.divergence(BINS)}, self.divergence(BINS)
        for width in range(BINS - 1, (self.integers + 1) // 2 - 1, -1):
            divergence = self.divergence(width)
            if divergence > least + 1e-11 or self.squared_error(width) > most:
                continue
            found[width] = divergence
            least = min(least, divergence)
        return least, {width: d for width, d in found.items() if d <= least + 1e-11}
