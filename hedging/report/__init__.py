"""What leaves the library as a file: one self-contained HTML page of a book and its plan, and any result as a table.

`write` makes the page, `html` its text: position, plan and proof, payoffs with sliders, falls, accounts, quotes. The
page opens from an e-mail: no script, style, font or picture comes from anywhere else, and without scripting it shows
all but what the sliders move. `save` writes any result as CSV, Parquet, JSON or Excel.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.report.page import html, write
from hedging.report.save import save

__all__ = ["html", "save", "write"]

_guarded(globals())
