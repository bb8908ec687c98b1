"""All pages in one server with the start page before them: `recon review` runs this over RECON_WORKSPACE."""

from __future__ import annotations

import argparse
import os
import re
import socket
import threading
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marimo
import uvicorn
from starlette.authentication import SimpleUser
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from recon import review
from recon.problems import BadInput

PAGES = Path(__file__).resolve().parent.parent
SOON = 1.0  # seconds, until the server answers the browser that is opened
NO_NAME = "No name came with the request: this server is meant to be reached through the proxy that signs people in."

FOREIGN = "A page of another site asked for this; only the pages of this server may."


def addresses(folder: Path = PAGES) -> dict[str, Path]:
    """Every page of the folder by the name in its address: `1_month_end.py` is `month-end`."""
    found = sorted(folder.glob("[0-9]_*.py"))
    return {path.stem.split("_", 1)[1].replace("_", "-"): path for path in found}


def named(folders: Sequence[Path]) -> dict[str, Path]:
    """Workspaces by the beginning of their addresses: one alone has `/`, of several each has its folder's name."""
    if len(folders) == 1:
        return {"/": folders[0]}
    found: dict[str, Path] = {}
    for folder in folders:
        name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "workspace"
        tries = (f"/{name}{number}/" for number in ("", *(f"-{more}" for more in range(2, len(folders) + 2))))
        found[next(one for one in tries if one not in found)] = folder
    return found


class Review:
    """The start page at `/`, the pages behind it; a link without a last slash keeps its filters.

    Several workspaces have all of this under an address each, and `/` shows them together.
    """

    def __init__(self, pages: Mapping[str, Path], workspaces: Mapping[str, Path]) -> None:
        server = marimo.create_asgi_app(quiet=True)
        for address in workspaces:
            for name, path in pages.items():
                server = server.with_app(path=f"{address}{name}", root=str(path))
        self._names, self._workspaces, self._marimo = tuple(pages), workspaces, server.build()
        self._plain = {f"{address}{name}" for address in workspaces for name in pages}
        self._plain |= {address.rstrip("/") for address in workspaces} - {""}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path, is_http = scope.get("path", ""), scope["type"] == "http"
        if is_http and (path == "/" or path in self._workspaces):
            await HTMLResponse(await run_in_threadpool(self._start, path))(scope, receive, send)
        elif is_http and path == "/health":
            await PlainTextResponse("up")(scope, receive, send)
        elif is_http and path in self._plain:
            query = scope.get("query_string", b"").decode()
            await RedirectResponse(f"{path}/?{query}" if query else f"{path}/")(scope, receive, send)
        else:
            await self._marimo({**scope, "meta": self._meta(path)}, receive, send)

    def _meta(self, path: str) -> dict[str, str]:
        """What a page is told of its workspace: by the server, whatever a request says."""
        own = next((address for address in self._workspaces if path.startswith(address)), None)
        return {review.WORKSPACE: str(self._workspaces[own])} if own else {}

    def _start(self, path: str) -> str:
        if path not in self._workspaces:
            return review.workspaces_page(self._workspaces, self._names)
        ways = {name: f"{path}{name}/" for name in self._names}
        try:
            workspace = review.open_workspace(str(self._workspaces[path]))
        except BadInput as bad:
            return review.trouble_page(bad)
        return review.start_page(workspace, ways, back="" if path == "/" else "/")


class OwnPages:
    """Only our own pages may ask: a page of another site, open in the same browser, could otherwise sign for people."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        asked_by = urlsplit(headers.get(b"origin", b"").decode("latin-1")).netloc
        ours = {headers.get(name, b"").decode("latin-1") for name in (b"host", b"x-forwarded-host")}
        if not asked_by or asked_by in ours:
            await self._app(scope, receive, send)
        else:
            await refused(scope, receive, send, 403, FOREIGN)


async def refused(scope: Any, receive: Any, send: Any, status: int, words: str) -> None:
    """Say no to a request, or to a connection before it is there."""
    if scope["type"] == "http":
        await PlainTextResponse(words, status_code=status)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": words[:100]})


class Named:
    """Each request carries the name that a proxy gave it in a header; without one it is refused."""

    def __init__(self, app: Any, header: str) -> None:
        self._app, self._header = app, header.lower().encode("latin-1")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        name = dict(scope["headers"]).get(self._header, b"").decode("latin-1").strip()
        if name:
            await self._app({**scope, "user": SimpleUser(name)}, receive, send)
        else:
            await refused(scope, receive, send, 401, NO_NAME)


def free_port(host: str, wanted: int) -> int:
    """The port that is wanted, or the next one that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            if probe.connect_ex((host, port)):
                return port
    raise SystemExit(f"no port from {wanted} to {wanted + 99} is free on {host}")


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2718)
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--user-header", default="")
    asked = parser.parse_args()
    os.environ[review.PAGES_SERVED] = " ".join(addresses())  # what a page shows the ways to
    folders = [Path(folder).resolve() for folder in os.environ.get("RECON_WORKSPACE", ".").split(os.pathsep)]
    os.chdir(PAGES)  # where marimo looks for how pages are shown
    app: Any = Review(addresses(), named(folders))
    port = free_port(asked.host, asked.port)
    address = f"http://{asked.host}:{port}"
    print(f"The review is at {address} (stop it with Ctrl-C)", flush=True)
    if not asked.headless:
        threading.Timer(SOON, webbrowser.open, (address,)).start()
    served = OwnPages(Named(app, asked.user_header) if asked.user_header else app)
    uvicorn.run(served, host=asked.host, port=port, log_level="warning", timeout_graceful_shutdown=3)


if __name__ == "__main__":
    main()
