"""The corpus of hostile, damaged and ambiguous archives: each with the words that its refusal must hold."""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from archive.zips import DAG, DESCRIPTOR, DOS, NTFS, UTF8, Archive, Entry, central, dag, local, named, of, zip64_end


@dataclass(frozen=True)
class Hostile:
    name: str
    make: Callable[[], bytes]
    says: str  # what the refusal must say


MIB = 1024 * 1024


def deflated(size: int) -> bytes:
    """``size`` zero bytes, deflated, without ever being in memory as a whole."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [engine.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join(parts) + engine.compress(bytes(size % MIB)) + engine.flush()


def zeros_crc(size: int) -> int:
    crc = 0
    for _ in range(size // MIB):
        crc = zlib.crc32(bytes(MIB), crc)
    return zlib.crc32(bytes(size % MIB), crc)


def bomb(size: int, **fields: object) -> Entry:
    raw = deflated(size)
    return Entry(b"zeros.bin", packed=raw, size=size, crc=zeros_crc(size), **fields)  # type: ignore[arg-type]


def nested() -> bytes:
    """A bomb of bombs, as 42.zip is: small archives within one, and no flow."""
    inner = Archive([bomb(4 * MIB)]).build()
    return Archive([Entry(b"lib %d.zip" % number, inner) for number in range(16)]).build()


def overlapping() -> bytes:
    """Two names for the same bytes, as in David Fifield's bomb with full overlap."""
    one, other = dag(), Entry(b"again.py", DAG)
    other.offset = 0
    body = local(one) + one.raw()
    directory = central(one, 0) + central(other, 0)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(body), 0)
    return body + directory + end


def quoted() -> bytes:
    """The quoted overlap of Fifield's bomb: the first entry's data quotes the second's header."""
    second = Entry(b"b.py", b"print(1)\n" * 100)
    behind = local(second) + second.raw()
    quote = struct.pack("<BHH", 0, len(local(second)), len(local(second)) ^ 0xFFFF)  # a stored deflate block
    content = local(second) + second.content
    raw = quote + behind
    one = Entry(b"a.py", content, packed=raw)
    top = dag()
    start = len(local(top)) + len(top.raw())
    body = local(top) + top.raw() + local(one) + raw
    inner = start + len(local(one)) + len(quote)
    directory = central(top, 0) + central(one, start) + central(second, inner)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(directory), len(body), 0)
    return body + directory + end


def many(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"f/{number}", b"")
    return out.getvalue()


def many_ratio() -> bytes:
    """Many files, each too small to be judged by its own ratio, that come to far more together."""
    raw = deflated(MIB - 1)
    crc = zeros_crc(MIB - 1)
    return of(*(Entry(b"z%d.bin" % number, packed=raw, size=MIB - 1, crc=crc) for number in range(60)))


def encrypted() -> bytes:
    return of(Entry(b"secret.py", b"x" * 12 + b"print(1)", method=0, flags=1))


def truncated(cut: int) -> bytes:
    return of(Entry(b"a.py", b"print(1)\n" * 50))[:-cut]


def two_ends() -> bytes:
    """An archive in the comment of another: programs that search from either side see different ones."""
    inner = Archive([Entry(b"evil.py", b"x")]).build()
    return of(comment=inner)


def fake_end_inside_comment() -> bytes:
    fake = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 500)
    return of(comment=b"hello " + fake + b" world")


def zip64(**fields: int) -> bytes:
    """An archive with a ZIP64 end record; its narrow one is full unless told otherwise."""
    entry = dag()
    body, directory = local(entry) + entry.raw(), central(entry, 0)
    at = len(body) + len(directory)
    wide = zip64_end(fields.pop("entries", 1), len(directory), len(body), at, **fields)
    return Archive(
        [entry], end64=wide, count=fields.get("narrow", 0xFFFF), directory_size=0xFFFFFFFF, directory_offset=0xFFFFFFFF
    ).build()


