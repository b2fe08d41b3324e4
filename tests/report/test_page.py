"""The page: whole in one file, the same each time, escaped, readable by whoever and wherever."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_chain
from cases.pages import BOOK, EPOCH, Page, number, raw
from cases.processes import in_a_process

import hedging as hg
from hedging import report, samples
from hedging._ground.cells import on_day
from hedging.planner import InfeasibleHedgeError
from hedging.planner.explain.liquidation import liquidations
from hedging.report import page as pages
from hedging.report.explorer import TINT
from hedging.report.given import _verdict
from hedging.report.trades import _proof as proof_of
from hedging.report.trades import limit_value
from hedging.report.words import day_name

LIMIT = 1_500_000  # bytes
SECTIONS = ["position", "plan", "costs", "payoff", "falls", "accounts", "certificate", "quotes", "reproduce"]
HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "--><svg onload=alert(1)>",
    "$x_y$ & {{ 7 * 7 }}",
    "A" * 200,
    "ビットコイン",
]


def test_it_has_every_section_and_stays_small(page: str) -> None:
    found = Page(page)
    assert [each.attributes["id"] for each in found.all("section")] == SECTIONS
    assert len(page.encode()) < LIMIT


def test_the_same_input_gives_the_same_bytes_but_for_the_line_of_time(
    page: str, chain: hg.OptionChain, plan: hg.HedgePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    assert report.html(BOOK, chain, plan) == page
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    other = report.html(BOOK, chain, plan).splitlines()
    differ = [pair for pair in zip(page.splitlines(), other, strict=True) if pair[0] != pair[1]]
    assert [line for line, _ in differ] == ['<p id="written">Written 2026-01-01 00:00:00 UTC</p>']
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert "Written 20" in report.html(BOOK, chain, plan)


@pytest.mark.slow  # two processes of their own
def test_two_processes_write_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    script = "import sys, hedging as hg; hg.report.write(sys.argv[1], hg.samples.book(), hg.samples.chain())"
    for name, seed in (("a.html", "1"), ("b.html", "2")):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done = in_a_process(script, str(tmp_path / name))
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_time_that_is_none_is_refused(chain: hg.OptionChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(hg.InputError, match="SOURCE_DATE_EPOCH must be whole seconds"):
        report.html(BOOK, chain)


def test_nothing_of_it_lies_elsewhere(page: str) -> None:
    found = Page(page)
    places = [
        element.attributes[name]
        for element in found.elements
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset")
        if name in element.attributes
    ]
    assert places
    assert all(place.startswith("#") for place in places)
    assert all(place.startswith("#") for place in re.findall(r"url\(([^)]*)\)", page))
    assert "@import" not in page
    assert not {"link", "iframe", "object", "embed", "img", "base"} & {each.tag for each in found.elements}
    (policy,) = [each for each in found.all("meta") if "http-equiv" in each.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_no_number_or_time_is_shown_as_the_machine_keeps_it(page: str, sample: hg.OptionChain) -> None:
    junk = replace(
        sample,
        rejected=pd.DataFrame(
            {
                "row": [3],
                "symbol": ["x"],
                "reason": ["crossed"],
                "detail": ["bid 0.0243347711 at 2026-01-02 08:00:00+00:00"],
            }
        ),
    )
    book = hg.Book(
        hg.Holding.perpetual("BTC", 10.0, 200_000 / 3).in_account("m"),
        accounts=[hg.book.DeclaredAccount("m", "standard", cash=1e6 / 7)],
    )
    other = report.html(book, junk)
    assert raw(page) + raw(other) == []
    assert "bid 0.024335 at 2026-01-02 08:00 UTC" in other


def test_links_lead_to_what_is_there_and_no_name_is_used_twice(page: str) -> None:
    found = Page(page)
    names = [each.attributes["id"] for each in found.elements if "id" in each.attributes]
    assert len(names) == len(set(names))
    targets = {
        each.attributes[kind]
        for each in found.elements
        for kind in ("href", "xlink:href")
        if kind in each.attributes
    }
    targets |= set(re.findall(r"url\((#[^)]*)\)", page))
    assert {target.removeprefix("#") for target in targets} <= set(names)


def test_headings_come_in_order_and_tables_and_pictures_say_what_they_are(page: str) -> None:
    found = Page(page)
    levels = [int(each.tag[1]) for each in found.elements if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in found.all("table"):
        assert table.all("caption")[0].text.strip()
        heads = table.all("th")
        assert heads
        assert all(head.attributes.get("scope") in ("col", "row") for head in heads)
    pictures = [each for each in found.elements if each.attributes.get("role") == "img"]
    assert len(pictures) >= 3
    for picture in pictures:
        said = picture.attributes.get("aria-label") or found.by_id(picture.attributes["aria-labelledby"]).text
        assert len(said) > 40
    for svg in found.all("svg"):
        assert svg.attributes.get("aria-hidden") == "true" or svg.attributes.get("role") == "img"
    labels = {each.attributes["for"] for each in found.all("label")}
    assert {each.attributes["id"] for each in found.all("input")} == labels == {"spot", "vol", "days"}
    assert found.all("html")[0].attributes["lang"] == "en"


def luminance(color: tuple[float, ...]) -> float:
    """WCAG 2, relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def rgb(text: str) -> tuple[float, ...]:
    return tuple(int(text[i : i + 2], 16) for i in (1, 3, 5))


