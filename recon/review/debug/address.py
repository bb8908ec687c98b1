"""Where the page stands: month, line and conversion as its address says them, so that a link can be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol

import pandas as pd

from recon.close import StoredClose
from recon.review.words import counted, literal
from recon.views import LINE

Setter = Callable[[str | None], None]


class Params(Protocol):
    """The parameters of an address, as a page can write them."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: str) -> None: ...
    def remove(self, key: str) -> None: ...


@dataclass(frozen=True)
class Asked:
    """What an address says when the page is opened, and the address itself."""

    params: Params
    period: str | None = None
    line: str | None = None
    conversion: str | None = None
    find: str | None = None
    finding: str | None = None
    fate: str | None = None
    contract: str | None = None

    @classmethod
    def of(cls, params: Params) -> Asked:
        """Read an address."""
        named = (one.name for one in fields(cls) if one.name != "params")
        return cls(params, **{name: params.get(name) for name in named})


class Address:
    """Writes what is chosen into the page's address and tells the cells that show it; nothing else changes.

    `setters` by parameter: what a cell reads again when it changes.
    """

    def __init__(self, params: Params, **setters: Setter) -> None:
        self._params, self._setters = params, setters

    def to(self, **chosen: str | None) -> None:
        """Go there: each parameter named is written, or taken out of the address where it is None."""
        for name, value in chosen.items():
            if value:
                self._params.set(name, value)
            elif self._params.get(name):
                self._params.remove(name)
            if name in self._setters:
                self._setters[name](value)


def line_key(row: Any) -> str:
    """A line as an address says it: `contract|item|kind|currency`."""
    return "|".join(str(row[name]) for name in LINE)


def line_at(close: StoredClose, said: str | None) -> pd.DataFrame:
    """The line that an address says, as a frame of one row; of none where the month has no such line.

    `|` or `/` may stand between its parts, as `recon explain` writes them.
    """
    parts = (said or "").replace("|", "/").split("/")
    if len(parts) != len(LINE):
        return close.lines.head(0)
    keep = pd.Series(True, index=close.lines.index)
    for name, part in zip(LINE, parts, strict=True):
        keep &= close.lines[name] == part
    return close.lines[keep]


def conversion_at(close: StoredClose, said: str | None) -> str | None:
    """The conversion that an address says; None where the close did not look at one of that id."""
    if not said or close.observed_where("conversion_rows", "conversion_id", said).empty:
        return None
    return said


def no_line(close: StoredClose, line: str | None) -> str:
    """Why no line is shown, in Markdown: none is chosen, or the month has none of that key."""
    if not line:
        return "*No line chosen: choose one above, or find an id.*"
    return (
        f"**{close.period} has no line {literal(line)}:** nothing was expected and nothing billed under this key. "
        f"Looked through the {counted(len(close.lines), 'line')} of run {close.run}."
    )


def no_conversion(close: StoredClose, conversion: str | None) -> str:
    """Why no conversion is shown, in Markdown: none is chosen, or the close did not look at one of that id."""
    if not conversion:
        return "*No conversion chosen: choose an event above, or find an id.*"
    return (
        f"**{close.period} knows no conversion {literal(conversion)}.** Looked through the conversions of run "
        f"{close.run}: those of the month and a day around it in UTC, and earlier ones that reversals or locks ask for."
    )
