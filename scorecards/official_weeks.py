"""The official weeks of a state folder with their scorecards, for the page of all weeks; writes nothing into the state folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from gates.evidence.keys import EVIDENCE
from gates.evidence.store import EvidenceStore
from gates.page.words import moment
from gates.schema.canonical import sha256_hex
from gates.schema.durable import write_durably
from scorecards import folder
from scorecards.history_page import Look, OfficialWeek, render_history
from scorecards.material import read_history
from scorecards.schema import Standing
from scorecards.weekly import PastWeek

_EVER = "9999-W52"


def write_history(home: Path, target: str | None, path: Path) -> None:
    """Write the page of all weeks to `path`; its links lead to the review folders of the state folder that are still there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.absolute().parent
    write_durably(path, render_history(read_official_weeks(home, target, beside), _previews(home, target, beside)))


def read_official_weeks(home: Path, target: str | None, beside: Path) -> dict[str, list[OfficialWeek]]:
    """The official weeks of each target, oldest first; links lead from the folder `beside` to the pages under `reviews/`.

    Raises UnverifiedProblem naming the week whose stored scorecard was changed; one that is gone has no gates on the page.
    """
    history, store = read_history(home), EvidenceStore(home / EVIDENCE)
    pages = _pages(home)
    return {
        name: [_official_week(store, card.past, pages, beside) for card in history.official(name, _EVER)]
        for name in sorted(history.targets())
        if target in (None, name)
    }


def _official_week(store: EvidenceStore, past: PastWeek, pages: Mapping[str, Path], beside: Path) -> OfficialWeek:
    stored, page = store.artifact_path(past.yaml_sha256), pages.get(past.yaml_sha256)
    spec = folder.read_scorecard(folder.stored_yaml(stored, past), str(stored)).spec if stored.exists() else None
    return OfficialWeek(past, spec, _link(page, beside))


def _previews(home: Path, target: str | None, beside: Path) -> list[Look]:
    """The previews that the log lists, the newest first."""
    pages, rows = _pages(home), read_history(home).rows(target)
    return [
        Look(row.week, row.target, row.decision, moment(row.evaluated_at), _link(pages.get(row.yaml_sha256), beside))
        for row in rows
        if row.standing == Standing.PREVIEW.value
    ]


def _pages(home: Path) -> dict[str, Path]:
    """The scorecards in the review folders that are still there, by their sha256."""
    return {sha256_hex(path.read_bytes()): path for path in sorted((home / folder.REVIEWS).glob(f"*-*/{folder.YAML_FILE}"))}


def _link(page: Path | None, beside: Path) -> str:
    return "" if page is None else quote(Path(os.path.relpath(page.with_name(folder.HTML_FILE), beside)).as_posix())