def themes(page: str) -> list[dict[str, tuple[float, ...]]]:
    """Colours by day, by night and on paper."""
    blocks = re.findall(r":root \{(.*?)\}", page, re.S)
    return [
        {name: rgb(value) for name, value in re.findall(r"--([\w-]+): (#\w{6})", block)} for block in blocks
    ]


def test_text_stands_out_by_day_by_night_and_on_paper(page: str) -> None:
    found = themes(page)
    assert len(found) == 3
    for theme in found:
        for ground in ("page", "band"):
            for ink in ("text", "soft", "blue"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground, theme[ink])
        assert contrast(theme["warn"], theme["warn-page"]) >= 4.5
        assert contrast(theme["text"], theme["warn-page"]) >= 4.5
        for line in ("blue", "red", "green", "orange", "pink", "sky", "quiet"):  # of pictures
            assert contrast(theme[line], theme["page"]) >= 3.0
        for tint in ((0, 114, 178), (213, 94, 0)):
            cell = tuple(TINT * c + (1 - TINT) * p for c, p in zip(tint, theme["page"], strict=True))
            assert contrast(theme["text"], cell) >= 4.5


def test_a_gain_has_its_sign_so_that_no_colour_is_the_only_mark(page: str) -> None:
    cells = [cell for row in Page(page).table("Gain with the plan")[1:] for cell in row[2:]]
    assert len(cells) > 50
    assert all(cell[0] in "+−" or number(cell) == 0.0 for cell in cells)


def test_the_table_without_scripting_is_that_of_the_scenario_room(
    page: str, chain: hg.OptionChain, plan: hg.HedgePlan
) -> None:
    rows = Page(page).table("Gain with the plan")
    (table,) = [
        each for each in Page(page).all("table") if each.attributes.get("data-book") == "hedged"
    ]  # one table a book
    days = [float(each.attributes["data-day"]) for each in table.all("th") if "data-day" in each.attributes]
    moves = [
        float(each.attributes["data-move"]) for each in table.all("tr") if "data-move" in each.attributes
    ]
    expected = hg.scenario.table(BOOK, chain, plan, spot_moves=moves, days=days).to_numpy()
    shown = np.array([[number(cell) for cell in row[2:]] for row in rows[1:]])
    assert shown.shape == expected.shape
    assert shown == pytest.approx(expected, abs=0.00501)
    assert [number(row[1]) for row in rows[1:]] == pytest.approx([100.0 * (1.0 + move) for move in moves])


