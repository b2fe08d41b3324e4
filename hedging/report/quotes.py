"""How far the quotes can be trusted: what was kept, rejected and missing, and which contradict each other."""

from __future__ import annotations

from hedging._ground.counts import number_of
from hedging.market import ChainHealth, OptionChain, check_venue
from hedging.report.blocks import Block, Column, Columns, Notice, Section, Table, Text, tabled
from hedging.report.subject import Subject
from hedging.report.words import amount, exact, per_cent, read, stamp

__all__ = ["quotes"]


def quotes(subject: Subject) -> Section:
    """The section."""
    blocks = [
        block
        for market in subject.markets
        for chain in market.chain.by_venue()
        for block in _chain(chain, bare=market.is_bare)
    ]
    return Section("quotes", "Chain: health, and what was rejected", tuple(blocks))


def _chain(chain: OptionChain, *, bare: bool) -> list[Block]:
    if bare:
        return [Text(f"No option on {chain.asset} is quoted: it is priced by its spot alone.")]
    health, rejected = check_venue(chain), chain.rejected
    missing = ", ".join(f"{name} {per_cent(float(share))}" for name, share in health.missing.items())
    said = (
        f"{chain.asset} at {stamp(chain.as_of)}, {chain.source or 'no file'}: {amount(health.kept)} quotes kept, "
        f"{amount(len(rejected))} rejected, {number_of(len(health.forwards), 'expiry')}. Missing among those kept: {missing}."
    )
    blocks: list[Block] = [Text(said)]
    if (stale := int(health.forwards["stale"].sum())) > 0:
        blocks.append(
            Notice(
                "Stale", f"{number_of(stale, 'expiry')} with a forward outside what put-call parity allows."
            )
        )
    blocks.append(_forwards(health))
    if len(health.violations):
        blocks.append(_violations(health, chain.terms.currency))
    if len(rejected):
        reasons = [(str(reason), amount(float(count))) for reason, count in health.rejected.items()]
        blocks.append(
            tabled(f"{chain.asset}: rejected, by reason", [Column("reason", False), "rows"], reasons)
        )
        rows = [
            (str(row["row"]), str(row["symbol"]), str(row["reason"]), read(row["detail"]))
            for _, row in rejected.head(200).iterrows()
        ]
        heads = [Column(name, False) for name in ("row", "symbol", "reason", "detail")]
        table = tabled(f"{chain.asset}: rejected rows, counted from 0", heads, rows)
        blocks.append(Table(table.caption, table.columns, table.rows, len(rejected) - len(table.rows)))
    return blocks


def _forwards(health: ChainHealth) -> Table:
    after = 2 if float(health.forwards["forward"].median()) >= 100.0 else 6
    rows = [
        (
            f"{expiry:%Y-%m-%d}",
            amount(float(row["forward"]), after),
            amount(float(row["parity"]), after),
            str(int(row["pairs"])),
            "outside" if row["stale"] else "inside",
        )
        for expiry, row in health.forwards.iterrows()
    ]
    columns: Columns = [
        Column("expiry", False),
        "forward",
        "by put-call parity",
        "pairs",
        Column("verdict", False),
    ]
    return tabled("Forwards by expiry", columns, rows, most=20)


def _violations(health: ChainHealth, currency: str) -> Table:
    worst = health.violations.sort_values("amount", ascending=False, kind="stable")
    rows = [
        (str(row["rule"]), str(row["symbols"]), exact(float(row["amount"]))) for _, row in worst.iterrows()
    ]
    columns: Columns = [Column("rule broken", False), Column("quotes", False), f"by [{currency}]"]
    return tabled(
        "Quotes that contradict each other beyond bid and ask: nothing should be built on them", columns, rows
    )
