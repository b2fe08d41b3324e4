"""One self-contained HTML page: position, plan and proof, payoffs with sliders, falls, accounts, quotes.

`write` makes the file, `html` its text. The page opens from an e-mail: no script, style, font or picture comes from
anywhere else, and without scripting it shows all but what the sliders move.
"""

from hedging.report.page import html, write

__all__ = ["html", "write"]
