"""Sphinx: pages in MyST, the API from docstrings, the notebooks as they are. Nothing is fetched."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "_ext"), str(ROOT)]

import hedging  # noqa: E402

project = "hedging"
author = "The hedging developers"
copyright = "2026, the hedging developers"  # noqa: A001 - the name that Sphinx reads
version = release = hedging.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "mathml",  # our own: formulas without a script from elsewhere
    "rooms",  # our own: a page for each room, from what its `__all__` lists
]
exclude_patterns = ["_build", "_ext", "README.md"]
templates_path = ["_templates"]

# `name` in a docstring becomes a link where it is one of ours, and stays emphasis where it is not.
default_role = "autolink"
autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"  # signatures are shown; numpydoc's sections say shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # autodoc lists them, once
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_title = "hedging"
html_css_files = ["site.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc", "sourcelink"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars: dict[str, list[str]] = {"index": []}
html_math_renderer = "mathml"


def _copy_notebooks() -> None:
    """Sphinx reads only below its own folder; the notebooks live beside the package."""
    there = HERE / "notebooks"
    there.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        copy = there / path.name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)


_copy_notebooks()
