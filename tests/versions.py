"""Contract versions and impression counts as tests write them: the least that is needed, everything else by default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion
from recon.observe.impressions import ImpressionCount
from recon.period import DAY, midnight

APPROVED = [
    {"action": action, "by": who, "at": f"2025-12-0{day}T00:00:00Z"}
    for day, (action, who) in enumerate([("create", "dana"), ("submit", "dana"), ("approve", "lee")], 1)
]


def version(number: int = 1, first: str = "2026-01-01", last: str | None = None, **said: Any) -> ContractVersion:
    """An approved version; contract, direction, currency and timezone stand in the head, all else in the terms."""
    head = {name: said.pop(name) for name in ("contract", "direction", "currency", "timezone") if name in said}
    direction = head.get("direction", "charge")
    return ContractVersion.model_validate(
        {
            "contract": "acme", "version": number, "kind": "amendment" if number > 1 else "original",
            "counterparty": {"id": "a", "name": "A", "role": "advertiser" if direction == "charge" else "partner"},
            "direction": "charge", "currency": "USD", "timezone": "UTC",
            "effective": {"from": first} | ({"to": last} if last else {}),
            "status": "approved", "history": APPROVED, **head, "terms": {"model": "cpm"} | said,
        }
    )  # fmt: skip


def item(name: str = "RUN", per_mille: str = "10", **said: Any) -> dict[str, Any]:
    """A CPM item at one rate."""
    return {"item": name, "rates": [{"per_mille": per_mille}], **said}


def tiered(name: str, *steps: dict[str, Any], mode: str = "graduated", **said: Any) -> dict[str, Any]:
    """A CPM item with tiers; clauses of the tiers by name, others of the item in `also`."""
    also = said.pop("also", {})
    return {"item": name, "rates": [{"tiers": {"mode": mode, "steps": list(steps), **said}}], **also}


def book(*versions: ContractVersion) -> Book:
    """The contract book of these versions."""
    return Book(versions)


def counts(by_day: Mapping[int, int], name: str = "RUN", zone: str = "UTC", **marks: Any) -> list[ImpressionCount]:
    """Impressions by day of October 2026, as they are observed of an item whose days are cut."""
    plain = {"geo": None, "device": None, "placement": None, "partner": None, "is_viewable": False}
    plain |= {"is_completed": False, "is_test": False, "is_late": False, "ivt": None, "is_duplicate": False} | marks
    starts = {day: midnight(date(2026, 9, 30) + timedelta(days=day), zone) for day in by_day}
    return [
        ImpressionCount(
            item=name, is_known_item=True, start=starts[day], end=starts[day] + DAY, quantity=quantity, **plain
        )
        for day, quantity in by_day.items()
    ]
