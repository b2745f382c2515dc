# SPDX-License-Identifier: MIT
"""The bad .npz files, which make_bad.py writes.

To add a case, add one row: name, bytes, and a sentence. Most rows change one field of one record of
a good archive: archives.py takes every field of a ZIP archive by its name.
"""

import struct
import zlib

from archives import (ALL_16, ALL_32, DEFLATED, DESCRIPTOR, ENCRYPTED, FLOATS, GOOD, UTF8, Member,
                      archive, deflate, npy, zip64)
from bad_sidecars import Bad


def row(name: str, content: bytes, sentence: str) -> Bad:
    return Bad(name + ".npz", content, sentence)


def one(case: str, sentence: str, **member) -> Bad:
    return row(case, archive(Member(**member)), sentence)


GOOD_FILE = archive(Member())
TWO = [Member(), Member(b"b.npy")]
B_AT = len(TWO[0].local_header()) + len(GOOD)

ENDS = [
    row("end_missing", GOOD_FILE[:-22], "The file ends before the end record."),
    row("end_truncated", GOOD_FILE[:-1], "The last byte of the end record is missing."),
    row("truncated_in_data", GOOD_FILE[:100], "The file ends inside the first member."),
    row("truncated_in_directory", GOOD_FILE[:-40], "The file ends inside the directory."),
    row("trailing_byte", archive(Member(), trailing=b"\0"), "A byte follows the end record."),
    row("comment_short", archive(Member(), comment=b"hello", ncomment=4),
        "The comment is a byte longer than the end record says."),
    row("comment_long", archive(Member(), comment=b"hello", ncomment=6),
        "The comment is a byte shorter than the end record says."),
    row("comment_with_end", archive(Member(), comment=archive(Member(b"b.npy"))[-22:] + b"x"),
        "The comment holds another end record."),
    row("end_counts_differ", archive(Member(), total=2), "The two counts of members differ."),
    row("end_count_zero", archive(Member(), here=0, total=0),
        "The end record counts no members, but the directory has one."),
    row("end_count_high", archive(Member(), here=2, total=2),
        "The end record counts one member more than the directory has room for."),
    row("end_count_of_long_entry",
        archive(Member(central={"comment": b"as long as another entry of the directory: " * 2}),
                here=2, total=2),
        "The end record counts two members; the directory has one, with room for another."),
    row("end_count_low", archive(*TWO, here=1, total=1),
        "The end record counts one member, but the directory has two."),
    row("end_disk", archive(Member(), disk=1), "The file is the second part of an archive."),
    row("end_directory_disk", archive(Member(), directory_disk=1),
        "The directory begins in another part of the archive."),
    row("end_offset_high", archive(Member(), offset=len(GOOD_FILE)),
        "The directory begins beyond the end record."),
    row("end_offset_low", archive(Member(), offset=0),
        "The directory begins at the first member."),
    row("end_offset_largest", archive(Member(), offset=ALL_32),
        "The offset of the directory has all bits set, but there is no zip64 record."),
    row("end_size_high", archive(Member(), size=len(GOOD_FILE)),
        "The directory is longer than what is before the end record."),
    row("end_size_low", archive(Member(), size=50), "The directory is a byte shorter than it is."),
    row("gap_after_directory", archive(Member(), after_directory=b"gap!"),
        "Four bytes lie between the directory and the end record."),
    row("gap_before_directory", archive(Member(), before_directory=b"gap!"),
        "Four bytes lie between the last member and the directory."),
]

