"""What a file is, where another kind was asked for: a book, a saved result, prices, an exchange's error, by its content."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from hedging._ground.packing import packed_by, unpacked

__all__ = [
    "begins_toml",
    "kind_of_bytes",
    "kind_of_columns",
    "kind_of_text",
    "kind_of_value",
    "kind_of_values",
]

_LONGEST: Final = 2_000_000  # characters of a TOML file
# What a JSON object of ours has, what it is, and who takes it.
_SAVED: Final = (
    ({"orders", "inputs"}, "a saved plan, which hedging audit, watch and report take"),
    ({"table", "runs", "starts"}, "a saved backtest, which hedging report takes by --backtest"),
    ({"coins", "verdicts"}, "a saved screen, which hedging report takes by --screen"),
    ({"levels", "over"}, "a saved frontier"),
    ({"$defs", "properties"}, "a JSON schema"),
    ({"holdings"}, "a book as hedging book check --json writes it"),
)
_TIMES: Final = {"date", "time", "timestamp", "open_time", "close_time", "datetime"}
_QUOTED: Final = {"bid_price", "ask_price", "mark_price"}
_TABLE: Final = re.compile(r"\s*\[\[?\s*[A-Za-z_][\w.\s]*\]\]?\s*(#.*)?(\n|$)")
_QUOTES: Final = "a chain of option quotes, which --chain FILE takes"
_CLOSES: Final = {"close", "price", "adj_close"}


def begins_toml(text: str) -> bool:
    """Whether a text begins with a table of TOML, which a list of JSON begins like."""
    return bool(_TABLE.match(text))


def kind_of_text(text: str) -> str:
    r"""What a text is, with its article and where it goes; empty where nobody knows.

    Examples
    --------
    >>> kind_of_text('[[holdings]]\\nasset = "BTC"')
    'a book in TOML, which is given as BOOK'
    """
    begin = text.lstrip("\ufeff \t\r\n")
    if begin.startswith("\x1f"):
        return "packed by gzip: unpack it first"
    if re.match(r"<(?:!doctype|!--|\?xml|[a-z]+[\s>])", begin[:50].lower()):
        return "a page in HTML or XML, such as a report or an exchange's error"
    if begin[:1] == "{":
        try:
            return kind_of_value(json.loads(begin))
        except (ValueError, RecursionError):
            return ""
    if "[[holdings]]" in begin[:_LONGEST]:
        return "a book in TOML, which is given as BOOK"
    if "=" not in begin[:10_000] or len(begin) > _LONGEST:
        return _of_header(begin)
    try:
        return _of_toml(tomllib.loads(begin))
    except (ValueError, RecursionError):
        return _of_header(begin)


def kind_of_bytes(data: bytes) -> str:
    """The same of a file's bytes, packed or not, where no quotes are asked for: they are named too."""
    packed = packed_by(data)
    if packed:
        with suppress(ValueError):
            data = unpacked(data, _LONGEST)
    if data[:4] == b"PAR1":
        return "a table in Parquet"
    text = data[:_LONGEST].decode("utf-8", "replace")
    broken = "JSON that is cut off or damaged" if len(data) < _LONGEST and _is_broken(text) else ""
    found = broken or kind_of_text(text) or (_QUOTES if _has_quotes(text) else "")
    return f"{found or 'a file'}, packed by {packed}" if packed else found


def _is_broken(text: str) -> bool:
    """Whether a text begins as JSON does, and neither it nor its first line is some."""
    begin = text.lstrip("\ufeff \t\r\n")
    if not re.match(r"\{|\[\s*[\[{\d\"-]", begin) or begins_toml(begin):
        return False
    for part in (begin, begin.partition("\n")[0]):
        with suppress(ValueError, RecursionError):
            json.loads(part)
            return False
    return True


def _has_quotes(text: str) -> bool:
    lines = text.lstrip("\ufeff \t\r\n")[:20_000].splitlines()
    begin = "\n".join(line for line in lines if not line.startswith("#"))[:5_000]
    words = {
        word.lower()
        for word in re.findall(r"[A-Za-z_]+", begin if begin[:1] in "{[" else begin.partition("\n")[0])
    }
    return bool(words & {"strike", "instrument_name", "option_quotes", "optionsymbol"})


def kind_of_value(value: Any) -> str:
    """The same of what JSON holds."""
    if not isinstance(value, dict):
        return ""
    for keys, kind in _SAVED:
        if keys <= value.keys():
            return kind
    if told := _complaint(value):
        return f"an exchange's error reply ({told}): ask it again"
    rows = value.get("result")
    first = rows[0] if isinstance(rows, list) and rows else None
    if isinstance(first, dict) and "instrument_name" in first and not first.keys() & _QUOTED:
        return "a list of instruments without quotes; their book summary has those"
    return ""


def kind_of_columns(columns: Collection[str]) -> str:
    """The same of a table, by the names of its columns."""
    names = {name.strip().lower() for name in columns}
    if names & {"strike", "instrument_name", "symbol", "instrument"}:  # the last of a ledger or orders
        return ""
    funded = bool(names & {"interest_8h", "funding_8h", "funding_rate", "fundingrate"})
    if names & _TIMES and (names & _CLOSES or {"open", "high", "low"} <= names):
        if funded:
            return "a table of prices and funding rates, which --prices FILE and --funding-history FILE take"
        return "a table of prices, which --prices FILE takes and hedging screen"
    coins = [name for name in columns if name.strip().lower() not in _TIMES]
    if (
        len(coins) < len(columns)
        and len(coins) > 1
        and all(re.fullmatch(r"[A-Z0-9]{2,10}", each) for each in coins)
    ):
        return "a table of prices, which --prices FILE takes and hedging screen"
    if {"side", "level", "price"} <= names:
        return "a table of order books, which --depth FILE takes"
    return "a table of funding rates, which --funding-history FILE takes" if funded else ""


def kind_of_values(values: Mapping[str, Any], others: str = "") -> str:
    """The same of what TOML holds, `others` where it is no file of ours."""
    kind = _of_toml(values)
    if kind in ("", "a file in TOML"):
        return others
    return f"is {kind}" if others else kind


def _of_toml(values: Mapping[str, Any]) -> str:
    if "holdings" in values or "targets" in values:
        return "a book in TOML, which is given as BOOK"
    if "columns" in values:
        return "a map of a table in TOML, which --map FILE takes"
    if values.keys() and values.keys() <= {"near", "near_of", "bands", "ignore"}:
        return "rules of a watch in TOML, which --rules FILE takes"
    return "a file in TOML" if values else ""


def _of_header(text: str) -> str:
    header = text.partition("\n")[0].strip()
    return kind_of_columns(header.split(",")) if "," in header and len(header) < 10_000 else ""


def _complaint(value: dict[str, Any]) -> str:
    """What an error reply says: Deribit's, or what Bybit, OKX and Binance send instead of quotes."""
    error = value.get("error")
    if isinstance(error, dict):
        return f"{error.get('message', '')} {error.get('code', '')}".strip() or "without a reason"
    if isinstance(error, str):
        return error[:80]
    for code, message in (("retCode", "retMsg"), ("code", "msg")):
        if message in value and str(value.get(code, "0")) not in ("0", "00000"):
            return f"{value[message]} {value[code]}"[:80].strip()
    return ""
