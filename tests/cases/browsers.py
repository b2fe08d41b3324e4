"""A real browser without a window, where one is installed: what a page looks like to it once its script has run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
QUIET += [
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
]  # whatever it wants for itself, it finds nobody
OWN = "not an origin"  # who asks when no page does


@dataclass(frozen=True)
class Shown:
    """A page after its script: its elements as text, the console, and all that was asked for."""

    dom: str
    console: list[str]
    requests: list[str]


def browser() -> str:
    """The command of a Chromium: that in the environment variable CHROMIUM, or one on the path; else skip."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and CHROMIUM names none")
    return found


def shown(page: Path, fragment: str = "", *options: str) -> Shown:
    """Open a page at a fragment and return what it became."""
    log = page.with_suffix(".net.json")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # as root it has none
    command = [browser(), "--headless", *root, "--disable-gpu", "--enable-logging=stderr", *QUIET, *options]
    profile = f"--user-data-dir={page.with_suffix('.profile')}"
    done = subprocess.run(
        [*command, profile, f"--log-net-log={log}", "--dump-dom", f"{page.as_uri()}{fragment}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Shown(done.stdout, console, _requests(log))


def _requests(log: Path) -> list[str]:
    """Addresses that the browser asked for on behalf of a page."""
    try:
        events = json.loads(log.read_text(encoding="utf-8"))["events"]
    except json.JSONDecodeError:  # the browser left before it closed the list
        text = log.read_text(encoding="utf-8")
        events = json.loads(text[: text.rindex("\n")].rstrip().rstrip(",") + "]}")["events"]
    asked = (event.get("params") or {} for event in events)
    return [params["url"] for params in asked if params.get("initiator", OWN) != OWN and "url" in params]
