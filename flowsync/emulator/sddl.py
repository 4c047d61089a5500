"""Security descriptors: from their text (SDDL) to the binary form and back, as far as files have them.

What belongs here: owner, group and the two access lists with plain entries. No object or callback entries.
"""

import base64
import binascii
import re
import struct

from flowsync.emulator.refusal import Refused

_SIDS = {
    "BA": "S-1-5-32-544",
    "BU": "S-1-5-32-545",
    "BG": "S-1-5-32-546",
    "SY": "S-1-5-18",
    "AU": "S-1-5-11",
    "WD": "S-1-1-0",
    "CO": "S-1-3-0",
    "CG": "S-1-3-1",
    "OW": "S-1-3-4",
    "AN": "S-1-5-7",
    "IU": "S-1-5-4",
    "NU": "S-1-5-2",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
}
_NAMES = {sid: name for name, sid in _SIDS.items()}
_RIGHTS = {
    "FA": 0x1F01FF,
    "FR": 0x120089,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "GA": 1 << 28,
    "GX": 1 << 29,
    "GW": 1 << 30,
    "GR": 1 << 31,
}
_RIGHTS |= {"RC": 0x20000, "SD": 0x10000, "WD": 0x40000, "WO": 0x80000}
_RIGHT_NAMES = {value: name for name, value in _RIGHTS.items()}
_TYPES = {"A": 0, "D": 1, "AU": 2}
_TYPE_NAMES = {value: name for name, value in _TYPES.items()}
_ACE_FLAGS = {"OI": 1, "CI": 2, "NP": 4, "IO": 8, "ID": 16, "SA": 64, "FA": 128}
_SELF_RELATIVE, _DACL, _SACL = 0x8000, 0x0004, 0x0010
_DACL_FLAGS = {"P": 0x1000, "AI": 0x0400, "AR": 0x0100}
_SACL_FLAGS = {"P": 0x2000, "AI": 0x0800, "AR": 0x0200}
_PART = re.compile(r"([OGDS]):((?:(?![OGDS]:).)*)", re.DOTALL)
_ACL = re.compile(r"((?:P|AI|AR)*)(NO_ACCESS_CONTROL|(?:\([^()]*\))*)")
_SID = re.compile(r"S-1-\d+(?:-\d+){1,15}")


def check(text: str) -> None:
    """Raises Refused unless the text is a security descriptor."""
    to_binary(text)


def to_binary(text: str) -> str:
    """Converts SDDL to the binary form, in base64; raises Refused."""
    parts = dict(_PART.findall(text))
    if not parts or "".join(f"{key}:{value}" for key, value in _PART.findall(text)) != text:
        raise Refused("InvalidHeaderValue", "The file permission is not a security descriptor.")
    control = _SELF_RELATIVE
    chunks: dict[str, bytes] = {}
    for letter, present, flags in (("S", _SACL, _SACL_FLAGS), ("D", _DACL, _DACL_FLAGS)):
        if letter in parts:
            bits, chunks[letter] = _acl(parts[letter], flags)
            control |= present | bits
    for letter in "OG":
        if letter in parts:
            chunks[letter] = _sid(parts[letter])
    body, offsets = b"", {}
    for letter in "SDOG":
        if chunks.get(letter):
            offsets[letter] = 20 + len(body)
            body += chunks[letter]
    where = [offsets.get(letter, 0) for letter in "OGSD"]
    return base64.b64encode(struct.pack("<BBHIIII", 1, 0, control, *where) + body).decode()


def to_text(encoded: str) -> str:
    """Converts the binary form, in base64, to SDDL; raises Refused."""
    try:
        raw = base64.b64decode(encoded, validate=True)
        _, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", raw)
        text = f"O:{_sid_text(raw, owner)}" if owner else ""
        text += f"G:{_sid_text(raw, group)}" if group else ""
        text += f"D:{_acl_text(raw, dacl, control, _DACL_FLAGS)}" if control & _DACL else ""
        return text + (f"S:{_acl_text(raw, sacl, control, _SACL_FLAGS)}" if control & _SACL else "")
    except (binascii.Error, struct.error, IndexError, KeyError) as error:
        raise Refused("InvalidHeaderValue", "The file permission is not a security descriptor.") from error


def _sid(text: str) -> bytes:
    full = _SIDS.get(text, text)
    if not _SID.fullmatch(full):
        raise Refused("InvalidHeaderValue", "The file permission names an unknown account.")
    _, _, authority, *below = full.split("-")
    if any(int(part) >= 1 << 32 for part in below):
        raise Refused("InvalidHeaderValue", "The file permission names an unknown account.")
    return bytes([1, len(below)]) + int(authority).to_bytes(6, "big") + struct.pack(f"<{len(below)}I", *map(int, below))


def _acl(text: str, flags: dict[str, int]) -> tuple[int, bytes]:
    found = _ACL.fullmatch(text)
    if found is None:
        raise Refused("InvalidHeaderValue", "The file permission has a malformed access list.")
    bits = sum(flags[word] for word in set(re.findall("P|AI|AR", found[1])))
    if found[2] == "NO_ACCESS_CONTROL":
        return bits, b""
    entries = [_entry(entry) for entry in re.findall(r"\(([^()]*)\)", found[2])]
    size = 8 + sum(map(len, entries))
    return bits, struct.pack("<BBHHH", 2, 0, size, len(entries), 0) + b"".join(entries)


def _entry(text: str) -> bytes:
    fields = text.split(";")
    if len(fields) != 6 or fields[0] not in _TYPES or fields[3] or fields[4]:
        raise Refused("InvalidHeaderValue", "The file permission has a malformed entry.")
    words = re.findall("..", fields[1])
    if "".join(words) != fields[1] or any(word not in _ACE_FLAGS for word in words):
        raise Refused("InvalidHeaderValue", "The file permission has a malformed entry.")
    sid = _sid(fields[5])
    flags = sum(_ACE_FLAGS[word] for word in set(words))
    return struct.pack("<BBHI", _TYPES[fields[0]], flags, 8 + len(sid), _rights(fields[2])) + sid


def _rights(text: str) -> int:
    try:
        if text[:2].lower() == "0x":
            return int(text, 16)
        if text.isdigit():
            return int(text)
        words = re.findall("..", text)
        result = 0
        for word in words:
            result |= _RIGHTS[word]
    except (KeyError, ValueError) as error:
        raise Refused("InvalidHeaderValue", "The file permission has unknown rights.") from error
    return result


def _sid_text(raw: bytes, offset: int) -> str:
    count = raw[offset + 1]
    authority = int.from_bytes(raw[offset + 2 : offset + 8], "big")
    below = struct.unpack_from(f"<{count}I", raw, offset + 8)
    full = "-".join(["S-1", str(authority), *map(str, below)])
    return _NAMES.get(full, full)


def _acl_text(raw: bytes, offset: int, control: int, flags: dict[str, int]) -> str:
    head = "".join(word for word, bit in flags.items() if control & bit)
    if offset == 0:
        return f"{head}NO_ACCESS_CONTROL"
    count = struct.unpack_from("<H", raw, offset + 4)[0]
    place = offset + 8
    for _ in range(count):
        kind, bits, size, rights = struct.unpack_from("<BBHI", raw, place)
        words = "".join(word for word, bit in _ACE_FLAGS.items() if bits & bit)
        shown = _RIGHT_NAMES.get(rights, f"{rights:#x}")
        head += f"({_TYPE_NAMES[kind]};{words};{shown};;;{_sid_text(raw, place + 8)})"
        place += size
    return head
