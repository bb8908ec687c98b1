"""The README and the guide: every command that they show exists as it is written there, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from recon.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def commands() -> list[tuple[str, str]]:
    """Every recon command of a block of shell, with the page it stands on."""
    found = []
    for page in PAGES:
        for block in SHELL.findall(page.read_text()):
            for line in re.split(r"\n|&&", block):
                if match := re.match(r"\s*(?:\.venv/bin/)?recon (.*)", line):
                    found.append((page.name, match[1]))
    return found


@pytest.mark.parametrize(("page", "shown"), commands())
def test_a_command_of_the_guide_exists(page: str, shown: str) -> None:
    command, words = typer.main.get_command(app), shlex.split(shown, comments=True)
    while isinstance(command, typer.core.TyperGroup):
        _, command, words = command.resolve_command(typer.Context(command), words)
    command.make_context(command.name, words)  # which reads the options, and asks for those that must be there


def test_the_guide_shows_commands() -> None:
    assert len(commands()) > 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []
