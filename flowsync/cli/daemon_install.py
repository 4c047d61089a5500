"""``flowsync daemon install`` and ``uninstall``."""

from flowsync.cli.output import plain, say
from flowsync.daemon.install import commands, put, take_away, unit
from flowsync.daemon.place import Place
from flowsync.errors import Exit


def install(place: Place, action: str, dry_run: bool) -> int:
    """Writes the system's own kind of start-up entry (or removes it) and tells it to the system."""
    entry = unit(place.root)
    if dry_run:
        say(plain(str(entry.file)))
        say(plain(entry.text) if action == "install" else "would be removed")
        return Exit.DONE
    if action == "install":
        put(entry)
        say(f"Wrote {plain(str(entry.file))}; the daemon of {plain(str(place.root))} starts at every login.")
    elif not take_away(entry):
        say("Nothing was installed for this repository.")
        return Exit.DONE
    else:
        say(f"Removed {plain(str(entry.file))}.")
    for line in commands(entry, action):
        say(f"  {plain(line)}")
    return Exit.DONE
