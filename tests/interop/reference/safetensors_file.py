# SPDX-License-Identifier: MIT
"""Safetensors files in pure Python: written in any order, and read as strictly as the reference
implementation writes them."""
import json
import math
import struct

# In the ascending order of the reference, with the bits of an element.
TYPES = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8,
         "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
         "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
         "U64": 64}
ASCENDING = list(TYPES)


def write(path, tensors, metadata=None):
    """tensors: {name: (type, shape, bytes)}, in the order of their bytes."""
    header, end = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        assert len(data) * 8 == TYPES[dtype] * math.prod(shape), name
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data for _, _, data in tensors.values())


def read(path):
    """({name: (type, shape, bytes)}, metadata). Fails if the reference would have written other bytes
    of what it holds."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    text, data = content[8:8 + length].decode(), content[8 + length:]
    header = json.loads(text)
    names = list(header)
    metadata = header.pop("__metadata__", {})
    assert "__metadata__" not in names[1:], "the metadata comes first"
    assert list(metadata) == sorted(metadata, key=str.encode), "the order of the metadata"
    tensors, end = {}, 0
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        assert first == end, f"{name!r} begins at {first}, not at {end}"
        assert (last - first) * 8 == TYPES[entry["dtype"]] * math.prod(entry["shape"]), name
        tensors[name] = (entry["dtype"], tuple(entry["shape"]), data[first:last])
        end = last
    assert end == len(data), "the tensors fill the file"
    order = sorted(tensors, key=lambda name: (-ASCENDING.index(tensors[name][0]), name.encode()))
    assert list(tensors) == order, "the order of the tensors"
    if metadata:
        header = {"__metadata__": metadata, **header}
    printed = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    for code in (*range(0x20), 0x7f):  # Python escapes DEL as it is, and knows the short forms
        assert chr(code) not in text or code == 0x7f
    assert text == printed + " " * (-len(printed.encode()) % 8), "the text of the header"
    return tensors, metadata
