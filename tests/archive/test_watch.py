"""Downloads that appear are recognised and offered, and never applied by themselves."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from archive.clones import NOTES, edited, started, zipped
from flowsync.sync.importing import Options
from flowsync.sync.offered import Downloads
from flowsync.sync.opened import linked
from world import DAG, World

FLOW = {"flow.dag.yaml": DAG, "notes.txt": NOTES}


def test_what_appears_is_offered_once_and_never_applied(world: World, tmp_path: Path) -> None:
    here, folder = started(world), tmp_path / "downloads"
    folder.mkdir()
    here.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"))
    zipped(folder / "holiday.zip", {"photo.jpg": "x"})
    zipped(folder / "chat.zip", FLOW)
    before = here.untouched()
    with linked(here.folder) as link:
        watched = Downloads(link, folder, Options())
        assert watched.look() == []  # one is no flow, the other brings nothing new
        file = zipped(folder / "chat (1).zip", {**FLOW, "notes.txt": edited(1, "from Studio")})
        (offer,) = watched.look()
        assert (offer.path, offer.flow, offer.base) == (file, "chat", None)
        assert watched.look() == []
        here.git("commit", "--quiet", "--allow-empty", "-m", "Something else")
        file.write_bytes((tmp_path / "chat.zip").read_bytes())
        assert watched.look() == []
    assert here.untouched().keys() == before.keys()
    assert here.subjects()[0] == "Something else"


def test_the_base_is_recognised(world: World, tmp_path: Path) -> None:
    here, folder = started(world), tmp_path / "downloads"
    base = here.tip()
    here.git("switch", "--quiet", "-c", "side")
    here.commit({"flows/chat/notes.txt": edited(12, "elsewhere")})
    here.ends(0, "export", "chat", "--rev", "side", "-o", str(folder / "from a colleague.zip"))
    here.git("switch", "--quiet", "main")
    here.commit({"flows/chat/notes.txt": edited(1, "here")})
    run = here.ends(0, "import", "--watch", str(folder), "--once", "--json")
    offer = json.loads(run.out)
    assert (offer["flow"], offer["base"], offer["how"]) == ("chat", base, "the archive's comment")
    here.ends(0, *shlex.split(offer["command"])[1:])
    assert here.subjects()[0].startswith("chat: merge")


def test_a_download_in_progress_is_waited_for(world: World, tmp_path: Path) -> None:
    here, folder = started(world), tmp_path / "downloads"
    folder.mkdir()
    whole = zipped(tmp_path / "whole.zip", {**FLOW, "notes.txt": edited(1, "new")}).read_bytes()
    file = folder / "chat.zip"
    with linked(here.folder) as link:
        watched = Downloads(link, folder, Options())
        for part in (10, len(whole) - 30):
            file.write_bytes(whole[:part])
            assert watched.look() == []
        file.write_bytes(whole)
        assert [offer.flow for offer in watched.look()] == ["chat"]
        file.write_bytes(whole + b"junk")
        assert watched.look() == []
        (refused,) = watched.look()
        assert "after its end" in refused.refused
        assert watched.look() == []


def test_it_keeps_watching_until_interrupted(world: World, tmp_path: Path) -> None:
    here, folder = started(world), tmp_path / "downloads"
    folder.mkdir()
    command = here.command("import", "--watch", str(folder), "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ), text=True) as process:
        assert process.stdout is not None
        try:
            zipped(tmp_path / "new.zip", {**FLOW, "notes.txt": edited(1, "new")}).rename(folder / "chat.zip")
            assert json.loads(process.stdout.readline())["flow"] == "chat"
        finally:
            process.send_signal(2 if sys.platform != "win32" else 15)
    assert process.returncode == 130
