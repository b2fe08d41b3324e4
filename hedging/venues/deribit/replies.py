"""What Deribit's replies must look like, as models; a reply that does not is refused with the field it breaks."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hedging._ground.reading import where
from hedging.errors import VenueError

__all__ = [
    "Book",
    "Candles",
    "Deliveries",
    "Dvol",
    "Funding",
    "Index",
    "Listed",
    "Summary",
    "checked",
]

_SHOWN: Final = 3  # mistakes that a message names
_FIRST, _LAST = 946_684_800_000, 4_102_444_800_000  # the years 2000 and 2100, in milliseconds
_MOST: Final = 1e15

Number: TypeAlias = Annotated[float, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]
Price: TypeAlias = Annotated[float, Field(gt=0.0, le=_MOST, allow_inf_nan=False)]
Size: TypeAlias = Annotated[float, Field(ge=0.0, le=_MOST, allow_inf_nan=False)]
Moment: TypeAlias = Annotated[int, Field(ge=_FIRST, le=_LAST)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]
Model = TypeVar("Model")


class _Reply(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class Index(_Reply):
    """The reply to ``get_index_price``."""

    index_price: Price


class Quoted(BaseModel):
    """A row of ``get_book_summary_by_currency``; numbers beyond belief are left to the rules of a chain."""

    model_config = ConfigDict(strict=True, extra="allow")
    instrument_name: Name
    creation_timestamp: Moment
    bid_price: float | None = None
    ask_price: float | None = None
    mark_price: float | None = None
    mark_iv: float | None = None
    underlying_price: float | None = None
    estimated_delivery_price: float | None = None
    open_interest: float | None = None
    volume: float | None = None
    funding_8h: float | None = None


class Book(_Reply):
    """The reply to ``get_order_book``: levels of price and amount."""

    instrument_name: Name
    bids: list[Annotated[list[Number], Field(min_length=2, max_length=2)]]
    asks: list[Annotated[list[Number], Field(min_length=2, max_length=2)]]


class Hour(_Reply):
    """A row of ``get_funding_rate_history``."""

    timestamp: Moment
    index_price: Price
    interest_1h: Number
    interest_8h: Number


class Dvol(_Reply):
    """The reply to ``get_volatility_index_data``: rows of time, open, high, low, close."""

    data: list[Annotated[list[Number], Field(min_length=5, max_length=5)]]
    continuation: Moment | None = None


class Candles(_Reply):
    """The reply to ``get_tradingview_chart_data``, in columns."""

    status: Name
    ticks: list[Moment] = []
    open: list[Number | None] = []
    high: list[Number | None] = []
    low: list[Number | None] = []
    close: list[Number | None] = []
    volume: list[Size | None] = []


class Delivery(_Reply):
    """A row of ``get_delivery_prices``."""

    date: Name
    delivery_price: Price


class Deliveries(_Reply):
    """The reply to ``get_delivery_prices``."""

    records_total: Annotated[int, Field(ge=0, le=1_000_000)]
    data: list[Delivery]


Summary: Final = TypeAdapter(list[Quoted])
Funding: Final = TypeAdapter(list[Hour])
Listed: Final = TypeAdapter(list[dict[str, Any]])


def checked(model: type[Model] | TypeAdapter[Model], reply: Any, method: str) -> Model:
    """The reply to a method as its model.

    Raises
    ------
    VenueError
        Naming the fields that break it, the rule and what came.
    """
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(reply)
    except (ValidationError, RecursionError, OverflowError) as error:
        said = _in_words(error) if isinstance(error, ValidationError) else "it is too deep or too large"
        raise VenueError(f"Deribit's reply to {method} is not what it says it sends: {said}.") from error


def _in_words(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    found = [f"{where(p['loc'])}: {p['msg'].lower()}; got {p['input']!r:.60}" for p in problems[:_SHOWN]]
    more = [f"{len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return " | ".join([*found, *more])
