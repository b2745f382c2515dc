# SPDX-License-Identifier: MIT
"""What people write instead: numpy_quantize.py INPUT.{npy,json} OUTPUT.npy, absmax to int8."""

import json
import sys

import numpy as np

source, target = sys.argv[1:]
if source.endswith(".json"):
    with open(source, encoding="utf-8") as file:
        x = np.array(json.load(file), dtype=np.float32)
else:
    x = np.load(source)
scale = np.abs(x).max() / np.float32(127)
np.save(target, np.clip(np.rint(x / scale), -127, 127).astype(np.int8))
