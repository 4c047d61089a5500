"""Keys, tokens and connection strings in any file. Group 6.

What belongs here: the patterns, and what is no secret though it looks like one. detect-secrets and gitleaks know more
kinds, but take longer to start than a whole validation may take; these are the ones that a prompt flow meets. A
finding never shows any of the secret.

Every pattern is searched only where its needle occurs, and none can backtrack: a megabyte takes milliseconds.
"""

import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import NamedTuple

from flowsync.core.check.subject import MAX_ALIKE, Subject
from flowsync.core.document import Span

CHUNK = 1024 * 1024
_OVERLAP = 4096


class Kind(NamedTuple):
    """One kind of secret: its name, a needle that it cannot be without, and its pattern; group 1 is the secret.

    The pattern is compiled where its needle is found, which is hardly ever: a hook has no time for all of them.
    """

    name: str
    needle: bytes
    pattern: bytes


def _kind(name: str, needle: str, pattern: str) -> Kind:
    return Kind(name, needle.encode(), pattern.encode())


_KINDS = (
    _kind("an Azure storage account key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{60,100}={0,2})"),
    _kind("an Azure shared access key", "SharedAccessKey=", r"SharedAccessKey=([A-Za-z0-9+/]{30,100}={0,2})"),
    _kind("an Azure SAS signature", "sig=", r"[?&;\"' ]sig=([A-Za-z0-9%+/_-]{40,200}={0,2})"),
    _kind("an Azure AI services key", "JQQJ99", r"(?<![A-Za-z0-9])([A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,30})"),
    _kind("an Azure storage account key", "+ASt", r"(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{6}==)"),
    _kind("a Cosmos DB key", "ACDb", r"(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{76}ACDb[A-Za-z0-9+/]{6}==)"),
    _kind("an Azure Search key", "AzSe", r"(?<![A-Za-z0-9])([A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5})"),
    _kind("a Microsoft Entra client secret", "Q~", r"(?<![\w~.-])([\w~.-]{3}[0-9]Q~[\w~.-]{31,34})(?![\w~.-])"),
    _kind("an OpenAI key", "sk-", r"(?<![A-Za-z0-9_-])(sk-(?:[a-z]{2,10}-)?[A-Za-z0-9_-]{32,200})(?![A-Za-z0-9_-])"),
    _kind("a Hugging Face token", "hf_", r"(?<!\w)(hf_[A-Za-z0-9]{30,50})(?!\w)"),
    _kind("a GitHub token", "gh", r"(?<!\w)(gh[pousr]_[A-Za-z0-9]{36,255})(?!\w)"),
    _kind("a GitHub token", "github_pat_", r"(?<!\w)(github_pat_\w{60,255})"),
    _kind("an Azure DevOps token", "AZDO", r"(?<!\w)([A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?!\w)"),
    _kind("an AWS access key", "AKIA", r"(?<!\w)(AKIA[0-9A-Z]{16})(?!\w)"),
    _kind("a Google API key", "AIza", r"(?<![\w-])(AIza[\w-]{35})(?![\w-])"),
    _kind("a Slack token", "xox", r"(?<!\w)(xox[abprs]-[A-Za-z0-9-]{20,200})"),
    _kind("a private key", "-----BEGIN", r"(-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY-----)"),
    _kind("a JSON web token", "eyJ", r"(?<![\w-])(eyJ[\w-]{10,3000}\.eyJ[\w-]{10,3000}\.[\w-]{10,3000})"),
)
# A name that says what it holds, and a value that looks random. Azure's older keys are 32 hexadecimal digits.
_ASSIGNED = (
    rb"(?:api_?-?key|access_?-?key|account_?-?key|client_?-?secret|secret_?-?key|password|passwd|auth_?-?token"
    rb"|access_?-?token|subscription_?-?key|ocp-apim-subscription-key|openai_?key|search_?key)"
    rb"[\"']{0,1}[ \t]{0,4}(?:=>|[:=])[ \t]{0,4}[\"']{0,1}([A-Za-z0-9+/_.=~-]{20,200})(?![A-Za-z0-9+/_.=~(\[-])"
)
_NEEDLES = (b"key", b"secret", b"passw", b"token")
_RANDOM = 3.0  # bits a character; words and names stay below, 32 random hexadecimal digits reach 3.4 and more


def check_secrets(subject: Subject, path: str) -> None:
    """Reports what looks like a secret in one file, whatever it is."""
    if subject.settings.severity("FS601") is None:
        return
    content = subject.content(path)
    for kind, start in found_in(content)[:MAX_ALIKE]:
        line = content.count(b"\n", 0, start) + 1
        column = len(content[content.rfind(b"\n", 0, start) + 1 : start].decode("utf-8", "replace")) + 1
        subject.text_for_switches(path, content)
        subject.report("FS601", path, Span(0, 0, line, column), f"This looks like {kind}.")


def found_in(content: bytes) -> list[tuple[str, int]]:
    """Returns the kind and the offset of each secret in a content, a secret of two kinds once."""
    found: dict[int, str] = {}
    for base in range(0, len(content), CHUNK):
        for kind, start in _in_chunk(content[base : base + CHUNK + _OVERLAP]):
            found.setdefault(base + start, kind)
    return [(found[start], start) for start in sorted(found)]


def _in_chunk(content: bytes) -> Iterator[tuple[str, int]]:
    for kind in _KINDS:
        if kind.needle in content:
            for match in re.finditer(kind.pattern, content):
                yield kind.name, match.start(1)
    lowered = content.lower()
    if any(needle in lowered for needle in _NEEDLES):
        for match in re.finditer(_ASSIGNED, content, re.IGNORECASE):
            if _is_random(match.group(1)):
                yield "a secret with its name before it", match.start(1)


def _is_random(value: bytes) -> bool:
    """Tells a random value from a name, a path, a placeholder or a reference."""
    if not any(48 <= byte <= 57 for byte in value) or not any(byte > 57 for byte in value):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * log2(count / len(value)) for count in counts.values())
    words = re.findall(rb"[a-z]{5,}|[A-Z]{5,}", value)
    return entropy > _RANDOM and sum(map(len, words)) * 2 < len(value)
