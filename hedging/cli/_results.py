"""What a file is that a command wrote as its result: known by how it begins, as nothing else may be replaced by one."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_result"]

# The first names of each result: columns of a table, keys of an object or of the first object in a list.
_BEGUN: Final = {
    tuple(line.split())
    for line in """
    version id status
    schema plan as_of
    method params
    method path body
    ClOrdID Symbol SecurityType
    instrument side quantity
    over base view
    overlay days execution
    as_of days ok
    as_of limit value
    start end unit
    start end trades
    as_of spot day
    choice orders execution
    price screen fees
    name value unit
    currency units days
    scenario day leg
    day currency filled
    spot_move
    scenarios seed tails
    name level VaR
    expiry days forward
    expiry days quotes
    symbol strike bid_quoted
    title kept rejected
    file expiry days
    as_of source benchmark
    coin verdict
    quotes starts table
    time kind instrument
    holdings cash numeraire
    instrument quantity units
    $defs additionalProperties description
    """.strip().splitlines()
}
_LEVELS: Final = ("relaxed", "price", "cost")  # of a frontier, behind what it is over
_PICTURES: Final = (b"\x89PNG", b"%PDF", b"<?xml")
_PAGE: Final = re.compile(r"\A<!doctype html>.{0,2000}?<title>Hedge report\b", re.DOTALL)
_KEY: Final = re.compile(r'^(?P<indent>  |    )"((?:[^"\\]|\\.)*)":', re.MULTILINE)


def is_result(data: bytes) -> bool:
    """Whether a file's first bytes are those of a result; an empty one loses nothing either.

    Examples
    --------
    >>> is_result(b"instrument,side,quantity,limit_price"), is_result(b"my notes")
    (True, False)
    """
    if data.startswith(_PICTURES):
        return b"atplotlib" in data
    text = data.decode("utf-8", "replace")
    if text.strip() in ("", "[]", "{}"):
        return True
    if text.startswith(("{", "[")):
        return _is_begun(_keys(text))
    if _PAGE.match(text):
        return True
    columns = text.partition("\n")[0].rstrip("\r").split(",")
    return _is_begun(columns) or tuple(columns[1:4]) == _LEVELS


def _is_begun(names: list[str]) -> bool:
    return any(tuple(names[:count]) in _BEGUN for count in (1, 2, 3))


def _keys(text: str) -> list[str]:
    """The first keys of an object, or of the first of a list, as we lay them out: indented by two or by four."""
    indent = "  " if text.startswith("{") else "    "
    own = (found for found in _KEY.finditer(text) if found["indent"] == indent)
    return [found[2] for found, _ in zip(own, range(3), strict=False)]
