"""Scripts by which shells complete the command: they load, and they know every command and option."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from hedging.cli import main as cli

NAMES = ("plan", "frontier", "scenario", "book", "delta", "floor", "chain", "budget", "survive")


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    if shell != "fish":
        pytest.importorskip("shtab")
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_names_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    assert all(name in text for name in NAMES)
    assert "%%" not in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_that_is_here_takes_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    text = script(shell, capsys)
    done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    ask = (
        "\nCOMP_WORDS=(hedging plan --bud); COMP_CWORD=2; "
        "_shtab_hedging 2>/dev/null; printf '%s ' \"${COMPREPLY[@]}\""
    )
    text = script("bash", capsys) + ask
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
    assert "--budget" in done.stdout.split(), done