def wrong_crc_deep() -> bytes:
    return of(Entry(b"a.py", b"print(1)\n", crc=0x12345678))


def late_damage() -> bytes:
    """A bit flipped in the middle of deflated data."""
    content = b"".join(b"line %d\n" % number for number in range(20000))
    entry = Entry(b"a.py", content)
    raw = bytearray(entry.raw())
    raw[len(raw) // 2] ^= 0x55
    entry.packed = bytes(raw)
    return of(entry)


def zip_in_directory_gap() -> bytes:
    """An entry that the directory does not list, between two that it does."""
    hidden = Entry(b"flow.dag.yaml", b"evil: true\n")
    return of(Entry(b"a.py", b"x", after=local(hidden) + hidden.raw()))


def unicode_path(name: bytes, other: bytes) -> bytes:
    return struct.pack("<HHBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def second_name(flags: int = 0) -> bytes:
    extra = unicode_path(b"a.py", b"../evil.py")
    return of(Entry(b"a.py", b"x", flags=flags, central_extra=extra, local_extra=extra))


def symlink_then_through() -> bytes:
    return of(Entry(b"link", b"/etc", mode=0o120777), Entry(b"link/passwd", b"x"))


def huge_name() -> bytes:
    return of(Entry(b"a" * 60000, b"x"))


def huge_directory() -> bytes:
    """Few bytes of content, a directory of many entries with long names and comments."""
    entry = Entry(b"d/" + b"x" * 200, note=b"n" * 0xFFFF)
    return Archive([dag(), *(entry for _ in range(600))], comment=b"").build()


def liar(says: int) -> bytes:
    """Deflated data that unpacks to far more than both headers announce."""
    return of(Entry(b"small.bin", packed=deflated(40 * MIB), size=says, crc=0))


def far_after() -> bytes:
    """More junk behind the end of a deflated stream than is read at once."""
    return of(Entry(b"a.py", packed=Entry(b"", b"x").raw() + bytes(600_000), size=1, crc=zlib.crc32(b"x")))


def name_length(length: int) -> bytes:
    """A directory of one entry whose name is said to be longer than it is."""
    raw = bytearray(central(dag(), 0))
    raw[28:30] = struct.pack("<H", length)
    return bytes(raw)


NFC, NFD = unicodedata.normalize("NFC", "café.py"), unicodedata.normalize("NFD", "café.py")

CORPUS = [
    # traversal, in all spellings
    Hostile("dotdot", lambda: named("../evil.py"), "climbs out"),
    Hostile("dotdot-deep", lambda: named("a/b/../../../evil.py"), "climbs out"),
    Hostile("dotdot-inside", lambda: named("a/../flow.dag.yaml"), "climbs out"),
    Hostile("dotdot-last", lambda: named("a/.."), "climbs out"),
    Hostile("dotdot-folder", lambda: of(Entry(b"../", mode=0o40755)), "climbs out"),
    Hostile("dotdot-here", lambda: named("./../evil.py"), "climbs out"),
    Hostile("dotdot-backslash", lambda: named("..\\evil.py"), "backslashes"),
    Hostile("dotdot-mixed", lambda: named("a/..\\..\\evil.py"), "backslashes"),
    Hostile("dotdot-blank", lambda: named(".. /evil.py"), "reads like '..'"),
    Hostile("three-dots", lambda: named(".../evil.py"), "reads like '..'"),
    Hostile("dotdot-fullwidth", lambda: named("\uff0e\uff0e/evil.py"), "reads like '..'"),
    Hostile("dotdot-leader", lambda: named("\u2025/evil.py"), "reads like '..'"),
    Hostile("dotdot-overlong", lambda: of(Entry(b"\xc0\xae\xc0\xae/evil.py", b"x", flags=UTF8)), "marked as UTF-8"),
    Hostile("single-dot", lambda: named("a/./b.py"), "empty part"),
    Hostile("empty-part", lambda: named("a//b.py"), "empty part"),
    # absolute, drive, network
    Hostile("absolute", lambda: named("/etc/passwd"), "absolute"),
    Hostile("absolute-backslash", lambda: named("\\evil.py"), "absolute"),
    Hostile("drive", lambda: named("C:/evil.py"), "names a drive"),
    Hostile("drive-backslash", lambda: named("C:\\evil.py"), "names a drive"),
    Hostile("drive-relative", lambda: named("c:evil.py"), "names a drive"),
    Hostile("unc", lambda: named("\\\\server\\share\\evil.py"), "UNC"),
    Hostile("unc-slash", lambda: named("//server/share/evil.py"), "UNC"),
    Hostile("device-path", lambda: named("\\\\?\\C:\\evil.py"), "UNC"),
    Hostile("windows-writer", lambda: named("sub\\a.py"), "backslashes"),
    # what is no plain file
    Hostile("symlink", lambda: of(Entry(b"link", b"/etc/passwd", mode=0o120777)), "a symbolic link"),
    Hostile("symlink-from-dos", lambda: of(Entry(b"link", b"/etc", mode=0o120777, system=DOS)), "a symbolic link"),
    Hostile("symlink-then-through", symlink_then_through, "a symbolic link"),
    Hostile("reparse-point", lambda: of(Entry(b"l", b"x", mode=0, dos_attributes=0x400, system=NTFS)), "a link"),
    Hostile("device", lambda: of(Entry(b"dev", mode=0o20644)), "a device"),
    Hostile("block-device", lambda: of(Entry(b"dev", mode=0o60644)), "a device"),
    Hostile("fifo", lambda: of(Entry(b"pipe", mode=0o10644)), "a pipe"),
    Hostile("socket", lambda: of(Entry(b"sock", mode=0o140644)), "a socket"),
    Hostile("folder-as-file", lambda: of(Entry(b"sub", mode=0o40755)), "something else"),
    Hostile("file-as-folder", lambda: of(Entry(b"sub/", mode=0o100644)), "something else"),
    Hostile("folder-attribute", lambda: of(Entry(b"sub", mode=0, dos_attributes=0x10)), "said to be a folder"),
    Hostile("folder-with-content", lambda: of(Entry(b"sub/", b"x", mode=0o40755)), "has content"),
    # names that some system cannot hold
    Hostile("nul", lambda: named("a\0.py"), "control character"),
    Hostile("nul-hides-suffix", lambda: named("flow.dag.yaml\0.png"), "control character"),
    Hostile("newline", lambda: named("a\n.py"), "control character"),
    Hostile("escape", lambda: named("\x1b[2Ja.py"), "control character"),
    Hostile("c1-control", lambda: named("a\x9b.py"), "control character"),
    Hostile("no-name", lambda: of(Entry(b"", b"x")), "no name"),
    Hostile("reserved", lambda: named("CON"), "device name"),
    Hostile("reserved-suffix", lambda: named("sub/aux.py"), "device name"),
    Hostile("reserved-com1", lambda: named("com1.txt"), "device name"),
    Hostile("trailing-dot", lambda: named("a.py."), "ends with a dot or a blank"),
    Hostile("trailing-blank", lambda: named("a.py "), "ends with a dot or a blank"),
    Hostile("folder-trailing-dot", lambda: named("sub./a.py"), "ends with a dot or a blank"),
    Hostile("stream", lambda: named("a.py:evil"), "forbid"),
    Hostile("wildcard", lambda: named("a*.py"), "forbid"),
    Hostile("quote", lambda: named('a".py'), "forbid"),
    Hostile("surrogate", lambda: of(Entry(b"\xed\xa0\x80.py", b"x", flags=UTF8)), "marked as UTF-8"),
    Hostile("long-path", lambda: named("/".join(["abcdefgh"] * 30)), "longer than 240 bytes"),
    Hostile("long-name", huge_name, "60000 bytes long"),
    Hostile("deep", lambda: named("d/" * 33 + "a.py"), "deeper than 32"),
    # names that cannot stand together
    Hostile("duplicate", lambda: of(Entry(b"a.py", b"1"), Entry(b"a.py", b"2")), "twice"),
    Hostile("duplicate-definition", lambda: of(dag()), "twice"),
    Hostile("duplicate-by-dot", lambda: of(Entry(b"a.py", b"1"), Entry(b"./a.py", b"2")), "twice"),
    Hostile("case-twins", lambda: of(Entry(b"Flow.dag.yaml", b"evil")), "only in case"),
    Hostile("case-twin-folders", lambda: of(Entry(b"A/x.py", b"1"), Entry(b"a/y.py", b"2")), "only in case"),
    Hostile("sharp-s", lambda: of(Entry("ß".encode(), flags=UTF8), Entry(b"ss")), "only in case"),
    Hostile("unicode-twins", lambda: of(Entry(NFC.encode(), flags=UTF8), Entry(NFD.encode(), flags=UTF8)), "only in"),
    Hostile("file-then-folder", lambda: of(Entry(b"a", b"1"), Entry(b"a/b.py", b"2")), "a file and a folder"),
    Hostile("folder-then-file", lambda: of(Entry(b"a/b.py", b"2"), Entry(b"a", b"1")), "a file and a folder"),
    Hostile("file-and-folder-entry", lambda: of(Entry(b"a", b"1"), Entry(b"a/", mode=0o40755)), "a file and a folder"),
    Hostile("two-names", second_name, "climbs out"),
    Hostile("two-names-utf8", lambda: second_name(UTF8), "a second name"),
    # entries that overlap, hide or lie
    Hostile("overlap", overlapping, "overlaps"),
    Hostile("quoted-overlap", quoted, "overlaps"),
    Hostile("hidden-entry", zip_in_directory_gap, "belong to no entry"),
    Hostile("hidden-before-directory", lambda: of(middle=b"evil"), "belong to no entry"),
    Hostile("local-name", lambda: of(Entry(b"a.py", b"x", local_name=b"b.py")), "another name in its own header"),
    Hostile("local-size", lambda: of(Entry(b"a.py", b"x", local_size=9)), "another size or checksum"),
    Hostile("local-crc", lambda: of(Entry(b"a.py", b"x", local_crc=9)), "another size or checksum"),
    Hostile("local-method", lambda: of(Entry(b"a.py", b"x", local_method=0)), "described in two ways"),
    Hostile("local-flags", lambda: of(Entry(b"a.py", b"x", local_flags=1)), "described in two ways"),
    Hostile("wrong-place", lambda: of(Entry(b"a.py", b"x", offset=3)), "overlaps"),
    Hostile("place-outside", lambda: of(Entry(b"a.py", b"x", offset=0x7FFFFFFF)), "where no entry can be"),
    Hostile("stored-two-sizes", lambda: of(Entry(b"a.py", b"xy", method=0, size=1)), "two sizes"),
    Hostile(
        "descriptor-lies",
        lambda: of(Entry(b"a.py", b"x", flags=DESCRIPTOR, descriptor=struct.pack("<4s3L", b"PK\7\x08", 1, 2, 3))),
        "in its data descriptor",
    ),
    Hostile(
        "descriptor-missing",
        lambda: of(Entry(b"a.py", b"x", flags=DESCRIPTOR, descriptor=b"")),
        "no data descriptor",
    ),
    Hostile("extra-damaged", lambda: of(Entry(b"a.py", central_extra=b"\1\0\xff\xff")), "extra field is damaged"),
    Hostile("zip64-short", lambda: of(Entry(b"a.py", size=0xFFFFFFFF, central_extra=b"\1\0\2\0xx")), "too short"),
    Hostile("data-far-after-stream", far_after, "after the end of its content"),
    Hostile("no-deflate", lambda: of(Entry(b"a.py", packed=b"\xff" * 9, size=9, crc=0)), "cannot be unpacked"),
    Hostile("zip64-far-away", lambda: zip64(points_to=1 << 40), "not where it should be"),
    Hostile(
        "local-unicode-name", lambda: of(Entry(b"a.py", local_extra=unicode_path(b"a.py", b"b.py"))), "another name"
    ),
    Hostile(
        "descriptor-without-mark",
        lambda: of(Entry(b"a.py", b"x", flags=DESCRIPTOR, descriptor=bytes(16))),
        "no data descriptor",
    ),
    Hostile("name-past-the-end", lambda: of(directory=name_length(500)), "in the middle of a record"),
    Hostile(
        "name-past-the-directory", lambda: of(directory=name_length(500), comment=b"c" * 900), "longer than its end"
    ),
    Hostile("directory-mark", lambda: of(directory=b"PK\1\3" + name_length(13)[4:]), "its directory is damaged"),
    Hostile("zip64-twice", lambda: of(Entry(b"a.py", central_extra=b"\1\0\0\0" * 2)), "extra field twice"),
    Hostile("extra-junk", lambda: of(Entry(b"a.py", central_extra=b"abc")), "extra field is damaged"),
    Hostile("zip64-disk", lambda: of(Entry(b"a.py", disk=0xFFFF, central_extra=b"\1\0\2\0xx")), "too short"),
    Hostile("no-header-there", lambda: b"PK\3\5" + of()[4:], "where no entry begins"),
    Hostile("local-name-long", lambda: of(Entry(b"a.py", local_name=b"a" * 2000)), "between its two headers"),
    # bombs
    Hostile("ratio", lambda: of(bomb(50 * MIB)), "times what it is packed in"),
    Hostile("ratio-of-all", many_ratio, "times what it is packed in"),
    Hostile("nested", nested, "holds no flow"),
    Hostile("many-entries", lambda: many(10_001), "10001 entries"),
    Hostile("entries-lie", lambda: of(Entry(b"a.py"), count=1), "more than the entries"),
    Hostile("entries-lie-more", lambda: of(count=9), "fewer entries"),
    Hostile("one-too-large", lambda: of(Entry(b"big", packed=bytes(MIB), size=200 * MIB)), "up to 100 MiB"),
    Hostile(
        "all-too-large",
        lambda: of(*(Entry(b"b%d" % number, packed=bytes(MIB), size=99 * MIB) for number in range(6))),
        "more than 500 MiB together",
    ),
    Hostile("lying-size", lambda: liar(100), "holds more than the 100 bytes"),
    Hostile("lying-size-zero", lambda: liar(0), "holds more than the 0 bytes"),
    Hostile("size-too-big", lambda: of(Entry(b"a.py", b"x", size=2)), "announces 2"),
    Hostile("huge-directory", huge_directory, "twice"),
    # what is not read here
    Hostile("encrypted", encrypted, "encrypted"),
    Hostile("strongly-encrypted", lambda: of(Entry(b"a.py", b"x", flags=0x41)), "encrypted"),
    Hostile("masked-headers", lambda: of(Entry(b"a.py", b"x", flags=0x2000)), "encrypted"),
    Hostile("patch-data", lambda: of(Entry(b"a.py", b"x", flags=0x20)), "does not read"),
    Hostile("unknown-flag", lambda: of(Entry(b"a.py", b"x", flags=0x8000)), "does not read"),
    Hostile("bzip2", lambda: of(Entry(b"a.py", b"x", method=12)), "bzip2"),
    Hostile("lzma", lambda: of(Entry(b"a.py", b"x", method=14)), "LZMA"),
    Hostile("deflate64", lambda: of(Entry(b"a.py", b"x", method=9)), "deflate64"),
    Hostile("zstandard", lambda: of(Entry(b"a.py", b"x", method=93)), "Zstandard"),
    Hostile("aes", lambda: of(Entry(b"a.py", b"x", method=99)), "AES"),
    Hostile("unknown-method", lambda: of(Entry(b"a.py", b"x", method=77)), "method 77"),
    # damage, and junk around
    Hostile("truncated-end", lambda: truncated(4), "its end is missing"),
    Hostile("truncated-directory", lambda: truncated(40), "its end is missing"),
    Hostile("truncated-half", lambda: truncated(len(of(Entry(b"a.py", b"x"))) // 2), "its end is missing"),
    Hostile("empty-file", lambda: b"", "no ZIP archive"),
    Hostile("no-zip", lambda: b"<html>Sign in to your account</html>" * 50, "no ZIP archive"),
    Hostile("only-the-end", lambda: Archive([]).build(), "holds no flow"),
    Hostile("junk-before", lambda: of(before=b"#!/bin/sh\nrm -rf /\n"), "before its first entry"),
    Hostile("junk-before-shifted", lambda: of(before=b"MZ" + bytes(100), shift=True), "belong to no entry"),
    Hostile("junk-after", lambda: of(behind=b"evil"), "after its end"),
    Hostile("second-archive-after", lambda: of(behind=Archive([Entry(b"x")]).build()), "belong to no entry"),
    Hostile("archive-in-comment", two_ends, "two end records"),
    Hostile("end-in-comment", fake_end_inside_comment, "two end records"),
    Hostile("comment-cut-off", lambda: of(comment=b"abc", comment_length=400), "its comment is cut off"),
    Hostile("multi-disk", lambda: of(disk=1), "several parts"),
    Hostile("multi-disk-count", lambda: of(count_here=1, count=3), "several parts"),
    Hostile("entry-on-other-disk", lambda: of(Entry(b"a.py", b"x", disk=2)), "several parts"),
    Hostile("zip64-several-disks", lambda: zip64(disks=3), "several parts"),
    Hostile("zip64-elsewhere", lambda: zip64(points_to=0), "not where it should be"),
    Hostile("zip64-long", lambda: zip64(length=99), "not where it should be"),
    Hostile("zip64-disagrees", lambda: zip64(narrow=7), "two end records differ"),
    Hostile("zip64-missing", lambda: of(directory_offset=0xFFFFFFFF), "ZIP64 end record is missing"),
    Hostile("directory-outside", lambda: of(directory_offset=0x7FFFFFFF), "reaches into its end record"),
    Hostile("wrong-crc", wrong_crc_deep, "checksum is wrong"),
    Hostile("bit-flip", late_damage, "'a.py'"),
    Hostile(
        "data-after-stream",
        lambda: of(Entry(b"a.py", packed=Entry(b"", b"x").raw() + b"evil", size=1, crc=zlib.crc32(b"x"))),
        "after the end of its content",
    ),
    Hostile("stream-cut-off", lambda: of(Entry(b"a.py", packed=deflated(1000)[:-2], size=1000, crc=0)), "cut off"),
    # Git
    Hostile("git-hook", lambda: named(".git/hooks/pre-commit", mode=0o100755), "Git's own folder"),
    Hostile("git-hook-deep", lambda: named("sub/.git/hooks/pre-commit"), "Git's own folder"),
    Hostile("git-hook-case", lambda: named(".GIT/hooks/pre-commit"), "Git's own folder"),
    Hostile("git-short-name", lambda: named("git~1/hooks/pre-commit"), "Git's own folder"),
    Hostile("git-trailing", lambda: named(".git./config"), "Git's own folder"),
    Hostile("git-ignorable", lambda: named(".g\u200cit/config"), "Git's own folder"),
    Hostile("git-file", lambda: named("sub/.git"), "Git's own folder"),
    Hostile(
        "git-beside-a-flow",
        lambda: Archive([Entry(b"chat/flow.dag.yaml", DAG), Entry(b".git/hooks/pre-commit", b"x")]).build(),
        "Git's own folder",
    ),
]
