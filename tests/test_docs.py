"""The pages in `docs/` do what they say: every example runs, every link leads somewhere, every picture is current."""

from __future__ import annotations

import doctest
import importlib
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = ("_build", "notebooks")  # by Sphinx, or copied from elsewhere
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in MADE)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the sdist leaves the site out")


def fences(path: Path, *kinds: str) -> list[tuple[str, int, str]]:
    """Kind, line and content of the code fences of a page."""
    text = path.read_text(encoding="utf-8")
    return [
        (found.group(1), text.count("\n", 0, found.start()) + 2, found.group(2))
        for found in FENCE.finditer(text)
        if found.group(1) in kinds
    ]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def holding(*kinds: str) -> list[Path]:
    return [path for path in PAGES if fences(path, *kinds)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages speak of: made, small, the same every time."""
    folder = tmp_path_factory.mktemp("files")
    chain = hg.samples.chain()
    hg.venues.write_chain(chain, folder / "chain.csv")
    hg.venues.write_chain(hg.samples.chain(seed=8), folder / "newer.csv")
    (folder / "book.toml").write_text(
        '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n', encoding="utf-8"
    )
    random = np.random.default_rng(1)
    days = pd.date_range("2025-08-14", periods=200, freq="D", tz="UTC")
    market = random.normal(0.0, 0.03, (len(days), 1))
    moves = market * np.linspace(0.8, 1.6, 7) + random.normal(0.0, 0.02, (len(days), 7))
    coins = ["BTC", "ETH", "SOL", "AVAX", "DOGE", "XRP", "ADA"]
    prices = pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index=days, columns=coins)
    prices.rename_axis("time").to_csv(folder / "prices.csv")
    return folder


@pytest.fixture
def here(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of one page, with the files in it."""
    for path in files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow  # one page plans, simulates or replays for some seconds
@pytest.mark.parametrize("path", holding("python", "pycon"), ids=named)
def test_the_examples_of_a_page_run(path: Path, here: Path) -> None:
    """From top to bottom in one namespace; what a `pycon` fence shows is what comes."""
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for kind, line, code in fences(path, "python", "pycon"):
        if kind == "python":
            # Lines are those of the page, so that a traceback leads there.
            exec(compile("\n" * (line - 1) + code, str(path), "exec"), names)
        else:
            test = doctest.DocTestParser().get_doctest(code, names, path.name, str(path), line - 1)
            runner.run(test, clear_globs=False)
            names.update(test.globs)
    assert runner.summarize(verbose=False).failed == 0


def commands(path: Path) -> Iterator[str]:
    for _, _, code in fences(path, "bash"):
        for line in code.replace("\\\n", " ").splitlines():
            if line.startswith("hedging "):
                yield line


@pytest.mark.slow  # as above
@pytest.mark.parametrize("path", holding("bash"), ids=named)
def test_the_commands_of_a_page_run(path: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order, each with the files that those before it wrote."""
    for line in commands(path):
        if "fetch" in line:  # asks an exchange
            continue
        code = main(shlex.split(line, comments=True)[1:])
        assert code == 0, (line, capsys.readouterr().err)


@pytest.mark.parametrize("path", [ROOT / "README.md", *holding("toml")], ids=named)
def test_the_books_of_a_page_are_books(path: Path) -> None:
    """Those that stand whole; a piece of one begins with an ellipsis."""
    for _, _, text in fences(path, "toml"):
        if not text.startswith("# ..."):
            assert hg.book.book_from_dict(tomllib.loads(text)).holdings


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=named)
def test_links_lead_to_files_and_headings(path: Path) -> None:
    """Links within the repository; nothing on a network is asked."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        there = (path.parent / name) if name else path
        if there.parts[-2:-1] == ("notebooks",) and not there.exists():
            there = ROOT / "notebooks" / there.name  # where Sphinx takes it from
        if there.parent == DOCS / "api" and there.suffix == ".rst":
            assert importlib.import_module(f"hedging.{there.stem}")  # which Sphinx writes its page from
            continue
        assert there.exists(), target
        if heading:
            assert heading in anchors(there), target


def anchors(path: Path) -> set[str]:
    """Headings as links write them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_reached_from_the_first() -> None:
    """By the lists of pages, which is how the site is read."""
    reached, open_ = set(), [DOCS / "index.md"]
    while open_:
        page = open_.pop()
        reached.add(page)
        listed = re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
        for line in "\n".join(listed).splitlines():
            there = (page.parent / f"{line.strip()}.md").resolve()
            if line.strip() and not line.startswith(":") and there.exists() and there not in reached:
                open_.append(there)
    assert set(PAGES) == reached


def test_every_room_has_a_page() -> None:
    rooms = runpy.run_path(str(DOCS / "_ext" / "rooms.py"))["ROOMS"]
    assert listed_rooms() == list(rooms)
    modules = {name for name in hg.__all__ if isinstance(getattr(hg, name), ModuleType)}
    assert {name for name in modules if getattr(hg, name).__name__ == f"hedging.{name}"} <= set(rooms)


def test_every_cell_of_the_comparison_has_its_line() -> None:
    """By row and column; and the README shows the same table."""
    page, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/compared.md", "README.md"))
    table, lines = page.split("## The lines")
    rows = re.findall(r"^\| ([A-Z])\. .*\|$", table, re.M)
    assert len(rows) > 8
    cells = {f"{row}{column}" for row in rows for column in range(1, 7)}
    assert set(re.findall(r"\b([A-Z][1-6])\b", lines)) == cells
    for row in re.findall(r"^\|.*\|$", table, re.M):
        assert row in readme


def listed_rooms() -> list[str]:
    page = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    listed = re.search(r"```\{toctree\}\n(.*?)```", page, re.S)
    assert listed
    return [line for line in listed.group(1).split() if re.fullmatch(r"[a-z_.]+", line) and ":" not in line]


@pytest.mark.slow  # makes a plan and draws it
def test_the_picture_shows_the_plan_of_the_readme(tmp_path: Path) -> None:
    """Pixels depend on the fonts there are; the orders that are drawn do not."""
    image = pytest.importorskip("PIL.Image")
    pictures = runpy.run_path(str(DOCS / "pictures.py"))
    pictures["draw"](tmp_path)
    committed, drawn = (image.open(folder / "plan.png") for folder in (DOCS / "_static", tmp_path))
    assert committed.text["Description"] == drawn.text["Description"]
    assert committed.size == drawn.size
    assert (DOCS / "_static" / "plan.png").stat().st_size < 150_000


def test_the_citation_is_of_this_version() -> None:
    text = (DOCS / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {hg.__version__}\n" in text
    assert "cff-version: 1.2.0" in text
