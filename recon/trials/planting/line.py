"""Errors made on the lines of a bill themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random

from recon.money import minor_units, round_amount
from recon.trials.planting.month import BilledLine
from recon.trials.planting.sites import PlantedError, Planting, Site, by_lines, one_line

Change = Callable[[BilledLine], list[BilledLine]]


def on_a_line(
    words: str, change: Callable[[BilledLine, Random], list[BilledLine]], kinds: Sequence[str] = ()
) -> Callable[[Site], Iterator[Planting]]:
    """An edit of one line with money, of one of the kinds if any is named; none where it leaves the line as it was."""

    def plant(site: Site) -> Iterator[Planting]:
        own = [one for one in site.lines if one.amount and (not kinds or one.kind in kinds)]
        for line in site.shuffled(words, own):
            seen = change(line, site.draw(words))
            if seen != [line]:
                edit = one_line(line, _drawn(change, site, words))
                yield from by_lines(site, words.format(item=line.item), edit)

    return plant


def _drawn(change: Callable[[BilledLine, Random], list[BilledLine]], site: Site, words: str) -> Change:
    return lambda line: change(line, site.draw(words))


def _transposed(line: BilledLine, draw: Random) -> list[BilledLine]:
    """Two neighbouring digits that differ change places."""
    text = f"{line.amount:f}"
    digits = [at for at, sign in enumerate(text) if sign.isdigit()]
    pairs = [(one, other) for one, other in pairwise(digits) if text[one] != text[other]]
    if not pairs:
        return [line]
    one, other = pairs[draw.randrange(len(pairs))]
    typed = list(text)
    typed[one], typed[other] = typed[other], typed[one]
    return [replace(line, amount=Decimal("".join(typed)))]


def _overridden(line: BilledLine, draw: Random) -> list[BilledLine]:
    """Somebody changed the amount and said so."""
    step = Decimal(draw.randrange(1, 2000)).scaleb(-minor_units(line.currency))
    return [replace(line, amount=line.amount + step, note="manual override, agreed by telephone")]


def _with_orphan(line: BilledLine, draw: Random) -> list[BilledLine]:
    amount = round_amount(abs(line.amount) * Decimal(draw.randrange(11, 77)) / 100, line.currency)
    orphan = replace(line, amount=amount or Decimal(1), details=(), version=None)
    if draw.random() < 0.5:
        return [line, replace(orphan, contract=f"nobody-signed-{line.contract}")]
    return [line, replace(orphan, item=f"{line.item}-unknown")]


def misposted(site: Site) -> Iterator[Planting]:
    """An amount of one contract stands on the line of another: all of it, or a part."""
    own = [line for line in site.lines if line.amount > 0]
    pairs = [(line, other) for line in own for other in site.bill if _is_like(line, other)]
    for number, (line, other) in enumerate(site.shuffled("misposted", pairs)):
        part = 1 if number % 2 == 0 else 3
        move = _moved(line, other, round_amount(line.amount / part, line.currency))
        share = "all" if part == 1 else "a third"
        yield from by_lines(site, f"{share} of {line.item} on {other.contract}", move, [other.contract])


def _is_like(line: BilledLine, other: BilledLine) -> bool:
    is_alike = (line.kind, line.currency) == (other.kind, other.currency)
    return is_alike and line.contract != other.contract and bool(other.amount)


def _moved(line: BilledLine, other: BilledLine, amount: Decimal) -> Callable[[Sequence[BilledLine]], list[BilledLine]]:
    def edit(lines: Sequence[BilledLine]) -> list[BilledLine]:
        changed = []
        for one in lines:
            if one.key == line.key:
                is_all = amount == one.amount
                left = [] if is_all else [replace(one, amount=one.amount - amount)]
                quantity = one.quantity if is_all else Decimal(0)
                there = replace(one, contract=other.contract, item=other.item, amount=amount, quantity=quantity)
                changed += [*left, replace(there, version=other.version, details=one.details if is_all else ())]
            else:
                changed.append(one)
        return changed

    return edit


ERRORS = (
    PlantedError("missing_line", "a line never billed", on_a_line("{item} never billed", lambda line, _: [])),
    PlantedError("orphan_line", "a line that no contract has",
                 on_a_line("an unknown line beside {item}", _with_orphan, ("charge", "payout"))),
    PlantedError("duplicate_line", "a line sent twice under one identifier",
                 on_a_line("{item} sent twice", lambda line, _: [replace(line, times_sent=2)])),
    PlantedError("wrong_counterparty", "an amount on another contract's line", misposted),
    PlantedError("sign_flipped", "a sign the other way round",
                 on_a_line("sign of {item} flipped", lambda line, _: [replace(line, amount=-line.amount)])),
    PlantedError("digits_transposed", "two digits of an amount transposed",
                 on_a_line("two digits of {item} transposed", _transposed)),
    PlantedError("manual_override", "an amount changed by hand, with a note",
                 on_a_line("{item} changed by hand", _overridden)),
)  # fmt: skip
