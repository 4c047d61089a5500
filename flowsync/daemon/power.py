"""Whether this is a bad moment to ask a network: on battery, or on a connection that is paid by the byte.

Asked of the system where it says so (Linux: the kernel's power supplies, NetworkManager); elsewhere the answer is no.
"""

import shutil
import subprocess
from pathlib import Path

_SUPPLIES = Path("/sys/class/power_supply")
_METERED = (1, 3)  # NMMetered: yes, and guessed yes


def on_battery(supplies: Path = _SUPPLIES) -> bool:
    """Tells whether the machine runs on a battery: one discharges and no mains is online."""
    discharging = False
    try:
        folders = sorted(supplies.iterdir())
    except OSError:
        return False
    for folder in folders:
        kind = _word(folder / "type")
        if kind in ("Mains", "USB") and _word(folder / "online") == "1":
            return False
        if kind == "Battery" and _word(folder / "scope") != "Device" and _word(folder / "status") == "Discharging":
            discharging = True
    return discharging


def metered() -> bool:
    """Tells whether NetworkManager calls the connection metered; no if it is not there."""
    if shutil.which("busctl") is None:
        return False
    name = "org.freedesktop.NetworkManager"
    command = ["busctl", "get-property", name, f"/{name.replace('.', '/')}", name, "Metered"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return is_metered(done.stdout)


def is_metered(said: str) -> bool:
    """Tells what busctl's answer, such as ``u 1``, means."""
    kind, _, value = said.strip().partition(" ")
    return kind == "u" and value.isdigit() and int(value) in _METERED


def _word(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
