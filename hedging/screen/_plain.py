"""Tables as plain values that JSON can hold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hedging._ground.shown import plain

__all__ = ["plain", "records"]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table."""
    return [
        {str(name): plain(value) for name, value in row.items()} for row in table.to_dict(orient="records")
    ]
