"""What every backend's session with a share has in common: it is closed at the end of a ``with`` block."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Session(ABC):
    """Something that is closed, whatever happened."""

    @abstractmethod
    def close(self) -> None:
        """Removes own temporaries and closes connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
