"""A form as it is shown: the values that were typed, and a sentence at each field that needs another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shop.errors import ShopError


@dataclass(frozen=True)
class FilledForm:
    """Values and mistakes by field name. `message` stands above the form when something is wrong."""

    values: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def refused(cls, values: Mapping[str, str], refusal: ShopError) -> FilledForm:
        """The form again, with what was typed and why it was refused."""
        return cls(values, {detail.field: detail.message for detail in refusal.details}, refusal.message)

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def mistake(self, name: str) -> str:
        return self.mistakes.get(name, "")
