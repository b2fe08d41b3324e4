"""Strategies by name, with settings in text."""

from __future__ import annotations

import pytest

from hedging.backtest import STRATEGIES, banded, named
from hedging.errors import InputError


def test_a_banded_hedge_takes_its_settings_in_text() -> None:
    _, found = named(["banded"], {"target": "5", "band": "0.5", "to": "edge"})
    assert found["banded"] == banded(5.0, 0.5, to="edge", name="banded")


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_unknown_setting_is_refused_whatever_the_strategy(name: str) -> None:
    with pytest.raises(InputError, match="no such setting: delat; there are"):
        named([name], {"delat": "0.3", **({"target": "5"} if name == "banded" else {})})
