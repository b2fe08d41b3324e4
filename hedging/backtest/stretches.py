"""The stretches of a tape between its holes, and the one that a run is worth beginning on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hedging._ground.counts import number_of
from hedging.backtest.tape import Tape

__all__ = ["left_out", "one_stretch"]

SHOWN = 20


def one_stretch(tape: Tape, longest_gap: float, *, first: bool = False) -> Tape:
    """The longest stretch without a hole, or the first one; what is left out by it stands in `skipped`.

    Parameters
    ----------
    tape : Tape
    longest_gap : float
        A hole between snapshots longer than this parts two stretches. [days]
    first : bool
        Whether the tape begins where it was asked to.
    """
    parts = tape.blocks(longest_gap)
    if len(parts) == 1:
        return tape
    place = 0 if first else max(range(len(parts)), key=lambda k: (_days(parts[k]), len(parts[k])))
    others = "; ".join(_named(part) for k, part in enumerate(parts) if k != place)
    said = (
        f"the {'first' if first else 'longest'} stretch without a hole of more than {number_of(longest_gap, 'day')} counts, "
        f"{_named(parts[place])}; start= begins with another: {others}"
    )
    return replace(parts[place], skipped=(said, *tape.skipped))


def left_out(tape: Tape) -> str:
    """What of the files is not on a tape, and why, one thing a line; empty where all of it is."""
    unusable = [f"{when:%Y-%m-%d %H:%M} UTC: {why}" for when, why in tape.unusable]
    parts = (("left out", tape.skipped), ("unusable snapshots", unusable))
    return "\n".join(_listed(what, each) for what, each in parts if each)


def _listed(what: str, each: Sequence[str]) -> str:
    more = [f"  and {len(each) - SHOWN} more"] if len(each) > SHOWN else []
    return "\n".join([f"{len(each)} {what}:", *(f"  {text}" for text in each[:SHOWN]), *more])


def _days(tape: Tape) -> float:
    return float((tape.times[-1] - tape.times[0]).total_seconds())


def _named(tape: Tape) -> str:
    return f"{tape.times[0]:%Y-%m-%d} to {tape.times[-1]:%Y-%m-%d} ({number_of(len(tape), 'snapshot')})"