def test_the_plan_stands_there_with_its_limits_and_its_proof(page: str, plan: hg.HedgePlan) -> None:
    found = Page(page)
    orders = found.table("Orders")
    assert [row[2] for row in orders[1:]] == [leg.instrument.symbol for leg in plan.legs]
    assert [number(row[5]) for row in orders[1:]] == pytest.approx(
        [leg.quantity * leg.price for leg in plan.legs], abs=0.00501
    )
    limits = found.table("Every limit")
    assert [row[0] for row in limits[1:]] == [str(check.limit) for check in plan.checks]
    assert {row[4] for row in limits[1:]} == {"holds"}
    assert "no orders within the limits have one below" in found.by_id("plan").text
    assert plan.id in found.by_id("reproduce").text
    assert "spot from zero to +200" in found.by_id("certificate").text


def test_a_proof_says_one_share_of_one_thing(plan: hg.HedgePlan) -> None:
    dearer = replace(plan.cost, half_spread=1.5 * plan.cost.half_spread)
    optimum = replace(plan.alternatives[0], name="optimum", cost=plan.cost)
    plainer = replace(plan, cost=dearer, alternatives=(optimum,))
    for each, share in (
        (plan, f"{plan.gap:.3%}"),
        (plainer, f"{dearer.execution / plan.cost.execution - 1.0:.1%}"),
    ):
        assert [part.replace("\xa0", "") for part in re.findall(r"[\d.]+\s?%", proof_of(each))] == [share]


@pytest.fixture(scope="module")
def usual() -> Page:
    """The page of a book of another name."""
    return Page(report.html(BOOK, flat_chain()))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_text_whatever_it_says(name: str, usual: Page) -> None:
    book = hg.Book([hg.Holding.spot(name, 10.0, entry=90.0)])
    text = report.html(book, flat_chain(asset=name))
    found = Page(text)
    assert [each.tag for each in found.elements if each.tag in ("script", "img", "style")] == [
        each.tag for each in usual.elements if each.tag in ("script", "img", "style")
    ]
    assert found.all("h1")[0].text == f"Hedge report: {name}"
    assert not [each for each in found.elements if any(key.startswith("on") for key in each.attributes)]
    assert "49" not in found.all("h1")[0].text
    assert len(text) < LIMIT


def test_a_plan_that_is_only_the_closest_shows_the_clash(chain: hg.OptionChain) -> None:
    with pytest.raises(InfeasibleHedgeError) as caught:
        hg.plan(BOOK, chain, hg.Target(delta=(9.0, 9.5), floor=-0.05), hg.Limits(budget=0.001), horizon=20)
    closest = caught.value.closest
    assert closest is not None
    assert closest.clashes
    found = Page(report.html(BOOK, chain, closest))
    notices = " ".join(each.text for each in found.all("p") if each.attributes.get("class") == "notice")
    assert "Infeasible" in notices
    for clash in closest.clashes:
        assert clash in notices
    missed = [row for row in found.table("Every limit")[1:] if row[4].startswith("missed by")]
    assert [row[0] for row in missed] == [str(check.limit) for check in closest.checks if not check.ok]
    assert "Not certified" in found.by_id("certificate").text


def test_a_book_without_options_and_without_a_plan_has_a_page(chain: hg.OptionChain) -> None:
    found = Page(report.html(hg.Book([hg.Holding.spot("BTC", 2.0)]), chain))
    assert [each.attributes["id"] for each in found.all("section")] == SECTIONS
    assert "No plan was given" in found.by_id("plan").text
    row = next(row for row in found.table("Gain position alone") if row[0] == "−20 %")
    assert {number(cell) for cell in row[2:]} == {-40.0}


def test_a_plan_that_trades_nothing_has_a_page(chain: hg.OptionChain) -> None:
    plan = hg.plan(BOOK, chain, hg.Target(delta=(0, 1_000)), hg.Limits(max_legs=1))
    assert plan.legs == ()
    page = report.html(BOOK, chain, plan)
    assert "with the plan, end" in page


def test_a_coin_on_which_no_option_is_quoted_has_a_page() -> None:
    market = hg.Market.bare("DOGE", 0.12, "2026-01-15T08:00Z")
    found = Page(report.html(hg.Book([hg.Holding.spot("DOGE", 1e6)]), market))
    assert "No option on DOGE is quoted" in found.by_id("quotes").text