ZIP_64 = [
    row("zip64_locator_wrong", archive(Member(), end_64={}, locator={"at": 1}),
        "The zip64 locator points to another place."),
    row("zip64_locator_beyond", archive(Member(), end_64={}, locator={"at": 2**63}),
        "The zip64 locator points beyond the file."),
    row("zip64_locator_wraps", archive(Member(), end_64={}, locator={"at": 2**64 - 20}),
        "The zip64 locator points to the end of all numbers."),
    row("zip64_disk", archive(Member(), end_64={"disk": 1}),
        "The zip64 record is in another part of the archive."),
    row("zip64_disks", archive(Member(), end_64={}, locator={"disks": 2}),
        "The zip64 locator counts two parts of the archive."),
    row("zip64_signature_wrong", archive(Member(), end_64={"signature": 0x06064B51}),
        "The zip64 record has another signature."),
    row("zip64_size_wrong", archive(Member(), end_64={"record_size": 45}),
        "The zip64 record is a byte longer than it is."),
    row("zip64_count_differs", archive(Member(), end_64={"here": 2, "total": 2}),
        "The two end records count different members."),
    row("zip64_counts_differ", archive(Member(), end_64={"here": 2}),
        "The two counts of members in the zip64 record differ."),
    row("zip64_count_largest",
        archive(Member(), end_64={"here": 2**64 - 1, "total": 2**64 - 1}, here=ALL_16,
                total=ALL_16),
        "The zip64 record counts 2^64 - 1 members: nobody should allocate that."),
    row("zip64_offset_differs", archive(Member(), end_64={"offset": 1}),
        "The two end records place the directory differently."),
    row("zip64_offset_largest", archive(Member(), end_64={"offset": 2**64 - 1}, offset=ALL_32),
        "The directory begins at 2^64 - 1."),
    row("zip64_size_largest", archive(Member(), end_64={"size": 2**64 - 1}, size=ALL_32),
        "The directory has 2^64 - 1 bytes."),
    one("zip64_extra_short", "The zip64 field has one number, but two are needed.",
        central={"nbytes": ALL_32, "packed": ALL_32, "extra": zip64(len(GOOD))}),
    one("zip64_extra_long", "The zip64 field has a number that nothing needs.",
        central={"nbytes": ALL_32, "extra": zip64(len(GOOD), len(GOOD))}),
    one("zip64_extra_doubled", "There are two zip64 fields.",
        central={"nbytes": ALL_32, "extra": zip64(len(GOOD)) * 2}),
    one("zip64_extra_needless", "There is a zip64 field, but every number has its place.",
        central={"extra": zip64(len(GOOD))}),
    one("zip64_size_wraps", "The size in the zip64 field is 2^64 - 1.",
        central={"nbytes": ALL_32, "packed": ALL_32, "extra": zip64(2**64 - 1, 2**64 - 1)}),
    one("zip64_local_differs", "The zip64 field of the local header has another size.",
        local={"nbytes": ALL_32, "packed": ALL_32, "extra": zip64(len(GOOD) + 1, len(GOOD))}),
    one("zip64_local_hidden", "The zip64 field of the local header has another size, beside the "
        "right one in its place.", local={"extra": zip64(1, 1)}),
    one("extra_truncated", "An extra field is longer than all of them.",
        central={"extra": struct.pack("<HH", 0x5455, 9) + b"12345"}),
    one("extra_cut", "Three bytes are left after the extra fields.", central={"extra": b"\0\0\0"}),
    one("extra_local_truncated", "An extra field of the local header is longer than all of them.",
        local={"extra": struct.pack("<HH", 0x5455, 9) + b"12345"}),
]

unicode_name = b"\x01" + struct.pack("<I", zlib.crc32(b"a.npy")) + b"b.npy"

NAMES = [
    row("name_doubled", archive(Member(), Member()), "Two members are called `a.npy`."),
    one("name_empty", "The member has no name.", name=b""),
    one("name_escape", "The name leaves the directory, has an escape sequence and a newline, and "
        "its CRC is wrong.", name=b"../a\x1b[31m\n.npy", crc=1),
    one("name_20000", "The name is 20,000 bytes long: its end, .npy, is too far from the beginning to be seen.",
        name=b"n" * 19996 + b".npy", crc=1),
    one("name_nul", "The name holds a NUL.", name=b"a\0b.npy"),
    one("name_not_utf8", "The name is marked as UTF-8 and is not.", name=b"\xff.npy", flags=UTF8),
    one("name_codepage", "The name is not ASCII, and not marked as UTF-8.", name=b"\x81.npy"),
    one("name_differs", "The local header has another name.", local={"name": b"b.npy"}),
    one("name_longer", "The local header has a longer name.", local={"name": b"aa.npy"}),
    one("name_in_extra", "An extra field has another name.",
        central={"extra": struct.pack("<HH", 0x7075, len(unicode_name)) + unicode_name}),
    row("member_text", archive(Member(), Member(b"readme.txt", b"hello")),
        "A member is a text, not an array."),
    row("member_directory", archive(Member(), Member(b"d/", b"")), "A member is a directory."),
    row("member_suffix_case", archive(Member(), Member(b"b.NPY")),
        "A member has the extension in capitals, which NumPy does not take for an array."),
    row("member_pickle", archive(Member(), Member(b"b.npy", npy("'|O'", "(1,)", b"\x80\x03N."))),
        "A member is an array of Python objects."),
    row("member_structured",
        archive(Member(), Member(b"b.npy", npy("[('x', '<f4')]", "(6,)"))),
        "A member has a structured type."),
    row("member_dtype_unknown", archive(Member(), Member(b"b.npy", npy("'<q4'", "(6,)"))),
        "A member has a type that NumPy does not have."),
    row("member_no_npy", archive(Member(), Member(b"b.npy", b"hello, world")),
        "A member is not what its name says."),
    row("member_empty", archive(Member(), Member(b"b.npy", b"")), "A member has no bytes."),
]

