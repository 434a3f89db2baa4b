"""`gonogo evidence`: what is stored, what it states, and whether it still verifies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.options import format_option
from gates.schema.output import show, write_document
from gates.schema.state import made_state_dir, state_dir

if TYPE_CHECKING:
    from gates.evidence.dsse import TrustRoot
    from gates.evidence.store import EvidenceStore, Held

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
_PREFIX = re.compile(r"[0-9a-f]{6,64}")


class _Evidence(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {"attest": ATTEST}


@click.group(cls=_Evidence)
def evidence() -> None:
    """List, show, verify and add signed evidence."""


@evidence.command("list")
@evidence_option
@trust_option
@click.option("--kind", default="", help="Only kinds whose name contains this text, such as load-run.")
@format_option("text", "json", "yaml")
def list_(evidence_path: Path | None, trust_path: Path | None, kind: str, output_format: str) -> None:
    """List the stored statements, oldest first, each verified as it is read."""
    from gates.render import render_value, table

    held = [item for item in _load(evidence_path, trust_path) if kind in item.statement.predicate_type]
    rows = [_row(item) for item in held]
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
    """Show one statement, verified, by the first six or more digits of its DIGEST."""
    from gates.render import render_value

    require_prefix(digest)
    held = open_store(evidence_path).get(digest, trust_root(trust_path))
    write_document(render_value(held.statement, output_format))


@evidence.command()
@evidence_option
@trust_option
def verify(evidence_path: Path | None, trust_path: Path | None) -> None:
    """Verify every stored statement: its signature, name and form. Exit 8 if one fails, 3 if there is none."""
    trust = trust_root(trust_path)
    held = open_store(evidence_path).load(trust)
    if not held:
        raise UnknownProblem(
            "there is no evidence to verify", next_step="`gonogo review` collects evidence; --evidence names another folder"
        )
    show(f"ok: {len(held)} statements verified against {', '.join(trust.keyids)}")


@evidence.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@evidence_option
@trust_option
def add(files: tuple[Path, ...], evidence_path: Path | None, trust_path: Path | None) -> None:
    """Add statements from FILES: one DSSE envelope each, or one a line in a file that ends in .jsonl.

    Nothing of a file is stored unless all of it verifies against the trusted keys.
    """
    from gates.evidence.store import read_envelope

    made_state_dir()
    store, trust = open_store(evidence_path), trust_root(trust_path)
    for path in files:
        envelopes = _envelopes(path)
        for origin, data in envelopes:
            read_envelope(data, trust, origin)
        for origin, data in envelopes:
            show(store.add(data, trust, origin).digest)


@evidence.command("rebuild-index")
@evidence_option
@trust_option
def rebuild_index(evidence_path: Path | None, trust_path: Path | None) -> None:
    """Make the index again from the stored files, verifying each."""
    count = open_store(evidence_path).rebuild(trust_root(trust_path))
    show(f"ok: the index lists {count} statements")


def require_prefix(digest: str) -> None:
    """Raise UsageProblem for a text that is not the beginning of a sha256."""
    if not _PREFIX.fullmatch(digest):
        raise UsageProblem(f"{digest!r} is not the beginning of a sha256", next_step="`gonogo evidence list` shows the digests")


def open_store(path: Path | None) -> EvidenceStore:
    """The evidence store at a path, or the state folder's own."""
    from gates.evidence.store import EvidenceStore

    return EvidenceStore(path or state_dir() / "evidence")


def trust_root(path: Path | None) -> TrustRoot:
    """The keys in a JWKS file, or the state folder's own."""
    from gates.evidence.keys import load_trust, own_trust

    return load_trust(path) if path else own_trust(state_dir())


def _load(evidence_path: Path | None, trust_path: Path | None) -> list[Held]:
    return open_store(evidence_path).load(trust_root(trust_path))


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


def _envelopes(path: Path) -> list[tuple[str, bytes]]:
    """The envelopes of a file, each with the origin that errors name."""
    data = path.read_bytes()
    if path.suffix != ".jsonl":
        return [(str(path), data)]
    found = [(f"{path}: line {number}", line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
    if not found:
        raise UsageProblem(f"{path}: holds no envelope")
    return found
