"""Which Azure is asked: the public cloud, a sovereign one, or an emulator on this machine. Pure.

``FLOWSYNC_CLOUD`` names one of ``CLOUDS``; ``FLOWSYNC_ARM_ENDPOINT`` is the URL of another management endpoint (so is
``AZUREML_DEV_URL_MFE``, which the official client reads and the emulator prints). They come from the environment, never
from a committed file: a token goes where they point.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flowsync.errors import UsageError

NAME = "FLOWSYNC_CLOUD"
ENDPOINTS = ("FLOWSYNC_ARM_ENDPOINT", "AZUREML_DEV_URL_MFE")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Cloud:
    """One Azure: its management endpoint, the suffix of its storage hosts, its Studio, and who signs people in."""

    arm: str
    suffix: str
    portal: str
    authority: str

    @property
    def scope(self) -> str:
        """The scope of the tokens that its services take."""
        return f"{self.arm}/.default"


CLOUDS: Mapping[str, Cloud] = {
    "public": Cloud(
        "https://management.azure.com", "core.windows.net", "https://ml.azure.com", "login.microsoftonline.com"
    ),
    "usgov": Cloud(
        "https://management.usgovcloudapi.net",
        "core.usgovcloudapi.net",
        "https://ml.azure.us",
        "login.microsoftonline.us",
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn",
        "core.chinacloudapi.cn",
        "https://studio.ml.azure.cn",
        "login.chinacloudapi.cn",
    ),
}
_ALSO = {"azurecloud": "public", "azureusgovernment": "usgov", "azurechinacloud": "china"}  # as the az command says


def chosen(environ: Mapping[str, str]) -> Cloud:
    """Returns the cloud that the environment asks for, the public one if it says nothing."""
    name = environ.get(NAME, "public").strip().lower()
    name = _ALSO.get(name, name)
    if name not in CLOUDS:
        raise UsageError(f"{NAME} is {name!r}, and must be one of {', '.join(CLOUDS)}.", f"export {NAME}=public")
    for variable in ENDPOINTS:
        if endpoint := environ.get(variable, "").strip().rstrip("/"):
            refuse_plain(endpoint, variable)
            return replace(CLOUDS[name], arm=endpoint)
    return CLOUDS[name]


def loopback(url: str) -> bool:
    """Tells whether a URL leads to this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def refuse_plain(url: str, what: str) -> None:
    """Raises a UsageError for a URL that a token must not be sent to: anything but https, or this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback(url)):
        raise UsageError(f"{what} is no https:// URL: {parts.scheme or '(no scheme)'}.", "write https://HOST")
