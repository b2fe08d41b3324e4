"""The import stays light."""

from __future__ import annotations

import subprocess
import sys


def loaded(code: str, *names: str) -> list[str]:
    """Which of some libraries a fresh process has loaded after some code."""
    probe = f"import sys; {code}; print(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_import_leaves_heavy_libraries_alone() -> None:
    heavy = ("scipy.stats", "scipy.optimize", "matplotlib", "numba", "vollib", "py_vollib", "requests")
    code = "import hedging; hedging.greeks.price('c', 100, [90, 110], 0.5, 0.0, 0.6)"
    assert loaded(code, *heavy, "pydantic", "jinja2") == []


def test_import_alone_loads_no_numbers_library() -> None:
    assert loaded("import hedging", "numpy", "pandas", "scipy") == []