def test_what_is_counted_in_coin_says_so() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 10.0)], numeraire="BTC")
    found = Page(report.html(book, flat_chain()))
    assert "results are judged in BTC" in found.by_id("position").text
    assert "[BTC]" in found.all("caption")[4].text or "in BTC" in found.by_id("payoff").text


def test_several_assets_move_by_the_same_share_under_the_sliders() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 10.0), hg.Holding.spot("ETH", 100.0)])
    chains = [flat_chain(), flat_chain(asset="ETH", spot=10.0, strikes=(8.0, 10.0, 12.0))]
    found = Page(report.html(book, chains))
    row = next(row for row in found.table("Gain position alone") if row[0] == "−20 %")
    assert row[1] == "BTC 80.00, ETH 8.00"
    assert {number(cell) for cell in row[2:]} == {-400.0}


def test_accounts_are_followed_and_those_that_die_are_named() -> None:
    account = hg.book.DeclaredAccount("desk", "standard")
    held = [
        hg.Holding.spot("BTC", 2.0).in_account("desk"),
        hg.Holding.perpetual("BTC", 10.0, 100.0).in_account("desk"),
    ]
    book = hg.Book(held, accounts=[account])
    found = Page(report.html(book, flat_chain()))
    text = found.by_id("accounts").text
    assert "Liquidated" in text
    fall = hg.paths.fan(-0.02, -0.004, 21, multiples=(0.0, 1.0))
    died = hg.margin.survive_accounts(book, flat_chain(), fall)["desk"].first()[0][1]
    told = "liquidated in the fall, alone"
    assert _tiles(found)[told] == f"{day_name(flat_chain().as_of, died)}, account desk"
    tight = hg.Book([held[0], replace(held[1], quantity=400.0)], accounts=[account])
    assert _tiles(Page(report.html(tight, flat_chain())))[told] == "at once, account desk"
    assert told not in _tiles(Page(report.html(BOOK, samples.chain())))
    rows = found.table("Account desk")
    kept = hg.margin.survive_accounts(book, flat_chain(), hg.paths.replay("mar-2020").paths("BTC"))["desk"]
    assert not kept.survives[0]
    day, _ = kept.first()
    row = next(row for row in rows if row[0] == "12-13 March 2020")
    assert row[1].startswith(f"liquidated {on_day(kept.as_of, day[0])} with BTC at ")


def _tiles(found: Page) -> dict[str, str]:
    return dict(
        zip((each.text for each in found.all("dt")), (each.text for each in found.all("dd")), strict=True)
    )


LEVERED = (hg.Holding.spot("BTC", 2.0), hg.Holding.perpetual("BTC", 10.0, 100.0))


def _falls_of(book: hg.Book) -> list[dict[str, str]]:
    """Rows of both tables of falls by their titles."""
    found = Page(report.html(book, flat_chain()))
    tables = [found.table(name) for name in ("The fall", "Crashes that happened")]
    return [dict(zip(table[0], row, strict=True)) for table in tables for row in table[1:]]


def test_gains_along_a_fall_end_where_the_first_account_does() -> None:
    desk = [each.in_account("desk") for each in LEVERED]
    other = [hg.Holding.perpetual("BTC", 1.0, 100.0).in_account("other")]
    declared = [hg.book.DeclaredAccount(name, "standard", cash=20.0) for name in ("desk", "other")]
    book = hg.Book([*desk, *other], accounts=declared)
    rows = _falls_of(book)
    dead = [row for row in rows if "account" in row["liquidated, alone"]]
    assert len(dead) >= 4
    for row in dead:  # eleven coins' worth of loss is never more than what lies in the account that dies
        assert number(row["alone, last"]) >= -(2 * 100.0 + 20.0) * 1.2
        assert number(row["alone, worst"]) >= -(2 * 100.0 + 20.0) * 1.2
    fall = hg.paths.fan(-0.02, -0.004, 21, multiples=(0.0, 1.0, 2.0, 4.0))
    kept = hg.margin.survive_accounts(book, flat_chain(), fall)
    first = np.nanmin([each.first()[0] for each in kept.values()], axis=0)
    gains = hg.scenario.run(book, flat_chain(), fall).position
    for row, day, gain in zip(rows, first, gains, strict=False):
        assert row["liquidated, alone"].startswith(on_day(flat_chain().as_of, day))
        days = fall.days
        assert number(row["alone, last"]) == pytest.approx(np.interp(day, days, gain), abs=0.006)


