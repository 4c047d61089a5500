"""What a shared access signature allows, once it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowsync.emulator.refusal import Refused


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signature allows: permission letters, on which kinds of resource (s, c, o), and header overrides."""

    permissions: str
    kinds: str
    one_file: bool = False
    overrides: Mapping[str, str] = field(default_factory=dict)
    delegated_to: str = ""  # the only user who may use it

    def allows(self, needed: str, kinds: str) -> None:
        """Raises Refused unless one of the needed letters is granted on one of the kinds of resource."""
        if not set(kinds) & set(self.kinds):
            raise Refused("AuthorizationResourceTypeMismatch")
        if not set(needed) & set(self.permissions):
            raise Refused("AuthorizationPermissionMismatch")
