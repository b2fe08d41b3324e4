"""A plan on a small chain, and the page of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cases.markets import flat_chain
from cases.pages import BOOK, EPOCH

import hedging as hg
from hedging import report
from hedging.report.subject import Subject


@pytest.fixture(scope="package")
def chain() -> hg.OptionChain:
    return flat_chain(half_spread=0.01)


@pytest.fixture(scope="package")
def plan(chain: hg.OptionChain) -> hg.HedgePlan:
    return hg.plan(BOOK, chain, hg.Target(delta=(4.0, 6.0), floor=-0.3), horizon=20)


@pytest.fixture(scope="package")
def subject(chain: hg.OptionChain, plan: hg.HedgePlan) -> Subject:
    return Subject.of(BOOK, chain, plan)


@pytest.fixture(scope="package")
def page(chain: hg.OptionChain, plan: hg.HedgePlan) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        yield report.html(BOOK, chain, plan)
