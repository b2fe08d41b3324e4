"""Every notebook runs from top to bottom on the embedded sample."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.slow  # a kernel each, which imports everything
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the kernel's own machinery
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(path.parents[1]))  # the kernel runs this checkout, installed or not
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(cell.execution_count for cell in cells)
    assert not list(tmp_path.iterdir())  # nothing is left behind


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_has_a_text_before_it_and_names_only_what_is_public(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for place, cell in enumerate(cells):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert cells[place - 1]["cell_type"] == "markdown", source
            assert not re.search(r"\b(?:hg|hedging)[\w.]*\._|import _|from hedging\S*\._", source), source
            assert not cell["outputs"]
    opening = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    # Real files by changing one path, or as the first text says.
    assert "_file = None" in opening or "(path)" in "".join(cells[0]["source"])


def test_there_are_notebooks_and_they_hold_no_machine_marks() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert "/home/" not in text
        assert "/work/" not in text
        assert '"execution_count": 1' not in text, f"{path.name}: strip the outputs' counts"
