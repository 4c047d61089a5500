"""A keyring for `pf` in tests: prompt flow encrypts connections with a key from the desktop's, which CI has none of."""

from keyring.backend import KeyringBackend


class OneKey(KeyringBackend):
    """Always answers the same key; what it encrypts is the test's own made-up connection."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str:
        return "Zmxvd3N5bmMtdGVzdHMtb25seS1vbmUta2V5LTMyYiE="

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing to keep."""
