"""Packs altered in their XML, a cell or a row at a time, so that nothing else of the file changes."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from openpyxl.formula.translate import Translator

CELL = re.compile(r'<c r="([A-Z]+)(\d+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
ROW = re.compile(r'<row r="(\d+)"([^>]*)>(.*?)</row>', re.DOTALL)


@dataclass(frozen=True)
class Parts:
    """The parts of a pack's file, the sheets by title."""

    content: Mapping[str, str]
    sheets: Mapping[str, str]

    @classmethod
    def of(cls, pack: Path) -> Parts:
        with zipfile.ZipFile(pack) as file:
            content = {name: file.read(name).decode() for name in file.namelist()}
        titles = re.findall(r'<sheet name="([^"]*)"', content["xl/workbook.xml"])
        return cls(content, {title: f"xl/worksheets/sheet{n}.xml" for n, title in enumerate(titles, 1)})

    def written(self, target: Path, changed: Mapping[str, str]) -> Path:
        """The file with some of its parts changed."""
        with zipfile.ZipFile(target, "w") as copy:
            for name, content in {**self.content, **changed}.items():
                copy.writestr(name, content)
        return target

    def with_sheet(self, target: Path, title: str, change: Callable[[str], str]) -> Path:
        """The file with the XML of one sheet changed."""
        part = self.sheets[title]
        changed = change(self.content[part])
        assert changed != self.content[part]
        return self.written(target, {part: changed})


def cells(parts: Parts) -> list[tuple[str, re.Match[str]]]:
    """Every cell of every sheet, the empty ones too."""
    return [(title, cell) for title, part in parts.sheets.items() for cell in CELL.finditer(parts.content[part])]


def altered(cell: re.Match[str], chance: random.Random) -> str:
    """The cell's XML with something of it altered that counts."""
    letters, row, look, inner = cell.groups()
    style = re.search(r' s="\d+"', look)
    start = f'<c r="{letters}{row}"{style[0] if style else ""}'
    ways = (
        _ways_of_empty(start)
        if not inner
        else _ways_of_formula(start, look, inner)
        if "<f>" in inner
        else _ways_of_constant(start, look, inner)
    )
    return chance.choice(ways)(chance)


Way = Callable[[random.Random], str]


def _ways_of_empty(start: str) -> list[Way]:
    return [
        lambda chance: f"{start}><v>{chance.randint(0, 10**6)}</v></c>",
        lambda chance: f'{start} t="inlineStr"><is><t>put in {chance.random()}</t></is></c>',
        lambda chance: f'{start} t="b"><v>{chance.randint(0, 1)}</v></c>',
        lambda chance: f"{start}><f>1+{chance.randint(0, 9)}</f><v>1</v></c>",
    ]


def _ways_of_constant(start: str, look: str, inner: str) -> list[Way]:
    empty: list[Way] = [
        lambda chance: f"{start}/>",
        lambda chance: f"{start}><f>{chance.randint(1, 9)}</f><v>0</v></c>",
    ]
    text = unescape(re.sub(r"<[^>]*>", "", inner))
    if "inlineStr" in look:
        return [
            *empty,
            lambda chance: f'{start} t="inlineStr"><is><t xml:space="preserve">{_retold(inner, chance)}</t></is></c>',
        ]
    if ' t="b"' in look:
        return [
            *empty,
            lambda chance: f'{start} t="b"><v>{1 - int(text)}</v></c>',
            lambda chance: f"{start}><v>{text}</v></c>",
        ]
    return [
        *empty,
        lambda chance: f"{start}><v>{_other(text, chance)}</v></c>",
        lambda chance: f'{start} t="inlineStr"><is><t>{text}</t></is></c>',
    ]


def _ways_of_formula(start: str, look: str, inner: str) -> list[Way]:
    formula, stored = re.findall(r"<f>(.*?)</f><v>(.*?)</v>", inner, re.DOTALL)[0]
    kind = re.search(r' t="(\w+)"', look)
    mark = kind[0] if kind else ""
    result: dict[str, Way] = {
        "": lambda chance: f"{start}><f>{formula}</f><v>{_other(stored, chance)}</v></c>",
        "b": lambda chance: f'{start} t="b"><f>{formula}</f><v>{1 - int(stored)}</v></c>',
        "str": lambda chance: f'{start} t="str"><f>{formula}</f><v>{stored}x</v></c>',
    }
    return [
        result[kind[1] if kind else ""],
        lambda chance: f"{start}{mark}><f>{formula}+0</f><v>{stored}</v></c>",
        lambda chance: f"{start}{mark}><f>{_pointed_elsewhere(formula)}</f><v>{stored}</v></c>",
        lambda chance: f"{start}{mark}><v>{stored}</v></c>" if kind is None else f"{start}/>",
        lambda chance: f"{start}{mark}><f>{formula}</f></c>" if kind is None else f"{start}/>",
        lambda chance: f"{start}/>",
    ]


def _pointed_elsewhere(formula: str) -> str:
    moved, count = re.subn(r"(\d+)(?!.*\d)", lambda found: str(int(found[1]) + 1), formula, count=1)
    return moved if count else f"{formula}*1"


def _other(number: str, chance: random.Random) -> str:
    value = float(number)
    return repr(
        chance.choice([value + 0.01, -value or 1.0, value + 1, value * 10 or 2.0, value + chance.uniform(1, 9)])
    )


def _retold(inner: str, chance: random.Random) -> str:
    text = re.sub(r"<[^>]*>", "", inner)
    return chance.choice(
        [
            f"{text} ",
            f"{text}.",
            f"x{text}",
            text.swapcase() if text.swapcase() != text and "&" not in text else f"{text}!",
        ]
    )


def shifted(xml: str, first: int, by: int, *, is_by_hand: bool = True) -> str:
    """The rows from one on at other numbers; by a program, formulas of these rows go along."""

    def moved(row: re.Match[str]) -> str:
        number = int(row[1])
        return row[0] if number < first else renumbered(row, number + by, is_by_hand)

    return ROW.sub(moved, xml)


def renumbered(row: re.Match[str], number: int, is_by_hand: bool = True) -> str:
    def cell(found: re.Match[str]) -> str:
        whole = found[0].replace(f'r="{found[1]}{found[2]}"', f'r="{found[1]}{number}"', 1)
        return whole if is_by_hand else re.sub("<f>(.*?)</f>", lambda f: f"<f>{_along(f[1], found, number)}</f>", whole)

    return f'<row r="{number}"{row[2]}>{CELL.sub(cell, row[3])}</row>'


def _along(formula: str, found: re.Match[str], number: int) -> str:
    plain = unescape(formula)
    moved = Translator(f"={plain}", f"{found[1]}{found[2]}").translate_formula(f"{found[1]}{number}")[1:]
    return moved.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
