"""Names and text as SQL."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as an SQL identifier.

    >>> quoted('their "ts"')
    '"their ""ts\"""'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as an SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
