"""The logs that the page links below a criterion that fails: they are in the folder, unchanged; nothing else is linked."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import statements
from statements import observation, predicate, reviewed, subject
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.keys import own_trust
from gates.evidence.objects import sha256_of
from gates.evidence.statement import Artifact, EvidenceKind, Measure
from gates.evidence.store import Held
from gates.page.words import size
from gates.schema.gate import Gate
from scorecards.pack import pack
from scorecards.verify import Checked, verify_folder

BUILD, NOW = "5f" * 32, "2026-11-27T12:05:00Z"
AT, OBSERVED = "2026-11-27T11:40:00.000Z", "2026-11-27T09:00:00.000Z"
HISTORY, REPORT = b'{"at":"2026-11-27T11:39:00.000Z","key":"k-1"}\n' * 40, b'{"findings":[]}\n'
RAW = {"storm/history.jsonl": HISTORY, "report.json": REPORT, "storm/plan.json": b"{}\n"}
Judge = Callable[..., Path]


def _link(name: str) -> str:
    digest = sha256_of(RAW[name])[0]
    return f"artifacts/{digest[:2]}/{digest}"


@pytest.fixture
def life(tmp_path: Path, signer: Signer) -> Weeks:
    return Weeks(tmp_path / "home", signer, rehearsal=False)


@pytest.fixture
def judge(life: Weeks, signer: Signer, gates: tuple[Gate, ...]) -> Judge:
    """Judge a secret scan that found one, and a storm that found nothing; both name raw files. Gives the review's folder."""

    def made(kind: str, measures: dict[str, Measure], raw: dict[str, bytes], *, is_kept: bool) -> Held:
        keep = life.store(AT).keep_artifact if is_kept else lambda name, data: Artifact(name, *sha256_of(data))
        artifacts = tuple(keep(name, data) for name, data in raw.items())
        cited = observation(signer, BUILD, OBSERVED).digest
        said = predicate(kind, AT, measures, build_observation=cited, artifacts=artifacts)
        return statements.hold(signer, kind, subject(BUILD), said)

    def judged(*, is_kept: bool = True, raw: dict[str, bytes] = RAW) -> Path:
        zero = Measure("0", "count", 412)
        clean = made(EvidenceKind.LOAD_RUN, {"double_settles": zero}, {"books.json": b"[]\n"}, is_kept=True)
        red = made(EvidenceKind.SECRET_SCAN, {"findings": Measure("1", "count", 214)}, raw, is_kept=is_kept)
        life.add([observation(signer, BUILD, OBSERVED), clean, red], "2026-11-27T11:50:00Z")
        return life.judge(gates, reviewed(BUILD), NOW)[1]

    return judged


def _leads_to(folder: Path) -> list[str]:
    """Every relative link of the page."""
    page = (folder / "scorecard.html").read_text(encoding="utf-8")
    return [link for link in re.findall(r'href="([^"#][^"]*)"', page) if not link.startswith("https:") and ".html" not in link]


def _failed(folder: Path, life: Weeks) -> list[str]:
    levels = verify_folder(folder, own_trust(life.home))
    return [f"{level.claim}: {level.detail}" for level in levels if level.checked is Checked.FAIL]


def test_a_failing_criterion_links_the_logs_of_its_evidence(life: Weeks, judge: Judge) -> None:
    """History and report, with their sizes; not the plan, and nothing of the storm that passes."""
    review = judge()
    assert _leads_to(review) == [_link("storm/history.jsonl"), _link("report.json")]
    assert (review / _link("storm/history.jsonl")).read_bytes() == HISTORY
    assert len(list((review / "artifacts").glob("*/*"))) == 2
    page = (review / "scorecard.html").read_text(encoding="utf-8")
    assert f'download="storm/history.jsonl">storm/history.jsonl</a> {size(len(HISTORY))}</span>' in page
    assert _failed(review, life) == []


def test_a_log_that_the_store_no_longer_has_is_not_linked(life: Weeks, judge: Judge) -> None:
    """As evidence of another machine, whose raw files stayed there; the folder verifies."""
    review = judge(is_kept=False)
    assert _leads_to(review) == []
    assert "Logs:" not in (review / "scorecard.html").read_text(encoding="utf-8")
    assert not (review / "artifacts").exists()
    assert _failed(review, life) == []


def test_a_packed_review_has_what_its_page_links(life: Weeks, judge: Judge, tmp_path: Path) -> None:
    """At the same place; it verifies, far from the store."""
    packed = tmp_path / "packed"
    pack(judge(), packed, ())
    assert len(_leads_to(packed)) == 2
    assert all((packed / link).is_file() for link in _leads_to(packed))
    assert _failed(packed, life) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Path.unlink, "is missing: the log storm/history.jsonl, which the page links"),
        (lambda path: path.write_bytes(HISTORY[:-1]), "was changed: it is not the log storm/history.jsonl that the page links"),
        (lambda path: path.write_bytes(HISTORY.replace(b"k-1", b"k-2")), "was changed: it is not the log storm/history.jsonl"),
    ],
    ids=["missing", "cut", "another byte"],
)
def test_a_linked_log_that_is_not_what_was_judged_is_named(
    life: Weeks, judge: Judge, change: Callable[[Path], object], words: str
) -> None:
    """The page would lead to something else."""
    review = judge()
    change(review / _link("storm/history.jsonl"))
    (failed,) = [text for text in _failed(review, life) if "scorecard.html follows" in text]
    assert words in failed


def test_what_a_statement_calls_its_files_leads_nowhere_else(life: Weeks, judge: Judge) -> None:
    """A name is a text on the page, and never a path or markup."""
    review = judge(raw={'../../<b>"x.log': b"1\n"})
    (link,) = _leads_to(review)
    assert link.startswith("artifacts/")
    assert "/<b>" not in (review / "scorecard.html").read_text(encoding="utf-8")
    assert _failed(review, life) == []


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (96_400, "96 kB"), (1_440_000, "1.4 MB")]
)
def test_a_size_is_written_for_people(count: int, text: str) -> None:
    """Short, and in one unit."""
    assert size(count) == text
