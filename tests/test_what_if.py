"""What if, on the page: terms are edited as text, the effect is told per line in money, mistakes by their line."""

from __future__ import annotations

import inspect

import pytest
from closed_demo import october

from recon import review
from recon.close import reopened

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
RUN = ("fjord-ctv", 1)


def test_versions_in_force_are_listed() -> None:
    listed = review.versions_listed(october())
    assert RUN in listed.values() and all(
        f"{contract} v{number}" in name for name, (contract, number) in listed.items()
    )


def test_an_edited_rate_moves_its_line_alone() -> None:
    close = october()
    text = review.terms_text(close, RUN)
    assert "18.00" in text and text == inspect.cleandoc(text) + "\n"  # as an editor shows it
    found = review.effect(close, RUN, text.replace("18.00", "36.00"))
    assert "From the stored observations" in found.words and "lines move: USD +" in found.words
    moved = found.lines[found.lines["difference"] != "0.00"]
    assert set(moved["item"]) == {"FJ-CTV-RUN"} and set(moved["contract"]) == {"fjord-ctv"}


def test_nothing_edited_moves_nothing() -> None:
    close = october()
    found = review.effect(close, RUN, review.terms_text(close, RUN))
    assert found.words == "The terms are as they were: nothing moves." and found.lines.empty


def test_mistakes_are_told_with_their_line() -> None:
    close = october()
    text = review.terms_text(close, RUN)
    found = review.effect(close, RUN, text.replace("18.00", "eighteen"))
    assert found.words.startswith("**These terms can't be used.**") and "eighteen" in found.words
    line = text[: text.index("18.00")].count("\n") + 1
    assert f"- line {line} " in found.words and found.lines.empty


def test_what_observations_cannot_answer_is_read_again_and_said() -> None:
    close = october()
    chosen = next(key for key in review.versions_listed(close).values() if key[0] == "streamly-acme-reviews")
    version = reopened(close).world.book.version(*chosen)
    assert version is not None
    text = review.terms_text(close, chosen).replace("click_window: 30d", "click_window: 90d")
    found = review.effect(close, chosen, text)
    assert "The events were read again" in found.words and "widest click window and a day" in found.words
