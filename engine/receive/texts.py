"""Codes of many texts at once; each distinct text is looked up once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from engine.strings import BatchStrings


class TextCodes(dict[str | None, int]):
    """Codes of a batch's strings by text, remembered; None has code -1."""

    def __init__(self, strings: BatchStrings) -> None:
        """Gives out codes of `strings`."""
        super().__init__({None: -1})
        self.strings = strings

    def __missing__(self, text: str | None) -> int:
        """Asks for the code of a text not met before."""
        code = self[text] = self.strings.code(text or "")
        return code

    def column(self, texts: Iterable[str | None], count: int) -> npt.NDArray[np.int32]:
        """int32[count]: codes of the texts, -1 where None."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int32, count=count)
