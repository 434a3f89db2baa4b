"""`gonogo state`: make a state folder, take one of an old release over, rebuild a lost log."""

from __future__ import annotations

from pathlib import Path

import click

from gates.schema.errors import UsageProblem
from gates.schema.output import show
from gates.schema.state import FILE, VERSION, make_state, read_state, state_dir, version_1_parts

_trust_option = click.option(
    "--trust",
    "trust_path",
    type=click.Path(path_type=Path),
    help="The JWKS of further signers that you trust, in addition to the state folder's own keys.",
)
_MADE = click.Path(path_type=Path, file_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def state() -> None:
    """Make a state folder, take one of an old release over, rebuild a lost log."""


@state.command()
@click.option(
    "--rehearsal", is_flag=True, help="For rehearsals only: its key is marked, and every other state folder refuses it."
)
def init(rehearsal: bool) -> None:
    """Make the state folder (GONOGO_HOME, or .gonogo) with its evidence key. Any command that needs it makes one, too."""
    from gates.evidence.keys import load_signer

    home = state_dir()
    made = make_state(home, rehearsal=rehearsal)
    if made.rehearsal != rehearsal:
        is_one, wanted = ("a rehearsal folder", "a real one") if made.rehearsal else ("a real state folder", "one for rehearsals")
        raise UsageProblem(f"{home}: is {is_one}, and does not become {wanted}", next_step="set GONOGO_HOME to another folder")
    kind = "rehearsal key" if rehearsal else "evidence key"
    show(f"{home}: version {VERSION}, {kind} {load_signer(home).keyid}")


@state.command()
@_trust_option
@click.option("--evidence", "evidence_path", type=_FOLDER, help="Take over this evidence folder instead of the state folder.")
def migrate(trust_path: Path | None, evidence_path: Path | None) -> None:
    """Take over a state folder of version 1. Nothing is removed.

    Its statements and weeks are listed in the log as `migration`: they can be read, and do not count. Exit 8 names a file that
    does not verify, before anything is written.
    """
    from gates.evidence.dsse import TrustRoot
    from gates.evidence.keys import load_signer, own_trust, read_trust
    from gates.evidence.store import EvidenceStore
    from gates.log.migrate import migrate as take_over
    from gates.log.migrate import migrate_store
    from gates.schema.time import system_clock

    home = state_dir()
    trust = read_trust(trust_path) if trust_path else TrustRoot({}, {})
    if evidence_path is not None:
        signer = load_signer(home)
        done = migrate_store(EvidenceStore(evidence_path), signer, trust.joined(own_trust(home)))
        show(f"{evidence_path}: took over {done.statements} statements")
        return
    if not (home / FILE).exists() and not version_1_parts(home):
        raise UsageProblem(f"{home}: there is no state folder of version 1", next_step="GONOGO_HOME names the state folder")
    if (home / FILE).exists():
        read_state(home)
        show(f"{home}: is of version {VERSION} already")
        return
    done = take_over(home, trust, system_clock)
    show(f"{home}: took over {done.statements} statements and {done.weeks} weeks; it is of version {VERSION} now")


@state.command()
@click.argument("folders", metavar="REVIEW_FOLDER...", nargs=-1, required=True, type=_FOLDER)
@_trust_option
@click.option("--rehearsal", is_flag=True, help="The lost state folder was one for rehearsals.")
@click.option(
    "--evidence", "evidence_path", type=click.Path(path_type=Path, file_okay=False), help="Rebuild this evidence folder."
)
def restore(folders: tuple[Path, ...], trust_path: Path | None, rehearsal: bool, evidence_path: Path | None) -> None:
    """Rebuild a lost or damaged log, and the envelopes that it lists, from review folders.

    The folders carry parts of one log, which becomes as long as the last of them. Two that fork, a gap, or an envelope that no
    folder has end with 8. A damaged log is kept next to the new one as `before-N.log.jsonl`. The log notes that it was restored
    and how many entries could not be brought back, which scorecards show.
    """
    from gates.evidence.keys import EVIDENCE, adopt_trust, own_trust
    from gates.log.restore import restore as rebuild
    from gates.schema.time import system_clock

    home = state_dir()
    make_state(home, rehearsal=rehearsal)
    if trust_path is not None:
        adopt_trust(home, trust_path)
    trust = own_trust(home)
    if not trust.keyids:
        raise UsageProblem(
            f"{home}: there is no key to verify the log with",
            next_step="--trust FILE names the keys of the lost state folder: not those in a review folder",
        )
    done = rebuild(home, evidence_path or home / EVIDENCE, folders, trust, system_clock)
    more = f"; {len(done.listed_again)} envelopes beyond it are listed again" if done.listed_again else ""
    show(f"ok: the log is rebuilt up to the head {done.head}{more}")
    if done.kept_in is not None:
        show(f"its head is now kept in {done.kept_in}")
    if done.missing:
        known = f"; this machine knew the head {done.known}" if done.known else ""
        names = f": {', '.join(digest[:12] for digest in done.lost)}" if done.lost else ""
        show(f"not brought back: {done.missing} entries{names}{known}\n  failing runs may be among them: scorecards show it")
