"""Files of cash dividends: ex-dates and amounts a share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.venues._opening import open_file, refuse_another
from hedging.venues._times import stamps

__all__ = ["read_dividends"]

_DAYS: Final = ("date", "ex_date", "ex-date", "exdate")
_AMOUNTS: Final = ("amount", "dividend", "dividends", "cash")


def read_dividends(path: str | Path) -> dict[str, float]:
    """Read cash dividends a share by ex-date, as `read_chain` takes them.

    Parameters
    ----------
    path : str or Path
        A table with a column of days (``date`` or ``ex_date``) and one of amounts (``amount`` or ``dividend``), as
        ``Ticker.dividends.to_csv()`` of yfinance writes it.

    Returns
    -------
    dict
        Amount [money] by day, ``"2026-03-20"``.

    Raises
    ------
    ChainError
        If a column is missing, a day is none, or an amount is no number >= 0.
    """
    file = open_file(Path(path))
    refuse_another(
        file, "dividends are a table of ex-dates and amounts, with columns date and amount", "dividends"
    )
    table = file.content
    if not isinstance(table, pd.DataFrame):
        raise ChainError(
            f"{file.name} must be a table of ex-dates and amounts, with columns date and amount."
        )
    names = {str(name).strip().lower(): name for name in table.columns}
    day, amount = (
        next((names[name] for name in known if name in names), None) for known in (_DAYS, _AMOUNTS)
    )
    if day is None or amount is None:
        raise ChainError(f"{file.name}: columns date and amount are needed; it has {list(names)}.")
    # Midnight of the exchange is the day it names, in whatever zone it is written.
    days = table[day].astype(str).str.strip().str[:10]
    stamps(days.rename(day), file.name, "UTC")
    values = pd.to_numeric(table[amount], errors="coerce")
    bad = ~(values >= 0.0) | ~(values < float("inf"))
    if bad.any():
        raise ChainError(
            f"{file.name}: column {amount!r}, row {values.index[bad][0]}: an amount must be a number >= 0; got "
            f"{table.loc[bad, amount].iloc[0]!s:.40}."
        )
    return {str(key): float(total) for key, total in values.groupby(days).sum().items()}
