"""``flowsync daemon install`` and ``uninstall``."""

from flowsync.cli.output import plain, say, say_json
from flowsync.daemon.install import commands, put, take_away, unit
from flowsync.daemon.place import Place
from flowsync.errors import Exit


def install(place: Place, action: str, dry_run: bool, as_json: bool = False) -> int:
    """Writes the system's own kind of start-up entry (or removes it) and tells it to the system."""
    entry = unit(place.root)
    done = not dry_run
    if done and action == "install":
        put(entry)
    elif done:
        done = take_away(entry)
    if as_json:
        after = list(commands(entry, action))
        said = {"file": str(entry.file), "text": entry.text if action == "install" else None, "commands": after}
        say_json({"version": 1, "dry_run": dry_run, **said, "done": done})
    elif dry_run:
        say(plain(str(entry.file)))
        say(plain(entry.text) if action == "install" else "would be removed")
    elif not done:
        say("Nothing was installed for this repository.")
    else:
        wrote = f"Wrote {plain(str(entry.file))}; the daemon of {plain(str(place.root))} starts at every login."
        say(wrote if action == "install" else f"Removed {plain(str(entry.file))}.")
        for line in commands(entry, action):
            say(f"  {plain(line)}")
    return Exit.DONE
