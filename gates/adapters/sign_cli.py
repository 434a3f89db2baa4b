"""`gonogo evidence sign`: measures of one's own, from a document whose schema is checked."""

from __future__ import annotations

from pathlib import Path

import click

from gates.schema.output import show
from gates.schema.state import made_state_dir

_path = click.Path(path_type=Path)


@click.command()
@click.argument("document", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--target", default="local", show_default=True, help="A shipped target's name, or the path of a Target file.")
@click.option("--build", help="The sha256 of the build that was measured, where the service does not report it.")
@click.option("--evidence", "evidence_path", type=_path, help="The evidence folder.  [default: evidence in the state folder]")
def sign(document: Path, target: str, build: str | None, evidence_path: Path | None) -> None:
    """Sign measures of your own. DOCUMENT is of kind Measures; `gonogo schema Measures` prints its schema.

    Its name becomes the kind of the evidence: urn:gonogo:evidence:NAME:v2, which a criterion names as predicate_type. Nobody
    can read from the service what was measured and how, so it decides no P0 gate. Prints the digest of the statement.
    """
    from gates.adapters.measures import load_measures, sign_measures
    from gates.build import read_build, require_sha256
    from gates.evidence.keys import load_signer
    from gates.evidence.recording import Recording
    from gates.evidence.store import EvidenceStore
    from gates.schema.target import load_target

    read, named = load_measures(document), load_target(target)
    home = made_state_dir()
    found = require_sha256(build) if build is not None else read_build(named)
    store, signer = EvidenceStore((evidence_path or home / "evidence").absolute()), load_signer(home)
    store.make()
    run = store.begin_run(signer, step=read.metadata.name, target=named.name)
    show(sign_measures(document, read, named, found, Recording(store, signer, run)).digest)
