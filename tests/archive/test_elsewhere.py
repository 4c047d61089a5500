"""Our archives in other programs' hands, and theirs in ours: the tools that people have, run for real."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from world import World

FILES = {
    "flow.dag.yaml": b"inputs: {}\noutputs: {}\nnodes: []\n",
    "data.jsonl": b'{"q": 1}\n' * 5000,
    "empty.txt": b"",
    "sub/deeper/prompt.jinja2": b"{{ frage }}\r\n",
    "sub/naïve café.py": b"x = 1\n",
    "übung.md": "ü\n".encode(),
    "日本.txt": "語".encode(),
    "picture.png": bytes(range(256)) * 64,
}


def needs(tool: str) -> str:
    found = shutil.which(tool)
    if not found:
        pytest.skip(f"{tool} is not installed")
    return found


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=True, env={**os.environ, **(env or {})})
    return done.stdout.decode()


def tree(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


UTF8_LOCALE = {"LC_ALL": "C.UTF-8"}


def by_unzip(file: Path, into: Path) -> list[str]:
    run(needs("unzip"), "-q", str(file), "-d", str(into), cwd=into, env=UTF8_LOCALE)
    run(needs("unzip"), "-tq", str(file), cwd=into, env=UTF8_LOCALE)
    return run(needs("unzip"), "-Z1", str(file), cwd=into, env=UTF8_LOCALE).splitlines()


def by_bsdtar(file: Path, into: Path) -> list[str]:
    run(needs("bsdtar"), "-xf", str(file), cwd=into, env=UTF8_LOCALE)
    return run(needs("bsdtar"), "-tf", str(file), cwd=into, env=UTF8_LOCALE).splitlines()


def by_python(file: Path, into: Path) -> list[str]:
    run(sys.executable, "-m", "zipfile", "-e", str(file), str(into), cwd=into, env=UTF8_LOCALE)
    listed = run(sys.executable, "-m", "zipfile", "-l", str(file), cwd=into, env=UTF8_LOCALE).splitlines()[1:]
    return [line[:46].rstrip() for line in listed]


def by_7zip(file: Path, into: Path) -> list[str]:
    run(needs("7z"), "x", "-y", str(file), cwd=into, env=UTF8_LOCALE)
    run(needs("7z"), "t", str(file), cwd=into, env=UTF8_LOCALE)
    listed = run(needs("7z"), "l", "-slt", str(file), cwd=into, env=UTF8_LOCALE).partition("----------")[2]
    return [line.removeprefix("Path = ") for line in listed.splitlines() if line.startswith("Path = ")]


@pytest.fixture
def exported(world: World, tmp_path: Path) -> Path:
    world.commit({f"flows/chat/{path}": content for path, content in FILES.items()})
    world.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"))
    return tmp_path / "chat.zip"


@pytest.mark.parametrize("tool", [by_unzip, by_bsdtar, by_python, by_7zip])
@pytest.mark.parametrize("way", ["deflated", "stored"])
def test_ours_is_listed_and_extracted_alike_everywhere(
    tool: Callable[[Path, Path], list[str]], way: str, exported: Path, world: World, tmp_path: Path
) -> None:
    if way == "stored":
        world.ends(0, "export", "chat", "-o", str(exported), "--store", "--force")
    into = tmp_path / "into"
    into.mkdir()
    assert tool(exported, into) == sorted(FILES)
    assert tree(into) == FILES


def by_zip(folder: Path, file: Path, *options: str) -> None:
    run(needs("zip"), "-qr", *options, str(file), ".", cwd=folder, env=UTF8_LOCALE)


def zip_of_the_folder(folder: Path, file: Path) -> None:
    run(needs("zip"), "-qr", str(file), folder.name, cwd=folder.parent, env=UTF8_LOCALE)


def zip_through_a_pipe(folder: Path, file: Path) -> None:
    piped = subprocess.run([needs("zip"), "-qr", "-", "."], cwd=folder, capture_output=True, check=True).stdout
    file.write_bytes(piped)


def zip64_forced(folder: Path, file: Path) -> None:
    by_zip(folder, file, "-fz")


def zip_stored(folder: Path, file: Path) -> None:
    by_zip(folder, file, "-0")


def zip_without_extra_fields(folder: Path, file: Path) -> None:
    by_zip(folder, file, "-X", "-D")


def bsdtar_here(folder: Path, file: Path) -> None:
    run(needs("bsdtar"), "-a", "-cf", str(file), ".", cwd=folder, env=UTF8_LOCALE)


def bsdtar_in_c_locale(folder: Path, file: Path) -> None:
    run(needs("bsdtar"), "-a", "-cf", str(file), *os.listdir(folder), cwd=folder, env={"LC_ALL": "C"})


def seven_zip(folder: Path, file: Path) -> None:
    run(needs("7z"), "a", "-bso0", str(file), ".", cwd=folder, env=UTF8_LOCALE)


def seven_zip_ultra(folder: Path, file: Path) -> None:
    run(
        needs("7z"), "a", "-bso0", "-mx=9", "-mcu=on", str(file), f"./{folder.name}", cwd=folder.parent, env=UTF8_LOCALE
    )


def python_command(folder: Path, file: Path) -> None:
    run(sys.executable, "-m", "zipfile", "-c", str(file), *sorted(os.listdir(folder)), cwd=folder)


def python_archive(folder: Path, file: Path) -> None:
    shutil.make_archive(str(file.with_suffix("")), "zip", folder)


def git_archive(folder: Path, file: Path) -> None:
    run("git", "init", "-q", cwd=folder)
    run("git", "-c", "user.name=P", "-c", "user.email=p@x", "-c", "core.autocrlf=false", "add", "-A", cwd=folder)
    run("git", "-c", "user.name=P", "-c", "user.email=p@x", "commit", "-qm", "one", cwd=folder)
    run("git", "archive", "--format=zip", "--prefix=chat-main/", "-o", str(file), "HEAD", cwd=folder)


WRITERS = [
    by_zip,
    zip_of_the_folder,
    zip_through_a_pipe,
    zip64_forced,
    zip_stored,
    zip_without_extra_fields,
    bsdtar_here,
    bsdtar_in_c_locale,
    seven_zip,
    seven_zip_ultra,
    python_command,
    python_archive,
    git_archive,
]


@pytest.mark.parametrize("writer", WRITERS)
def test_theirs_imports_byte_for_byte(
    writer: Callable[[Path, Path], None], world: World, tmp_path: Path, git_home: Path
) -> None:
    folder, file = tmp_path / "chat", tmp_path / "chat.zip"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    writer(folder, file)
    world.ends(0, "import", str(file), "--flow", "chat")
    assert world.here("chat") == FILES
    assert world.subjects()[0] == "chat: import chat.zip"


REFUSED = [
    (["zip", "-qr", "-e", "-P", "secret", "FILE", "."], "is encrypted"),
    (["zip", "-qr", "-y", "FILE", "."], "is a symbolic link"),
    (["zip", "-qr", "-Z", "bzip2", "FILE", "."], "is packed with bzip2"),
    (["zip", "-qr", "-s", "64k", "FILE", "."], "several parts"),
    (["7z", "a", "-bso0", "-mm=LZMA", "FILE", "."], "is packed with LZMA"),
    (["7z", "a", "-bso0", "-mm=Deflate64", "FILE", "."], "is packed with deflate64"),
    (["7z", "a", "-bso0", "-psecret", "-mem=AES256", "FILE", "."], "is encrypted"),
    (
        ["bsdtar", "-a", "--options", "zip:encryption=zipcrypt", "--passphrase", "secret", "-cf", "FILE", "."],
        "is encrypted",
    ),
]


@pytest.mark.parametrize(("command", "says"), REFUSED, ids=[" ".join(command[:5]) for command, _ in REFUSED])
def test_theirs_is_refused_with_the_reason(command: Sequence[str], says: str, world: World, tmp_path: Path) -> None:
    folder, file = tmp_path / "chat", tmp_path / "chat.zip"
    folder.mkdir()
    (folder / "flow.dag.yaml").write_bytes(b"nodes: []\n" * 500)
    (folder / "noise.bin").write_bytes(os.urandom(200_000))
    if "-y" in command:
        (folder / "link").symlink_to("/etc/passwd")
    run(needs(command[0]), *(str(file) if part == "FILE" else part for part in command[1:]), cwd=folder)
    refused = world.ends(2, "import", str(file))
    assert says in refused.err, refused.err


def test_bsdtar_pads_what_it_writes_to_a_pipe(world: World, tmp_path: Path) -> None:
    """It fills the last of tar's blocks with zeros, which are no part of a ZIP."""
    (tmp_path / "flow.dag.yaml").write_bytes(FILES["flow.dag.yaml"])
    command = [needs("bsdtar"), "--format=zip", "-cf", "-", "flow.dag.yaml"]
    (tmp_path / "chat.zip").write_bytes(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout)
    assert "bytes of data after its end" in world.ends(2, "import", str(tmp_path / "chat.zip")).err