@pytest.mark.parametrize("kind", ["perpetual", "future"])
def test_what_is_margined_without_an_account_is_followed_as_the_plan_does(kind: str) -> None:
    chain = flat_chain()
    held = {
        "perpetual": LEVERED[1],
        "future": hg.Holding.future("BTC", chain.as_of + pd.Timedelta(days=30), 10.0, 100.0),
    }
    book = hg.Book([LEVERED[0], held[kind]])
    plan = hg.plan(book, chain, hg.Target(delta=(0, 100)), hg.Limits(max_legs=1))
    assert plan.liquidations
    for found in (Page(report.html(book, chain)), Page(report.html(book, chain, plan))):
        text = found.by_id("accounts").text
        assert "Assumed" in text
        assert "Liquidated" in text
        assert "survives" in text or "liquidated" in text


def test_nothing_is_said_to_be_safe_that_was_not_followed() -> None:
    chain = flat_chain()
    sold = hg.Holding.option("BTC", "call", 110.0, chain.quotes["expiry"].max(), -2.0)
    for book in (hg.Book(LEVERED[0]), hg.Book(LEVERED[0], sold)):
        text = Page(report.html(book, chain)).by_id("accounts").text
        assert "no account is followed" in text
        assert "nothing can be" not in text


def test_quotes_from_before_the_plan_are_refused_as_an_audit_does(plan: hg.HedgePlan) -> None:
    then = flat_chain().as_of - pd.Timedelta(days=94)
    old = replace(flat_chain(), as_of=then)
    for judge in (lambda: report.html(BOOK, old, plan), lambda: hg.audit(plan, old)):
        with pytest.raises(hg.InputError, match=r"the chain is 94\.00 days older than the plan"):
            judge()


def test_chains_of_one_plan_may_be_minutes_apart() -> None:
    btc, eth = flat_chain(), flat_chain(asset="ETH")
    eth = replace(eth, as_of=eth.as_of - pd.Timedelta(minutes=2))
    book = hg.Book(hg.Holding.spot("BTC", 10.0), hg.Holding.spot("ETH", 10.0))
    plan = hg.plan(book, [btc, eth], hg.Target(delta=(0, 100)), hg.Limits(max_legs=1))
    assert hg.audit(plan, [btc, eth], restore=False).days == 0.0
    assert "Other quotes" not in report.html(book, [btc, eth], plan)


def test_rejected_rows_are_counted_and_listed() -> None:
    good = flat_chain().quotes[["flag", "strike", "expiry", "forward", "bid_quoted", "ask_quoted"]]
    table = good.rename(columns={"bid_quoted": "bid", "ask_quoted": "ask"})
    bad = table.iloc[[0] * 20].assign(strike=-1.0)
    chain = hg.OptionChain.from_frame(
        pd.concat([table, bad]),
        asset="BTC",
        as_of=flat_chain().as_of,
        units={"price": "coin", "vol": "decimal"},
        spot=100.0,
    )
    assert len(chain.rejected) == 20
    found = Page(report.html(BOOK, chain))
    listed = found.table("BTC: rejected rows")
    assert [row[0] for row in listed[1:3]] == [str(row) for row in chain.rejected["row"].iloc[:2]]
    assert "and 8 more rows" in found.by_id("quotes").text