HEADERS = [
    one("encrypted", "The member is encrypted.", flags=ENCRYPTED),
    one("encrypted_strong", "The member is encrypted strongly.", flags=ENCRYPTED | 0x40),
    one("patched", "The member is a patch.", flags=0x20),
    one("method_bzip2", "The member is compressed by bzip2.", method=12),
    one("method_lzma", "The member is compressed by LZMA.", method=14),
    one("method_deflate64", "The member is compressed by deflate64.", method=9),
    one("method_zstd", "The member is compressed by zstd.", method=93),
    one("method_unknown", "The member is compressed by method 77.", method=77),
    one("version_high", "The member needs version 6.4.", central={"version": 64}),
    one("method_differs", "The local header has another method.", local={"method": DEFLATED}),
    one("flags_differ", "The local header has other flags.", local={"flags": UTF8}),
    one("crc_differs", "The local header has another CRC.", local={"crc": 1}),
    one("size_differs", "The local header has another size.", local={"nbytes": len(GOOD) - 1}),
    one("packed_differs", "The local header has another compressed size.",
        local={"packed": len(GOOD) - 1}),
    one("sizes_differ", "The member is stored, but its two sizes differ.", nbytes=len(GOOD) - 1),
    one("local_signature", "The directory points to something else than a local header.",
        local={"signature": 0x04034B51}),
    one("central_signature", "The entry of the directory has another signature.",
        central={"signature": 0x02014B51}),
    one("disk_other", "The member is in another part of the archive.", central={"disk": 1}),
    one("offset_beyond", "The member begins beyond the directory.", central={"offset": 100_000}),
    one("offset_shifted", "The member begins a byte later than it does.", central={"offset": 1}),
    one("descriptor_missing", "There is no data descriptor, though the flags say so.",
        flags=DESCRIPTOR),
    one("descriptor_crc", "The data descriptor has another CRC.", flags=DESCRIPTOR,
        descriptor=struct.pack("<IIII", 0x08074B50, 1, len(GOOD), len(GOOD))),
    one("descriptor_size", "The data descriptor has another size.", flags=DESCRIPTOR,
        descriptor=struct.pack("<IIII", 0x08074B50, zlib.crc32(GOOD), len(GOOD), 1)),
    one("descriptor_unasked", "There is a data descriptor, though the flags do not say so.",
        descriptor=struct.pack("<IIII", 0x08074B50, zlib.crc32(GOOD), len(GOOD), len(GOOD))),
]

PLACES = [
    row("gap_between", archive(Member(), Member(b"b.npy", before=b"gap!")),
        "Four bytes lie between two members."),
    row("first_unlisted", archive(Member(), Member(b"b.npy"), order=[1], here=1, total=1),
        "The first member is not in the directory."),
    row("overlap_same", archive(Member(), Member(central={"offset": 0, "name": b"a.npy"})),
        "Two entries of the directory are the same member."),
    row("overlap_inside",
        archive(Member(content=npy("'|u1'", f"({len(Member().local_header()) + len(GOOD)},)",
                                   Member(b"b.npy").local_header() + GOOD)),
                Member(b"b.npy", central={"offset": len(Member().local_header()) + 128})),
        "The second member lies inside the first."),
    row("overlap_directory",
        archive(Member(central={"packed": len(GOOD) + 8, "nbytes": len(GOOD) + 8},
                       local={"packed": len(GOOD) + 8, "nbytes": len(GOOD) + 8})),
        "The member reaches into the directory."),
]

