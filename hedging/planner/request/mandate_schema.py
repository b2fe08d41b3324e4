"""JSON schema of a book's file: what is held, by the models that read it, and the mandate, by the forms of its fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema, create_model

from hedging._ground import fields
from hedging.book.files import BookFile

__all__ = ["book_schema", "schema_of_models"]

_SHIPPED = Path(__file__).with_name("book.schema.json")
_FORM = WithJsonSchema({"type": ["string", "number", "boolean", "array", "object"]})


def book_schema() -> dict[str, Any]:
    """The JSON schema of a book's file; editors complete and check TOML by it.

    Examples
    --------
    >>> sorted(book_schema()["properties"])
    ['accounts', 'cash', 'holdings', 'limits', 'numeraire', 'orders', 'targets', 'transfers']
    """
    content: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return content


def schema_of_models() -> dict[str, Any]:
    """The schema made anew; the file that ships is a copy of it, as what pydantic writes differs by its release."""
    strict = ConfigDict(extra="forbid")
    tables: dict[str, Any] = {
        name: create_model(name.title(), __config__=strict, **_fields_of(forms))
        for name, forms in (("targets", fields.TARGETS), ("limits", fields.LIMITS))
    }
    whole = create_model(
        "Book",
        __base__=BookFile,
        __doc__=BookFile.__doc__,
        targets=(tables["targets"], {}),
        limits=(tables["limits"], {}),
    )
    schema: dict[str, Any] = whole.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["holdings"]["items"] = {"anyOf": _held(schema["$defs"])}
    return schema


def _fields_of(forms: fields.Forms) -> dict[str, Any]:
    """Each field with what it is: text in its form on the command line, or plain TOML."""
    return {
        name: (Annotated[Any, _FORM], Field(default=None, description=f"as --{name.replace('_', '-')}"))
        for name in forms
    }


def _held(models: dict[str, Any]) -> list[dict[str, Any]]:
    """The kinds of holdings, each also in the short forms that reading spells out."""
    for name in ("_HeldSpot", "_HeldPerpetual", "_HeldFuture", "_HeldOption"):
        model = models[name]
        model["properties"].pop("entry_price", None)
        model["properties"]["entry"] = {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "price paid [money]",
        }
        model["properties"]["entry_price"] = {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "as entry",
        }
        needed = [each for each in model["required"] if each not in ("entry", "entry_price")]
        model["required"] = needed
    named = {
        "title": "Contract",
        "type": "object",
        "additionalProperties": False,
        "required": ["contract", "quantity"],
        "properties": models["_HeldOption"]["properties"],
    }
    option = models["_HeldOption"]
    option["properties"]["kind"] = {"enum": ["option", "put", "call"]}
    option["properties"]["flag"] = {"enum": ["c", "p", "call", "put"]}
    option["required"] = [each for each in option["required"] if each != "flag"]
    models["_HeldPerpetual"]["properties"]["kind"] = {"enum": ["perpetual", "perp"]}
    kinds = ("_HeldSpot", "_HeldPerpetual", "_HeldFuture", "_HeldOption")
    loose = named | {"properties": named["properties"] | {"kind": {"type": "string"}}}
    return [*({"$ref": f"#/$defs/{name}"} for name in kinds), loose]
