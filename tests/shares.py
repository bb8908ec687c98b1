"""The default run takes a share of long series of cases; `-m long` runs all the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def share(cases: Iterable[Any], default: int) -> list[Any]:
    """Cases for `parametrize`: the first `default` of them run always, the others are marked `long`."""
    return [one if n < default else pytest.param(one, marks=pytest.mark.long) for n, one in enumerate(cases)]