def test_a_chain_of_another_asset_is_refused(chain: hg.OptionChain, plan: hg.HedgePlan) -> None:
    with pytest.raises(hg.InputError, match="the book holds BTC, but the chain is ETH"):
        report.html(BOOK, flat_chain(asset="ETH"), plan)
    with pytest.raises(hg.InputError, match="the plan trades BTC"):
        report.html(hg.Book([hg.Holding.spot("ETH", 1.0)]), flat_chain(asset="ETH"), plan)


def test_a_plan_writes_its_own_page_and_one_read_back_wants_quotes(
    page: str, chain: hg.OptionChain, plan: hg.HedgePlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    plan.report(tmp_path / "own.html")
    assert (tmp_path / "own.html").read_text(encoding="utf-8") == page
    plan.to_json(tmp_path / "plan.json")
    again = hg.read_plan(tmp_path / "plan.json")
    with pytest.raises(hg.InputError, match="pass the chain"):
        again.report(tmp_path / "read.html")
    again.report(tmp_path / "read.html", chain)
    assert (tmp_path / "read.html").read_text(encoding="utf-8") == page


def test_a_plan_of_other_quotes_is_said_to_be_one(chain: hg.OptionChain, plan: hg.HedgePlan) -> None:
    later = replace(chain, as_of=chain.as_of + np.timedelta64(1, "h"))
    assert "Other quotes" in Page(report.html(BOOK, later, plan)).by_id("plan").text


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (hg.Book(hg.Holding.spot("BTC", 11.0)), "BTC 10 when planned, 11 here"),
        (hg.Book(hg.Holding.spot("BTC", 10.0), cash=5.0), "cash 0 when planned, 5 here"),
        (
            hg.Book(hg.Holding.spot("BTC", 10.0), numeraire="BTC"),
            "counted in USD when planned; counted in BTC here",
        ),
        (
            hg.Book(hg.Holding.spot("BTC", 10.0), hg.Holding.perpetual("BTC", 1.0, 90.0)),
            "BTC-PERPETUAL 0 when planned, 1 here",
        ),
    ],
)
def test_no_page_tells_the_limits_of_one_book_beside_another(
    chain: hg.OptionChain, plan: hg.HedgePlan, other: hg.Book, differs: str
) -> None:
    with pytest.raises(hg.InputError, match=f"the plan belongs to another book: .*{differs}"):
        report.html(other, chain, plan)


def test_a_page_is_of_the_entry_and_settlement_that_were_planned_for(chain: hg.OptionChain) -> None:
    held = hg.Book(hg.Holding.spot("BTC", 10.0), hg.Holding.perpetual("BTC", 1.0, 90.0))
    made = hg.plan(held, chain, hg.Target(delta=(5.0, 8.0)))
    report.html(held, chain, made)
    for entry, settlement, differs in (
        (80.0, "coin", "times entry 90 when planned, 80 here"),
        (90.0, "cash", "settled in cash, quantity times entry 0 when planned, 90 here"),
    ):
        other = hg.Book(
            hg.Holding.spot("BTC", 10.0), hg.Holding.perpetual("BTC", 1.0, entry, settlement=settlement)
        )
        with pytest.raises(hg.InputError, match=differs):
            report.html(other, chain, made)


def test_a_page_is_of_the_accounts_that_were_planned_for(chain: hg.OptionChain) -> None:
    """Coins that lie elsewhere are liquidated elsewhere; an account for all of a book that declares none is no other book."""
    accounts = [hg.book.DeclaredAccount(name, "standard") for name in ("one", "two")]
    halves = [hg.Holding.spot("BTC", 5.0).in_account(name) for name in ("one", "two")]
    held = hg.Book(halves, accounts=accounts, orders="one")
    made = hg.plan(held, chain, hg.Target(delta=(5.0, 8.0)))
    report.html(held, chain, made)
    moved = hg.Book([halves[0], halves[1].in_account("one")], accounts=accounts, orders="one")
    with pytest.raises(
        hg.InputError, match="BTC in account one 5 when planned, 10 here; BTC in account two 5 when"
    ):
        report.html(moved, chain, made)
    report.html(BOOK.with_model("standard"), chain, hg.plan(BOOK, chain, hg.Target(delta=(5.0, 8.0))))


