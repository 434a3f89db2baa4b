"""`gonogo evidence`: what is stored, what it states, and whether it still verifies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.errors import UnknownProblem, UnverifiedProblem, UsageProblem
from gates.schema.options import format_option
from gates.schema.output import show, write_document
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    from gates.evidence.contents import Held
    from gates.evidence.dsse import TrustRoot
    from gates.evidence.store import EvidenceStore
    from gates.evidence.unfinished import UnfinishedRun

evidence_option = click.option(
    "--evidence",
    "evidence_path",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The evidence folder.  [default: evidence in the state folder]",
)
trust_option = click.option(
    "--trust",
    "trust_path",
    type=click.Path(path_type=Path),
    help="The JWKS of the signers that you trust.  [default: this state folder's own key]",
)
ATTEST = Later("gates.acts.cli:attest", "Attest what no program can measure about a criterion; one person signs.")
COLLECT = Later("gates.adapters.cli:collect", "Ask the sources of the gates that adapters read, and sign the answers.")
SIGN = Later("gates.adapters.sign_cli:sign", "Sign measures of your own, from a document whose schema is checked.")
RECOMPUTE = Later("gates.adapters.recompute_cli:recompute", "Compute an adapter's measure again from its raw files.")
SHA256 = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{6,64}")


class _Evidence(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {"attest": ATTEST, "collect": COLLECT, "sign": SIGN, "recompute": RECOMPUTE}


@click.group(cls=_Evidence)
def evidence() -> None:
    """List, show, verify and add signed evidence."""


@evidence.command("list")
@evidence_option
@trust_option
@click.option("--kind", default="", help="Only kinds whose name contains this text, such as load-run.")
@format_option("text", "json", "yaml")
def list_(evidence_path: Path | None, trust_path: Path | None, kind: str, output_format: str) -> None:
    """List the stored statements, oldest first, each verified as it is read, then runs that left no statement."""
    from gates.evidence.unfinished import unfinished
    from gates.render import render_value, table

    trust = trust_root(trust_path)
    contents = open_store(evidence_path).contents(trust)
    stored, runs = contents.statements(trust), unfinished(contents)
    _require_kind(kind, {*(item.statement.predicate_type for item in stored), *(run.step for run in runs)})
    rows = [_row(item) for item in stored if kind in item.statement.predicate_type]
    rows += [_run_row(run) for run in runs if kind in run.step]
    if output_format != "text":
        write_document(render_value(rows, output_format))
    elif rows:
        cut = [{**row, "digest": row["digest"][:12], "build": row["build"][:12] or "-"} for row in rows]
        show("\n".join(table([tuple(rows[0]), *(tuple(row.values()) for row in cut)])))
    else:
        show("no evidence", err=True)


@evidence.command("show")
@click.argument("digest")
@evidence_option
@trust_option
@format_option("yaml", "json")
def show_(digest: str, evidence_path: Path | None, trust_path: Path | None, output_format: str) -> None:
    """Show one statement, or one run that left none, verified, by the first six or more digits of its DIGEST."""
    from gates.render import render_value

    require_prefix(digest)
    trust = trust_root(trust_path)
    contents = open_store(evidence_path).contents(trust)
    runs = [run.note for run in contents.runs() if run.entry.object.startswith(digest)]
    write_document(render_value(runs[0] if len(runs) == 1 else contents.find(digest, trust).statement, output_format))


@evidence.command()
@evidence_option
@trust_option
@click.option(
    "--head",
    "known",
    multiple=True,
    metavar="HEAD",
    help="What is known of the log from elsewhere: SEQ:SHA256, or a review folder. Can be repeated.",
)
def verify(evidence_path: Path | None, trust_path: Path | None, known: tuple[str, ...]) -> None:
    """Verify the log, every statement and every artifact. Exit 8 if one fails, 3 if there is no statement.

    A log that was cut after its last line looks whole by itself: --head names what was in it.
    """
    from gates.log.known import check_against

    trust, store = trust_root(trust_path), open_store(evidence_path)
    contents = store.contents(trust)
    for item in known:
        check_against(contents.lines, item, contents.own, contents.origin)
    held = contents.statements(trust)
    _require_artifacts(store, held)
    if not held:
        raise UnknownProblem(
            "there is no evidence to verify", next_step="`gonogo review` collects evidence; --evidence names another folder"
        )
    log = f"log of {len(contents.lines)} entries, head {contents.head}"
    show(f"ok: {len(held)} statements verified against {', '.join(trust.keyids)}; {log}")


@evidence.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@evidence_option
@trust_option
def add(files: tuple[Path, ...], evidence_path: Path | None, trust_path: Path | None) -> None:
    """Add statements from FILES: one DSSE envelope each, or one a line in a file that ends in .jsonl.

    Nothing of a file is stored unless all of it verifies against the trusted keys. The log lists them under this machine's key.
    What the state folder itself does not trust is not stored in it: nothing could be read there any more.
    """
    from gates.evidence.keys import EVIDENCE, load_signer
    from gates.evidence.store import read_envelope

    home = made_state_dir()
    signer, store, trust = load_signer(home), open_store(evidence_path), trust_root(trust_path)
    is_own = store.folder.resolve() == (home / EVIDENCE).resolve()
    for path in files:
        envelopes = _envelopes(path)
        for origin, data in envelopes:
            held = read_envelope(data, trust, origin)
            if is_own and trust_path is not None:
                _require_own(held, origin)
        for origin, data in envelopes:
            show(store.add(data, trust, origin, signer).digest)


def _require_own(held: Held, origin: str) -> None:
    """Raise UnverifiedProblem for a statement by keys that this state folder does not trust, whatever --trust says."""
    try:
        _all_own().verify(held.envelope)
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(
            f"{origin}: {problem.message}: this state folder could not be read any more with it",
            next_step="let two people list that machine (gonogo signer add), or keep it apart: --evidence FOLDER",
        ) from None


def require_prefix(digest: str) -> None:
    """Raise UsageProblem for a text that is not the beginning of a sha256."""
    if not _PREFIX.fullmatch(digest):
        raise UsageProblem(f"{digest!r} is not the beginning of a sha256", next_step="`gonogo evidence list` shows the digests")


def open_store(path: Path | None) -> EvidenceStore:
    """The evidence store at a path, or the state folder's own; this machine's keys verify its entries."""
    from gates.evidence.keys import EVIDENCE, own_trust
    from gates.evidence.store import EvidenceStore

    home = known_state_dir()
    return EvidenceStore(path or home / EVIDENCE, own=own_trust(home))


def trust_root(path: Path | None) -> TrustRoot:
    """The keys in a JWKS file, or else those of the state folder and of its Signers."""
    from gates.evidence.keys import load_trust

    return load_trust(path) if path else _all_own()


def _all_own() -> TrustRoot:
    from gates.evidence.keys import own_trust
    from gates.signers.store import load_signers

    home = known_state_dir()
    signers = load_signers(home)
    return own_trust(home) if signers is None else own_trust(home).joined(signers.trust_root())


def _require_artifacts(store: EvidenceStore, held: list[Held]) -> None:
    for item in held:
        for artifact in item.statement.predicate.artifacts:
            if wrong := store.check_artifact(artifact):
                raise UnverifiedProblem(
                    f"{item.digest}: an artifact is not what the statement names: {wrong}", next_step="restore it from a backup"
                )


def _require_kind(kind: str, stored: set[str]) -> None:
    """Raise UsageProblem for a text that is in the name of no kind: the list would be empty for ever."""
    from gates.evidence.statement import EvidenceKind

    names = {*EvidenceKind, *stored}
    if not any(kind in name for name in names):
        known = ", ".join(sorted(name.removeprefix("urn:gonogo:evidence:") for name in names))
        raise UsageProblem(f"no kind of evidence has {kind!r} in its name", next_step=f"use one of {known}")


def _row(item: Held) -> dict[str, str]:
    statement = item.statement
    return {
        "digest": item.digest,
        "kind": statement.predicate.kind,
        "target": statement.subject[0].name,
        "build": statement.subject[0].digest.get("build", ""),
        "finished_at": statement.predicate.finished_at,
        "status": statement.predicate.status,
    }


def _run_row(run: UnfinishedRun) -> dict[str, str]:
    return {
        "digest": run.run,
        "kind": f"run {run.step}",
        "target": run.target,
        "build": "",
        "finished_at": f"begun {run.begun_at}",
        "status": "no statement",
    }


def _envelopes(path: Path) -> list[tuple[str, bytes]]:
    """The envelopes of a file, each with the origin that errors name."""
    data = path.read_bytes()
    if path.suffix != ".jsonl":
        return [(str(path), data)]
    found = [(f"{path}: line {number}", line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
    if not found:
        raise UsageProblem(f"{path}: holds no envelope")
    return found