BOMB = npy("'|u1'", "(1000000,)", bytes(1_000_000))
LONG = GOOD + bytes(1000)

DATA = [
    row("crc_stored", archive(Member(crc=0x12345678)), "The CRC of a stored member is wrong."),
    row("crc_deflated", archive(Member(method=DEFLATED, crc=0x12345678)),
        "The CRC of a compressed member is wrong."),
    row("crc_copied", archive(Member(), Member(b"b.npy", npy("'<f4'", "(6,)"), crc=1)),
        "The CRC of a member that is copied is wrong."),
    row("data_flipped", GOOD_FILE.replace(FLOATS, FLOATS[:-1] + b"\x41"),
        "A bit of an element has changed."),
    row("deflate_damaged", archive(Member(method=DEFLATED, packed=b"\x07" + deflate(GOOD)[1:])),
        "The compressed bytes begin with a block of no kind."),
    row("deflate_truncated", archive(Member(method=DEFLATED, packed=deflate(GOOD)[:-4])),
        "The compressed bytes end too early."),
    row("deflate_empty", archive(Member(method=DEFLATED, packed=b"", nbytes=0, crc=0)),
        "There are no compressed bytes."),
    row("deflate_trailing", archive(Member(method=DEFLATED, packed=deflate(GOOD) + b"more")),
        "Bytes follow the compressed ones."),
    row("inflates_longer", archive(Member(method=DEFLATED, packed=deflate(LONG))),
        "The member is longer when it is inflated than the archive says."),
    row("inflates_shorter",
        archive(Member(method=DEFLATED, packed=deflate(GOOD[:-4]), nbytes=len(GOOD))),
        "The member is shorter when it is inflated than the archive says."),
    row("inflates_beyond_header",
        archive(Member(content=GOOD[:128] + bytes(100_000), method=DEFLATED)),
        "The member is longer than its header needs."),
    row("bomb", archive(Member(method=DEFLATED, packed=deflate(bytes(1_000_000)))),
        "A kilobyte inflates to a megabyte, where the archive says 152 bytes."),
    row("bomb_with_header",
        archive(Member(method=DEFLATED, packed=deflate(BOMB), nbytes=len(GOOD),
                       crc=zlib.crc32(GOOD))),
        "A kilobyte inflates to a megabyte, whose header needs more than the archive says."),
    row("bomb_ratio", archive(Member(method=DEFLATED, nbytes=2_000_000)),
        "A hundred bytes are said to inflate to 2,000,000: more than deflate can."),
    row("bomb_terabyte",
        archive(Member(content=npy("'<f4'", "(250000000000,)", b""), method=DEFLATED,
                       central={"nbytes": ALL_32, "extra": zip64(10**12 + 128)},
                       local={"nbytes": ALL_32, "packed": ALL_32,
                              "extra": zip64(10**12 + 128,
                                             len(deflate(npy("'<f4'", "(250000000000,)", b""))))})),
        "A hundred bytes are said to inflate to a terabyte, and the header agrees."),
    row("shape_larger", archive(Member(content=npy(shape="(4, 2)"))),
        "The shape needs more bytes than the member has."),
    row("shape_smaller", archive(Member(content=npy(shape="(2, 2)"))),
        "The shape needs fewer bytes than the member has."),
    row("shape_overflow", archive(Member(content=npy(shape=f"({2**62}, 4)"))),
        "The shape has 2^64 elements."),
    row("header_length_beyond",
        archive(Member(content=GOOD[:8] + b"\xff\xff" + GOOD[10:])),
        "The header of the array is longer than the member."),
    row("header_truncated", archive(Member(content=GOOD[:40])),
        "The member ends inside the header of the array."),
]

NPZ = ENDS + ZIP_64 + NAMES + HEADERS + PLACES + DATA