def test_the_rules_of_the_page_are_those_of_its_quotes(plan: hg.HedgePlan, tmp_path: Path) -> None:
    """The plan's vol was 60 %; the page's is 30 %, from which vol rises 2^2.5 times as far."""
    plan.to_json(tmp_path / "plan.json")
    read = hg.read_plan(tmp_path / "plan.json")
    text = Page(report.html(BOOK, flat_chain(vol=0.3, half_spread=0.01), read)).by_id("certificate").text
    assert f"{100 * hg.paths.BTC.vol_rise * 2**2.5:+.1f} points beyond" in text
    assert "30.0\xa0%" in text


def test_figures_of_an_older_plan_say_of_when_they_are_and_which_limits_hold_by_now(
    plan: hg.HedgePlan,
) -> None:
    """A day later spot has fallen by a quarter: the orders have gained since their fills, the position starts anew."""
    lower = flat_chain(spot=75.0, half_spread=0.01)
    later = replace(lower, as_of=lower.as_of + np.timedelta64(1, "D"))
    page = Page(report.html(BOOK, later, plan))
    whole = page.all("body")[0].text
    made, now = (f"{each.as_of:%Y-%m-%d %H:%M} UTC" for each in (flat_chain(), later))
    audited = hg.audit(plan, later, restore=False)
    missed = [str(check.limit) for check in audited.checks if not check.ok]
    assert missed, "the case is one in which a limit breaks"
    assert f"limits at the page's quotesmissed: {', '.join(missed)}" in whole
    assert f"worst, alone, at the quotes of {made}" in whole
    for name in ("Proof", "What binds", "Orders", "Other ways to the same target", "Time"):
        assert f"{name}, at the quotes of {made}" in whole, name
    assert f"at the quotes of {now}" in page.by_id("plan").text
    for section in ("costs", "payoff", "falls", "certificate"):
        text = page.by_id(section).text
        assert f"since {now}" in text, section
        assert made in text, section
    assert "gain since today" not in whole
    assert "Gains since today" not in whole


def test_an_older_plan_whose_limits_nobody_can_judge_says_why(chain: hg.OptionChain) -> None:
    grid = hg.paths.grid([-0.2, 0.0, 0.2], [0.0], [10.0])
    own = hg.plan(BOOK, chain, hg.Target(floor=-0.3), horizon=10, scenarios=grid)
    later = replace(chain, as_of=chain.as_of + np.timedelta64(1, "h"))
    text = Page(report.html(BOOK, later, own)).by_id("plan").text
    assert "is not known: the floor of this plan holds over scenarios of its own" in text


def test_digests_of_the_files_are_those_of_their_bytes(chain: hg.OptionChain, tmp_path: Path) -> None:
    from hashlib import sha256

    (tmp_path / "book.toml").write_bytes(b"held")
    found = Page(report.html(BOOK, chain, files={"book": tmp_path / "book.toml"}, command="hedging report x"))
    assert ["book", "book.toml", sha256(b"held").hexdigest()] in found.table("Inputs")
    assert "hedging report x" in found.by_id("reproduce").text
    assert str(tmp_path) not in found.by_id("reproduce").text
    with pytest.raises(hg.InputError, match=r"none\.toml cannot be read"):
        report.html(BOOK, chain, files={"book": tmp_path / "none.toml"})


