"""What the page's address asks for, and the filters that are kept in it, so that a view is a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from recon.review.month import ALL

Filter = dict[str, Any]  # what `mo.ui.dropdown` is made of


class Link:
    """What the page's address asks for; what is chosen is kept in it without any cell being run again for that."""

    def __init__(self, params: Any) -> None:
        self._params = params

    def get(self, name: str) -> str | None:
        """What is asked for by a name; None for nothing, and for something asked for twice."""
        found = self._params.get(name)
        return found if isinstance(found, str) else None

    def keep(self, name: str, forget: str = "") -> Callable[[object], None]:
        """What keeps a choice in the address, and forgets another that belonged to the one before."""

        def kept(value: object) -> None:
            self._params.set(name, str(value))
            if forget and self.get(forget):
                self._params.set(forget, "")

        return kept

    def filter(self, name: str, values: Sequence[str]) -> Filter:
        """A filter that offers all and then these values, set to the one that is asked for."""
        options, asked = [ALL, *values], self.get(name)
        return {"options": options, "value": asked if asked in options else ALL, "label": name.capitalize(),
                "searchable": True, "on_change": self.keep(name)}  # fmt: skip
