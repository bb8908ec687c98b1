"""`recon review`: the pages are found, addressed by their names, and the server takes names and questions with care."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pages import NOTEBOOKS

from recon.cli.reviewing import pages_folder
from recon.workspace import Workspace

sys.path[:0] = [] if str(NOTEBOOKS) in sys.path else [str(NOTEBOOKS)]


def asked(app: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status that an app answers a request with, and what the app behind it was given."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": told, "query_string": b""}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[0].get("given", {})


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """An app that lets everything in and says what it was given."""
    await send({"type": "http.response.start", "status": 200, "headers": [], "given": scope})


def test_the_pages_are_those_of_the_clone() -> None:
    assert pages_folder() == NOTEBOOKS


def test_every_page_has_its_address(tmp_path: Path) -> None:
    from parts.serve import addresses

    for name in ("1_month_end.py", "3_debug.py", "look.py"):
        (tmp_path / name).write_text("")
    assert {name: path.name for name, path in addresses(tmp_path).items()} == {
        "month-end": "1_month_end.py", "debug": "3_debug.py",
    }  # fmt: skip
    assert "contracts" in addresses()


def test_the_name_comes_from_the_proxy_alone() -> None:
    from parts.serve import Named

    app = Named(inside, "X-Forwarded-User")
    assert asked(app)[0] == 401
    status, given = asked(app, x_forwarded_user="rae")
    assert status == 200 and given["user"].username == "rae"


def answered(app: Any, path: str, query: str = "") -> tuple[int, str]:
    """The status and the text, or the address it leads on to, that the server answers a path with."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": query.encode()}
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
    body = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body").decode()
    return sent[0]["status"], headers.get("location", body)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two workspaces without a closed month whose folders have one name."""
    places = [tmp_path_factory.mktemp(name) / "Books" for name in ("acme", "birch")]
    for place in places:
        Workspace.init(place)
    return places


def test_several_workspaces_stand_on_one_start_page_and_have_pages_each(two: list[Path]) -> None:
    from parts.serve import Review, addresses, named

    app = Review(addresses(), named(two))
    status, words = answered(app, "/")
    assert status == 200 and 'href="/books/"' in words and 'href="/books-2/"' in words
    status, words = answered(app, "/books-2/")
    assert status == 200 and 'href="/books-2/month-end/"' in words and "All workspaces" in words
    assert answered(app, "/books-2/month-end", "period=2026-10") == (307, "/books-2/month-end/?period=2026-10")
    assert answered(app, "/books") == (307, "/books/")
    assert "All workspaces" not in answered(Review(addresses(), named(two[:1])), "/")[1]


def test_the_address_of_a_workspace_is_its_folder_s_name() -> None:
    from parts.serve import named

    assert list(named([Path("demo")])) == ["/"]
    assert list(named([Path("a/Acme 1"), Path("b/acme-1"), Path("demo"), Path("/")])) == [
        "/acme-1/", "/acme-1-2/", "/demo/", "/workspace/",
    ]  # fmt: skip


def test_a_page_is_told_its_workspace_by_the_server_alone(two: list[Path]) -> None:
    from parts.serve import Review, named

    app, given = Review({}, named(two)), []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        given.append(scope["meta"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    app._marimo = behind
    for path in ("/books/month-end/ws", "/books-2/month-end/", "/elsewhere/"):
        answered(app, path, f"workspace={two[1]}")
    assert given == [{"workspace": str(two[0])}, {"workspace": str(two[1])}, {}]


def test_a_workspace_that_cannot_be_read_is_told_beside_the_others(two: list[Path], tmp_path: Path) -> None:
    from parts.serve import Review, addresses, named

    (tmp_path / "recon.toml").write_text("name = 7\n")
    status, words = answered(Review(addresses(), named([two[0], tmp_path])), "/")
    assert status == 200 and "This has to be mended first" in words and 'href="/books/"' in words


def test_pages_of_other_sites_may_not_ask() -> None:
    from parts.serve import OwnPages

    app = OwnPages(inside)
    assert asked(app, host="127.0.0.1:2718")[0] == 200
    assert asked(app, host="127.0.0.1:2718", origin="http://127.0.0.1:2718")[0] == 200
    assert asked(app, host="127.0.0.1:2718", origin="https://elsewhere.example")[0] == 403


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["1_month_end.py", "4_contracts.py", "parts/serve.py", "parts/page.css", "pyproject.toml"]
)
def test_a_wheel_brings_the_pages(name: str, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as found:
        assert any(one.endswith(f"data/share/recon/notebooks/{name}") for one in found.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network, from a copy so that nothing is left behind."""
    import shutil

    source, made = tmp_path_factory.mktemp("source") / "recon", tmp_path_factory.mktemp("wheel")
    kept = shutil.ignore_patterns(".git", ".venv", "demo", "build", "*.egg-info", "__pycache__", ".*_cache", "tests")
    shutil.copytree(NOTEBOOKS.parent, source, ignore=kept)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(made), "."]
    subprocess.run(command, check=True, cwd=source, capture_output=True)
    return next(made.glob("*.whl"))
