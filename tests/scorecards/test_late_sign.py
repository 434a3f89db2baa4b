"""`gonogo scorecard late-sign`: two people make a past week's scorecard its verdict, or nobody signs anything."""

import json
import re
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from signing import document, first, put_signers

from gates.acts.act import ActKind
from gates.acts.store import load_acts
from gates.evidence.keys import load_signer
from gates.schema.entry import run
from gates.schema.time import fixed_clock, parse_utc
from gates.signers.store import load_signers
from scorecards.cli import gonogo as command

BUILD = "5f" * 32
BY = ("--reason", "the runner was away")
BOTH = ("--as", "ada", "--as", "grace")
DUE = "2026-11-27T12:05:00Z"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with Signers since 2020; the private keys of Ada and Grace are here."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    load_signer(tmp_path / "home")
    put_signers(tmp_path / "home", first(document(at="2020-01-01T00:00:00Z")), keys=tmp_path / "keys")
    return tmp_path / "home"


@pytest.fixture
def gonogo(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gonogo ...` in this process; gives the exit code and what it printed."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*argv: object) -> tuple[int, str]:
        try:
            code = run(command, [str(item) for item in argv])
        finally:
            signal.signal(signal.SIGTERM, before)
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return call


@pytest.fixture
def card(gonogo: Run, tmp_path: Path) -> Callable[..., Path]:
    """A scorecard, by default judged as of a moment at which its week was due."""

    def build(now: str = DUE, *more: str) -> Path:
        out = tmp_path / f"card-{len(list(tmp_path.glob('card-*')))}"
        assert gonogo("scorecard", "build", "--build", BUILD, "--now", now, "--out", out, *more)[0] == 3
        return out

    return build


def kept(home: Path) -> int:
    """How many late reviews the state folder keeps."""
    return len(load_acts(home, load_signers(home))[ActKind.LATE_REVIEW])


def test_two_people_make_a_past_week_official(gonogo: Run, card: Callable[..., Path], home: Path) -> None:
    """The first signature waits; a folder stands for its scorecard.yaml."""
    code, text = gonogo("scorecard", "late-sign", card(), *BY, "--as", "ada")
    assert (code, "it needs 1 more person" in text, kept(home)) == (5, True, 0)
    (waiting,) = (home / "acts-waiting").iterdir()
    assert gonogo("signer", "sign", waiting, "--as", "grace")[0] == 0
    rows = json.loads(gonogo("scorecard", "history", "--format", "json")[1])
    assert [(row["week"], row["standing"]) for row in rows] == [("2026-W48", "late")]


@pytest.mark.parametrize(
    ("now", "more", "reason"),
    [
        ("2026-11-27T11:59:00Z", (), "as of a moment between 2026-11-27T12:00:00.000Z and the end of its Sunday"),
        ("2026-11-30T00:00:00Z", ("--week", "2026-W48"), "it was judged as of 2026-11-30T00:00:00.000Z, and one of 2026-W48"),
        (DUE, ("--draft",), "the log here lists no such scorecard (a draft, or a review of another state folder)"),
    ],
)
def test_nobody_signs_a_scorecard_that_cannot_count(
    gonogo: Run, card: Callable[..., Path], home: Path, now: str, more: tuple[str, ...], reason: str
) -> None:
    """Exit 5 says that it would not count, and why; nothing is kept or waits."""
    code, text = gonogo("scorecard", "late-sign", card(now, *more), *BY, *BOTH)
    assert (code, "would not count, so nothing was signed" in text, reason in text) == (5, True, True), text
    assert kept(home) == 0
    assert not (home / "acts-waiting").exists()
    step = re.search(r"next: (gonogo scorecard build .*); then sign the scorecard that it writes", text)
    assert step, text
    assert f"--build {BUILD} --now 2026-11-27T12:00:00.000Z" in step[1]
    assert gonogo(*shlex.split(step[1])[1:], "--out", home.parent / "again")[0] == 3
    assert gonogo("scorecard", "late-sign", home.parent / "again", *BY, *BOTH)[0] == 0


def test_a_scorecard_of_before_the_cut_off_is_signed_by_nobody_yet(
    gonogo: Run, card: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one from then on is official by itself."""
    monkeypatch.setattr("gates.schema.time.system_clock", fixed_clock(parse_utc("2026-11-27T11:00:00Z")))
    code, text = gonogo("scorecard", "late-sign", card("2026-11-27T10:00:00Z"), *BY, *BOTH)
    assert (code, kept(home)) == (5, 0)
    assert "next: wait until 2026-11-27T12:00:00.000Z; from then on the first one is official by itself: gonogo review" in text


def test_a_week_that_has_its_verdict_gets_no_other_one(gonogo: Run, card: Callable[..., Path], home: Path) -> None:
    """Here by two people before."""
    assert gonogo("scorecard", "late-sign", card() / "scorecard.yaml", *BY, *BOTH)[0] == 0
    code, text = gonogo("scorecard", "late-sign", card("2026-11-28T09:00:00Z"), *BY, *BOTH)
    assert (code, "2026-W48 has its official verdict, NO GO, given 2026-11-27T12:05:00.000Z" in text, kept(home)) == (5, True, 1)
    assert "next: gonogo scorecard history lists it; it is never replaced" in text
    assert gonogo("scorecard", "history")[0] == 0


def test_a_scorecard_that_is_not_there_is_named(gonogo: Run, tmp_path: Path) -> None:
    """Exit 2."""
    code, text = gonogo("scorecard", "late-sign", tmp_path, *BY, *BOTH)
    assert (code, f"{tmp_path / 'scorecard.yaml'}: no such file" in text) == (2, True)
