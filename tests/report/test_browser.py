"""The page in a real browser: sliders in the address move the numbers to those of a revaluation, and nothing else happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases.browsers import browser, shown
from cases.markets import flat_chain
from cases.pages import Element, Page, number

import hedging as hg
from hedging import report
from hedging.report.grid import Grid, grid_of
from hedging.report.subject import Subject

pytestmark = pytest.mark.slow  # each starts a browser


@pytest.fixture(scope="module", autouse=True)
def _a_browser() -> None:
    browser()  # or skip


@pytest.fixture(scope="module")
def file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def grid(subject: Subject) -> Grid:
    return grid_of(subject)


def readings(dom: str) -> dict[str, float]:
    """Numbers where the sliders stand, by their key."""
    return {
        each.attributes["data-key"]: float(each.attributes["data-value"])
        for each in Page(dom).all("td")
        if "data-key" in each.attributes
    }


def revalued(subject: Subject, spot: float, vol: float, day: float) -> tuple[float, float]:
    found = hg.scenario.run(subject.book, subject.markets, hg.grid([spot], [vol], [day]), subject.plan)
    return float(found.position[0, 0]), float(found.total[0, 0])


@pytest.mark.parametrize(("spot", "vol", "day"), [(-0.2, 0.1, 7.0), (-0.9, 0.4, 0.0), (1.0, -0.2, 20.0)])
def test_at_a_node_the_numbers_are_those_of_a_revaluation(
    file: Path, subject: Subject, grid: Grid, spot: float, vol: float, day: float
) -> None:
    found = shown(file, f"#spot={spot}&vol={vol}&days={day:g}")
    assert found.console == []
    assert found.requests == []
    numbers = readings(found.dom)
    alone, hedged = revalued(subject, spot, vol, day)
    assert numbers["position"] == pytest.approx(alone, abs=0.00501)
    assert numbers["hedged"] == pytest.approx(hedged, abs=0.00501)
    nodes = (grid.axes.moves, grid.axes.vols, grid.axes.days)
    at = tuple(int(abs(each - x).argmin()) for each, x in zip(nodes, (spot, vol, day), strict=True))
    for key in ("delta BTC hedged", "gamma BTC hedged", "vega hedged", "theta hedged"):
        assert numbers[key] == pytest.approx(grid.values[key][at], rel=1e-6, abs=1e-9)


def test_between_nodes_they_are_as_close_as_the_page_says(file: Path, subject: Subject, grid: Grid) -> None:
    spot, vol, day = -0.1875, 0.03, 9.3
    numbers = readings(shown(file, f"#spot={spot}&vol={vol}&days={day}").dom)
    _, hedged = revalued(subject, spot, vol, day)
    assert 0.0 < abs(numbers["hedged"] - hedged) <= grid.largest["hedged"]


def test_table_and_curve_move_with_the_vol(file: Path, subject: Subject, page: str) -> None:
    dom = shown(file, "#vol=0.2&spot=-0.3&days=20").dom
    row = next(row for row in Page(dom).table("Gain with the plan")[1:] if row[0] == "−30 %")
    (table,) = [each for each in Page(page).all("table") if each.attributes.get("data-book") == "hedged"]
    days = [float(each.attributes["data-day"]) for each in table.all("th") if "data-day" in each.attributes]
    expected = [revalued(subject, -0.3, 0.2, day)[1] for day in days]
    assert [number(cell) for cell in row[2:]] == pytest.approx(expected, abs=0.00501)
    marked = [each.text for each in Page(dom).all("td") if "near" in each.attributes.get("class", "")]
    assert row[2 + days.index(20.0)] in marked
    assert "vol +20.0 points" in Page(dom).text_of_captions()
    before, after = ([points(line) for line in Page(text).all("polyline")] for text in (page, dom))
    assert after[0] == pytest.approx(before[0], abs=0.11)  # coins alone know no vol
    assert max(abs(a - b) for a, b in zip(after[1], before[1], strict=True)) > 1.0


def points(line: Element) -> list[float]:
    return [float(each) for pair in line.attributes["points"].split() for each in pair.split(",")]


@pytest.mark.parametrize("fragment", ["", "#", "#explore", "#spot=&vol=x&days=NaN", "#spot=Infinity"])
def test_an_address_that_says_nothing_is_today(file: Path, subject: Subject, fragment: str) -> None:
    found = shown(file, fragment)
    assert found.console == []
    assert readings(found.dom)["hedged"] == pytest.approx(revalued(subject, 0.0, 0.0, 0.0)[1], abs=0.00501)


def test_an_address_beyond_the_sliders_stops_at_their_ends(file: Path, subject: Subject, grid: Grid) -> None:
    numbers = readings(shown(file, "#spot=-5&vol=9&days=1e9").dom)
    ends = float(grid.axes.moves[0]), float(grid.axes.vols[-1]), float(grid.axes.days[-1])
    assert numbers["hedged"] == pytest.approx(revalued(subject, *ends)[1], abs=0.00501)


MOVING = """
<script>
addEventListener("load", () => {
  location.hash = "#plan";
  const slider = document.getElementById("spot");
  slider.value = "-0.3";
  slider.dispatchEvent(new Event("input"));
  document.getElementById("vol").dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  const said = document.createElement("p");
  said.id = "said";
  said.textContent = location.hash;
  document.body.append(said);
});
</script>
"""


def test_a_slider_that_is_moved_writes_the_address_by_hand_and_by_key(
    page: str, subject: Subject, tmp_path: Path
) -> None:
    (tmp_path / "moving.html").write_text(page.replace("</body>", f"{MOVING}</body>"), encoding="utf-8")
    found = shown(tmp_path / "moving.html", "#days=20")
    assert found.console == []
    assert Page(found.dom).by_id("said").text == "#spot=-0.3&vol=0.01&days=20"
    assert readings(found.dom)["position"] == pytest.approx(
        revalued(subject, -0.3, 0.01, 20.0)[0], abs=0.00501
    )


def test_without_scripting_all_but_the_sliders_is_there(page: str, tmp_path: Path) -> None:
    still = page.replace("script-src 'unsafe-inline'", "script-src 'none'")  # as a mail reader has it
    assert still != page
    (tmp_path / "still.html").write_text(still, encoding="utf-8")
    dom = shown(tmp_path / "still.html", "#spot=-0.2").dom
    assert "hidden" in Page(dom).by_id("sliders").attributes
    assert Page(dom).table("Gain with the plan") == Page(page).table("Gain with the plan")
    assert "The sliders need scripting" in dom


def test_a_table_wider_than_the_page_says_that_it_scrolls(file: Path) -> None:
    def marked(width: int) -> set[str]:
        size = f"--window-size={width},900"
        boxes = [
            each
            for each in Page(shown(file, "", size).dom).all("div")
            if each.attributes.get("class") == "scroll"
        ]
        assert all(
            each.attributes.get("tabindex") == "0" for each in boxes
        )  # arrow keys scroll what has the focus
        return {each.attributes["aria-label"] for each in boxes if "data-wide" in each.attributes}

    assert any(name.startswith("Gain with the plan") for name in marked(390))
    assert marked(1280) == set()


@pytest.mark.parametrize(
    "name", ["<script>document.title='owned'</script>", "</script><script>document.title='owned'</script>"]
)
def test_a_name_made_of_markup_does_nothing(name: str, tmp_path: Path) -> None:
    book = hg.Book([hg.Holding.spot(name, 10.0)])
    (tmp_path / "name.html").write_text(report.html(book, flat_chain(asset=name)), encoding="utf-8")
    found = shown(tmp_path / "name.html", "#spot=-0.2")
    assert found.console == []
    assert Page(found.dom).all("title")[0].text == f"Hedge report: {name}"
    assert readings(found.dom)["position"] == pytest.approx(-200.0)


def test_a_request_and_an_error_would_have_been_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        '<img src="http://127.0.0.1:9/x.png"><script>undefinedName()</script>', encoding="utf-8"
    )
    found = shown(tmp_path / "bad.html")
    assert any("127.0.0.1:9" in each for each in found.requests)
    assert any("undefinedName" in line for line in found.console)