def test_a_full_disk_leaves_the_old_page_and_nothing_else(
    chain: hg.OptionChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def full(self: Path, data: str, **_: object) -> int:
        with self.open("w") as stream:
            stream.write(data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(hg.InputError, match="No space left on device"):
        report.write(target, BOOK, chain)
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


FULL = """
import resource, signal, sys
import hedging as hg
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
text = hg.report.html(hg.samples.book(), hg.samples.chain())
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
hg.report.page.html = lambda *_, **__: text
try:
    hg.report.write(sys.argv[1], hg.samples.book(), hg.samples.chain())
except hg.InputError as error:
    print("refused:", error)
"""


@pytest.mark.slow  # a process of its own, whose files may not grow
def test_a_file_that_may_grow_no_further_is_not_left_half_written(tmp_path: Path) -> None:
    done = in_a_process(FULL, str(tmp_path / "report.html"))
    assert done.stdout.startswith("refused:"), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_known_before_the_work(
    chain: hg.OptionChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "html", lambda *_, **__: pytest.fail("worked first"))
    with pytest.raises(hg.InputError, match="cannot be written"):
        report.write(tmp_path / "missing" / "report.html", BOOK, chain)


@pytest.mark.slow  # the largest grid there is
def test_a_book_of_many_options_stays_small_too(sample: hg.OptionChain) -> None:
    held = [hg.Holding(sample.option(symbol), -1.25) for symbol in sample.quotes["symbol"].iloc[::9]]
    book = hg.Book([*BOOK.holdings, *held])
    plan = hg.plan(book, sample, hg.Target(delta=(4.0, 6.0)), horizon=30)
    text = report.html(book, sample, plan)
    assert len(held) > 50
    assert 900_000 < len(text.encode()) < LIMIT


def test_a_book_of_many_assets_has_one_delta_in_money() -> None:
    names = ["A", "B", "C", "D", "E"]
    markets = [hg.Market.bare(name, 1.0, "2026-01-15T08:00Z") for name in names]
    found = Page(report.html(hg.Book([hg.Holding.spot(name, 10.0) for name in names]), markets))
    row = next(row for row in found.table("Gain and Greeks") if row[0] == "delta in money")
    assert row[1:] == ["50", "USD"]


def test_page_and_plan_are_of_one_version(page: str, plan: hg.HedgePlan) -> None:
    row = next(row for row in Page(page).table("Versions") if row[0] == "hedging")
    assert row == ["hedging", hg.__version__, hg.__version__]
    assert plan.inputs["versions"]["hedging"] == hg.__version__


def test_a_page_has_one_minus_sign_and_no_miss_reads_as_none(
    chain: hg.OptionChain, plan: hg.HedgePlan
) -> None:
    text = report.html(BOOK, chain, plan)
    found = Page(text)
    texts = found.all("p") + found.all("li") + found.all("th") + found.all("td") + found.all("text")
    told = [each.text for each in texts]
    mixed = [each for each in told if re.search(r"(^|[\s(])-\.?\d", each)]
    assert mixed == []
    ticks = {each.text for each in found.all("text")}  # which no line ends within
    assert [each for each in told if re.search(r"\d ?%(?!\w)", each) and each not in ticks] == []
    assert any("−2\xa0%/day" in each for each in told)
    check = hg.planner.Check(hg.planner.Limit("floor"), -0.30002, low=-0.3)
    assert limit_value(check, check.miss) == "0.002\xa0%"
    assert limit_value(check, 0.0) == "0.00\xa0%"


def test_a_later_page_takes_liquidation_from_its_own_spot() -> None:
    chain = flat_chain(half_spread=0.01)
    held = hg.Book(hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 10.0, 100.0), cash=400.0)
    made = hg.plan(held, chain, hg.Target(delta=(8.0, 9.0)))
    assert made.liquidations
    lower = flat_chain(spot=98.0, half_spread=0.01)
    later = replace(lower, as_of=lower.as_of + np.timedelta64(1, "D"))
    whole = Page(report.html(held, later, made)).all("body")[0].text
    found, _ = liquidations(held, [hg.Market.of(later)], made.legs)
    assert found[0].spot == 98.0
    assert f"Liquidation, at the quotes of {later.as_of:%Y-%m-%d %H:%M} UTC" in whole
    price = next(price for price in found[0].before if price is not None)
    assert f"({100.0 * (price / 98.0 - 1.0):+.1f}\xa0%)".replace("-", "−") in whole


def test_a_screen_knows_what_it_is_against() -> None:
    found = {"benchmark": "BTC", "verdicts": []}
    assert _verdict(found, "BTC", None) == "BTC is what it is against"
    assert _verdict(found, "SOL", None) == "SOL is not in it"
