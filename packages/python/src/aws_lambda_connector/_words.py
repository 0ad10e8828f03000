"""The base class of the enums."""

from __future__ import annotations

import enum
import re


class Words(str, enum.Enum):
    """An enum whose members are their words: `InvocationType.DRY_RUN == "dry-run"`.

    AWS's spelling of a word is accepted as well: `InvocationType("DryRun")`.
    """

    @classmethod
    def _missing_(cls, value: object) -> Words | None:
        if not isinstance(value, str):
            return None
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", value).lower()
        return next((member for member in cls if member.value == word and word != value), None)

    def __str__(self) -> str:
        return str(self.value)
