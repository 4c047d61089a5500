"""strace, where it is installed and may trace."""

import os
import shutil
import subprocess

import pytest


def needs_strace() -> None:
    """Skips the test where there is no strace to be had."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    probe = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("strace may not trace here")
