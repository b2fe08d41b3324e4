"""Formulas as MathML, which browsers draw themselves: pages need no script from elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx


def _inline(page: Any, node: nodes.Element) -> None:
    page.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _display(page: Any, node: nodes.Element) -> None:
    text = node.astext()
    # As LaTeX's `split` and `align` do: lines with a column mark stand below each other.
    if "&" in text.replace(r"\&", "") or r"\\" in text:
        text = rf"\begin{{align*}}{text}\end{{align*}}"
    page.body.append(f'<div class="math">{convert(text, display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
