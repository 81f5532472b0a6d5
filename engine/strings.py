"""String codes: a book-wide pool of constants and state keys, and a batch's own overlay on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


class StringPool:
    """Append-only mapping of strings to int32 codes, stable for the life of the process.

    Holds literals of programs and parts of state keys, never every string of every event.
    Codes are never persisted.
    """

    __slots__ = ("_codes", "_strings")

    def __init__(self) -> None:
        """Starts empty."""
        self._codes: dict[str, int] = {}
        self._strings: list[str] = []

    def __len__(self) -> int:
        """Number of strings."""
        return len(self._strings)

    def intern(self, text: str) -> int:
        """The code of `text`, new if unseen."""
        code = self._codes.get(text)
        if code is None:
            code = len(self._strings)
            self._codes[text] = code
            self._strings.append(text)
        return code

    def find(self, text: str) -> int:
        """The code of `text`, or -1."""
        return self._codes.get(text, -1)

    def text(self, code: int) -> str:
        """The string of a code; -1 is the empty string."""
        return self._strings[code] if code >= 0 else ""


class BatchStrings:
    """Codes for one batch: those of the pool below `base`, and own ones from `base` up.

    The pool must not grow while the batch is being decided, so codes below `base` mean the same
    in the batch, in programs linked to the pool and in the state's keys.
    """

    __slots__ = ("_codes", "_own", "base", "pool")

    def __init__(self, pool: StringPool) -> None:
        """Overlays `pool` as it is now."""
        self.pool = pool
        self.base = len(pool)
        self._codes: dict[str, int] = {}
        self._own: list[str] = []

    def __len__(self) -> int:
        """Number of codes in use, the pool's included."""
        return self.base + len(self._own)

    def code(self, text: str) -> int:
        """The code of `text` in this batch, new if unseen."""
        code = self.pool.find(text)
        if 0 <= code < self.base:
            return code
        own = self._codes.get(text)
        if own is None:
            own = self.base + len(self._own)
            self._codes[text] = own
            self._own.append(text)
        return own

    def codes(self, texts: Iterable[str | None]) -> npt.NDArray[np.int32]:
        """Codes of many strings; None and absent give -1."""
        code = self.code
        return np.array([-1 if text is None else code(text) for text in texts], dtype=np.int32)

    def text(self, code: int) -> str:
        """The string of a code; -1 is the empty string."""
        if code < 0:
            return ""
        return self.pool.text(code) if code < self.base else self._own[code - self.base]

    def texts(self, codes: npt.NDArray[np.int32]) -> list[str]:
        """Strings of many codes."""
        text = self.text
        return [text(code) for code in codes.tolist()]
