"""The schema of book files that ships is that of the models that read them."""

from __future__ import annotations

from typing import Any

from hedging.planner import book_schema
from hedging.planner.request.mandate_schema import schema_of_models


def plain(schema: Any) -> Any:
    """The same in every release of pydantic: earlier ones write a constant as a list of one, too."""
    if isinstance(schema, dict):
        return {
            key: plain(value) for key, value in schema.items() if not (key == "enum" and "const" in schema)
        }
    return [plain(each) for each in schema] if isinstance(schema, list) else schema


def test_the_shipped_schema_is_that_of_the_models() -> None:
    assert plain(book_schema()) == plain(schema_of_models()), (
        "write hedging/planner/request/book.schema.json anew: it is json.dumps(schema_of_models(), indent=2)"
    )


def test_a_schema_is_the_callers_own() -> None:
    book_schema().clear()
    assert book_schema()
