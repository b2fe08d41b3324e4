"""Damage to plain values, texts and bytes, as hypothesis draws it."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

JUNK: list[Any] = [
    None, "", "abc", " ", "0", "nan", "1e999", "-1", "1,5", "=1+1", "2026-02-30", "8022-01-01T08:00:00+00:00",
    "2026-06-26T08:00:00", "\x00", "\ud7ff", "x" * 10_000, 0, -0.0, 0.0, 1, -1, 1e-300, 5e-324, -5e-324, 1e15, -1e15,
    1e18, 1e300, -1e308, float("nan"), float("inf"), -float("inf"), 10**30, -(10**400), 10**400, True, False, [], {},
    [[]], [1, 2], {"a": 1}, {"kind": "option"}, 1_767_225_600_000, 32_503_708_800_000, [None], "BTC", "USD", "c",
]  # fmt: skip
junk = st.sampled_from(JUNK) | st.floats() | st.integers() | st.text(max_size=5)
Place = tuple[int | str, ...]


def places(value: Any, so_far: Place = ()) -> list[Place]:
    """Where there is something in nested values."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if so_far == () else [so_far]
    for key, each in inside:
        found += places(each, (*so_far, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, whole: Any, most: int = 3) -> Any:
    """The value with a few places changed, taken away, doubled, or exchanged with others."""
    made = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, most))):
        there = places(made)
        if not there:
            return made
        place = draw(st.sampled_from(there))
        parent = made
        for part in place[:-1]:
            parent = parent[part]
        how = draw(st.sampled_from(["junk", "junk", "junk", "scale", "drop", "double", "other", "rename"]))
        _change(draw, made, parent, place[-1], how, there)
    return made


def _change(draw: st.DrawFn, whole: Any, parent: Any, last: Any, how: str, there: list[Place]) -> None:
    value = parent[last]
    if how == "scale" and isinstance(value, int | float) and not isinstance(value, bool):
        factor = draw(st.sampled_from([-1.0, 0.0, 0.5, 1.0 + 1e-9, 10.0, 100.0, 1e8, 1e200]))
        try:
            parent[last] = type(value)(value * factor)
        except (OverflowError, ValueError):
            parent[last] = value
    elif how == "drop":
        del parent[last]
    elif how == "double" and isinstance(parent, list):
        parent.insert(0, copy.deepcopy(value))
    elif how == "rename" and isinstance(parent, dict):
        parent[draw(st.text(max_size=6))] = parent.pop(last)
    elif how == "other":
        found = whole
        for part in draw(st.sampled_from(there)):
            found = found[part]
        parent[last] = copy.deepcopy(found)
    else:
        parent[last] = copy.deepcopy(draw(junk))


@st.composite
def damaged_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes that are cut off, changed in a few places, doubled in part, or filled with others."""
    how = draw(st.sampled_from(["cut", "flip", "insert", "repeat", "head"]))
    at = draw(st.integers(0, max(len(whole) - 1, 0)))
    if how == "cut":
        return whole[:at]
    if how == "head":
        return whole[at:]
    if how == "repeat":
        return whole[:at] + whole[at : at + draw(st.integers(1, 500))] * 2 + whole[at:]
    if how == "insert":
        return whole[:at] + draw(st.binary(min_size=1, max_size=20)) + whole[at:]
    made = bytearray(whole)
    for _ in range(draw(st.integers(1, 8))):
        made[draw(st.integers(0, len(made) - 1))] = draw(st.integers(0, 255))
    return bytes(made)


def as_json(value: Any) -> str:
    """JSON text, with NaN and infinity as Python writes them."""
    return json.dumps(value, allow_nan=True)
