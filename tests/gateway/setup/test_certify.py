"""Running hosts against what the matrix says: confirmed, stale, of another version, not here; nothing else passes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.setup.host_cli import host as command
from gateway.setup.hosts import certify
from gateway.setup.hosts.ask import version_of
from gateway.setup.hosts.certify import Result, look_at
from gateway.setup.hosts.matrix import Certified, certified, tier_of
from gateway.setup.hosts.table import BY_ID, HOSTS, Tier

CLAUDE = Certified("claude-code", "2.1.197", Tier.RAN, "2026-11-30")
HONEST = """#!/bin/sh
if [ "$1" = --version ]; then echo "2.1.197 (Claude Code)"; exit 0; fi
program=$(sed -n 's/.*"command": *"\\([^"]*\\)".*/\\1/p' "$HOME/.claude.json")
if [ -x "$program" ]; then echo "gonogo: $program - Connected"; else echo "gonogo: $program - Failed to connect"; fi
"""


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """Run one host, which is this script, against what is certified."""
    monkeypatch.setattr(certify, "_SEEN_TRIES", 1)
    monkeypatch.setattr(certify, "_DEAD_TRIES", 1)
    programs = tmp_path / "bin"
    programs.mkdir()
    alive = programs / "gonogo"
    alive.write_text("#!/bin/sh\n")
    alive.chmod(0o700)

    def run(script, known=CLAUDE):
        if script:
            path = programs / BY_ID[known.host].asking.argv[0]
            path.write_text(script)
            path.chmod(0o700)
        return look_at(known, tmp_path / known.host, str(alive), {"PATH": f"{programs}:/usr/bin:/bin"})

    return run


def test_a_host_that_sees_what_lives_and_not_what_is_dead_is_confirmed(looked):
    """At the certified version, in a home of its own."""
    found = looked(HONEST)
    assert (found.result, found.found, found.detail) == (Result.CONFIRMED, "2.1.197", "ran as certified")


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (HONEST.replace("Failed to connect", "Connected"), "a server that is dead is seen, not not seen"),
        (HONEST.replace("- Connected", "- Failed to connect"), "a server that lives is not seen, not seen"),
    ],
)
def test_a_host_that_behaves_otherwise_is_stale(looked, script, detail):
    """It connects to everything, or to nothing any more."""
    found = looked(script)
    assert (found.result, detail in found.detail) == (Result.STALE, True), found.detail


def test_a_host_of_another_version_or_none_confirms_nothing(looked):
    """A newer release, one that prints no version, and a host that is not installed."""
    assert looked("").result is Result.NOT_RUN


def test_a_newer_host_is_another_version(looked):
    """What was certified says nothing about it, and its version is named."""
    found = looked(HONEST.replace("2.1.197", "2.1.1970"))
    assert (found.result, found.found) == (Result.OTHER_VERSION, "2.1.1970")


def test_a_host_that_prints_no_version_was_not_run(looked):
    """Which one it is cannot be known."""
    assert looked(HONEST.replace("2.1.197", "latest")).result is Result.NOT_RUN


def test_the_matrix_is_run_with_the_exit_code_of_what_was_seen(tmp_path, monkeypatch):
    """No host is installed: 3, each host named, and those whose format is followed have nothing to run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(command, ["matrix", "--run", "--format", "json"])
    rows = {row["host"]: row["result"] for row in json.loads(done.output)}
    assert done.exit_code == 3
    assert rows == {host.id: "written" if host.tier is Tier.WRITTEN else "not_run" for host in HOSTS}
    assert CliRunner().invoke(command, ["matrix", "--run", "--format", "md"]).exit_code == 2
    monkeypatch.setattr(certify, "look_at", lambda known, *_: certify.Looked(known.host, "1", known.tier, "1", Result.STALE, "x"))
    text = CliRunner().invoke(command, ["matrix", "--run"])
    assert (text.exit_code, "stale" in text.output) == (1, True)


def test_a_version_that_nobody_certified_has_no_tier(tmp_path):
    """A tier is that of one version; a host whose format alone is followed has none to compare."""
    known = certified()["codex"]
    assert tier_of(BY_ID["codex"], known.version) == "read"
    assert {tier_of(BY_ID["codex"], version) for version in (None, "9.9.9")} == {"unknown"}
    assert tier_of(BY_ID["cursor"], None) == "written"
    assert version_of(BY_ID["cursor"], {"PATH": str(tmp_path)}, Path(tmp_path)) is None
