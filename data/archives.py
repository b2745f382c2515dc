# SPDX-License-Identifier: MIT
"""ZIP archives of arrays, good and bad: every field of every record can be given."""

import struct
import zlib
from dataclasses import dataclass, field

FLOATS = struct.pack("<6f", 5.47, 3.08, -7.59, 0, -1.95, -4.57)
STORED, DEFLATED = 0, 8
ENCRYPTED, DESCRIPTOR, UTF8 = 1, 8, 0x800
ALL_16, ALL_32 = 0xFFFF, 0xFFFFFFFF


def npy(descr: str = "'<f4'", shape: str = "(3, 2)", data: bytes = FLOATS,
        order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1") + data


GOOD = npy()


def deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def zip64(*numbers: int) -> bytes:
    return struct.pack("<HH", 1, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


@dataclass
class Member:
    """Any field that is None is what it should be. `local` and `central` replace fields of one of
    the two headers: version, flags, method, crc, packed, nbytes, name, extra, comment, disk,
    offset."""
    name: bytes = b"a.npy"
    content: bytes = GOOD
    method: int = STORED
    flags: int = 0
    packed: bytes | None = None
    crc: int | None = None
    nbytes: int | None = None
    descriptor: bytes = b""
    before: bytes = b""
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)

    def fields(self) -> dict:
        data = self.data()
        return {"version": 20, "flags": self.flags, "method": self.method,
                "crc": zlib.crc32(self.content) if self.crc is None else self.crc,
                "packed": len(data),
                "nbytes": len(self.content) if self.nbytes is None else self.nbytes,
                "name": self.name, "extra": b"", "comment": b"", "disk": 0, "signature": None}

    def data(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.content) if self.method == DEFLATED else self.content

    def local_header(self) -> bytes:
        is_open = self.flags & DESCRIPTOR
        f = self.fields() | ({"crc": 0, "packed": 0, "nbytes": 0} if is_open else {}) | self.local
        return struct.pack("<IHHHHHIIIHH", f["signature"] or 0x04034B50, f["version"], f["flags"],
                           f["method"], 0, 33, f["crc"], f["packed"], f["nbytes"], len(f["name"]),
                           len(f["extra"])) + f["name"] + f["extra"]

    def central_header(self, offset: int) -> bytes:
        f = self.fields() | {"offset": offset} | self.central
        return struct.pack("<IHHHHHHIIIHHHHHII", f["signature"] or 0x02014B50, 20, f["version"],
                           f["flags"], f["method"], 0, 33, f["crc"], f["packed"], f["nbytes"],
                           len(f["name"]), len(f["extra"]), len(f["comment"]), f["disk"], 0, 0,
                           f["offset"]) + f["name"] + f["extra"] + f["comment"]


def archive(*members: Member, before_directory: bytes = b"", after_directory: bytes = b"",
            comment: bytes = b"", trailing: bytes = b"", order: list[int] | None = None,
            end_64: dict | None = None, locator: dict | None = None, **end: int) -> bytes:
    """end: fields of the end record: disk, directory_disk, here, total, size, offset, ncomment.
    end_64 and locator: the same of those of zip64, which are there if end_64 is not None."""
    body, headers = b"", []
    for member in members:
        body += member.before
        headers.append(member.central_header(len(body)))
        body += member.local_header() + member.data() + member.descriptor
    body += before_directory
    directory = b"".join(headers[i] for i in (order or range(len(headers))))
    f = {"disk": 0, "directory_disk": 0, "here": len(members), "total": len(members),
         "size": len(directory), "offset": len(body), "ncomment": len(comment)}
    tail = after_directory
    if end_64 is not None:
        at = len(body) + len(directory) + len(tail)
        w = f | {"record_size": 44, "signature": 0x06064B50} | end_64
        tail += struct.pack("<IQHHIIQQQQ", w["signature"], w["record_size"], 45, 45, w["disk"],
                            w["directory_disk"], w["here"], w["total"], w["size"], w["offset"])
        p = {"disk": 0, "at": at, "disks": 1} | (locator or {})
        tail += struct.pack("<IIQI", 0x07064B50, p["disk"], p["at"], p["disks"])
    e = f | end
    tail += struct.pack("<IHHHHIIH", 0x06054B50, e["disk"], e["directory_disk"], e["here"],
                        e["total"], e["size"], e["offset"], e["ncomment"])
    return body + directory + tail + comment + trailing