def test_an_archive_with_a_script_in_front_is_refused(world: World, tmp_path: Path) -> None:
    """A self-extracting archive, as ``zip -A`` adjusts it: other programs unpack it, we do not run or trust it."""
    (tmp_path / "flow.dag.yaml").write_bytes(FILES["flow.dag.yaml"])
    run(needs("zip"), "-q", "plain.zip", "flow.dag.yaml", cwd=tmp_path)
    file = tmp_path / "chat.zip"
    file.write_bytes(b"#!/bin/sh\nexec unzip\n" + (tmp_path / "plain.zip").read_bytes())
    assert "belong to no entry" in world.ends(2, "import", str(file)).err
    run(needs("zip"), "-qA", str(file), cwd=tmp_path)
    assert "before its first entry" in world.ends(2, "import", str(file)).err


def test_names_in_a_code_page(world: World, tmp_path: Path) -> None:
    """Windows writes names in its code page and sets no flag; ZIP's standard says 437, a person may know better."""
    file = tmp_path / "chat.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("flow.dag.yaml", FILES["flow.dag.yaml"])
        archive.writestr("caf#.py", b"x = 1\n")
    file.write_bytes(file.read_bytes().replace(b"caf#.py", b"caf\x82.py"))
    run = world.ends(0, "import", str(file), "--dry-run", "--json")
    (row,) = run.json["results"]
    assert row["paths"] == ["café.py", "flow.dag.yaml"]
    assert any("cp437" in note for note in row["notes"])
    run = world.ends(0, "import", str(file), "--encoding", "cp1251")
    assert set(world.here("chat")) == {"caf‚.py", "flow.dag.yaml"}
    assert world.ends(2, "import", str(file), "--encoding", "klingon").err.startswith(
        "flowsync: klingon is no encoding"
    )
    assert "is not ascii" in world.ends(2, "import", str(file), "--encoding", "ascii").err


def test_a_unicode_path_field_counts(world: World, tmp_path: Path) -> None:
    """Info-ZIP's own way to give a name in UTF-8, beside one in a code page."""
    from archive.hostile import unicode_path
    from archive.zips import Entry, of

    field = unicode_path(b"caf\x82.py", "café.py".encode())
    file = tmp_path / "chat.zip"
    file.write_bytes(of(Entry(b"caf\x82.py", b"x", central_extra=field, local_extra=field)))
    world.ends(0, "import", str(file))
    assert set(world.here("chat")) == {"café.py", "flow.dag.yaml"}
