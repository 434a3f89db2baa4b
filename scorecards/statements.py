"""In-toto statements about a scorecard: made only of a folder that verifies, and signed as its card is."""

from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.keys import read_signer
from gates.evidence.statement import PAYLOAD_TYPE
from gates.outputs.statements import STATEMENTS, Basis, Verifier
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnknownProblem, UnverifiedProblem
from gates.schema.outcome import ExitCode
from gates.schema.output import show
from gates.schema.state import is_rehearsal
from gates.signers.document import Role, active_keyids
from gates.signers.private import find_signer
from gates.signers.ring import Signers
from gates.signers.store import load_signers
from scorecards import folder
from scorecards.report import report_of
from scorecards.schema import Scorecard, Standing
from scorecards.verifier import whose
from scorecards.verify import Checked, exit_code, verify_folder

_ATTESTATIONS = (folder.SIGNATURE_FILE, folder.BUNDLE_FILE, folder.ACTS_FILE, folder.HISTORY_FILE)


def statement_text(path: Path, output_format: str, home: Path) -> str:
    """The statement `vsa` or `test-result` about the scorecard in a folder, as a DSSE envelope; ends with a line end.

    An official scorecard's is signed by a key that the Signers list for `official`, any other by this machine's evidence key.
    Where that key is not here it is the bare statement, which proves nothing, and stderr says so.
    Raises UnverifiedProblem or UnknownProblem for a folder that does not verify with the keys of the state folder.
    """
    _require_verified(path, home)
    scorecard = folder.read_scorecard(folder.read_file(path / folder.YAML_FILE), str(path / folder.YAML_FILE))
    statement = STATEMENTS[output_format](report_of(scorecard), _basis(path, scorecard))
    signer = signer_of(home, load_signers(home), official=scorecard.spec.standing is Standing.OFFICIAL)
    if signer is None:
        show("not signed: no key here may sign this statement; gonogo signer list names the machines that may", err=True)
        return canonical_json(statement).decode() + "\n"
    return msgspec.json.encode(signer.sign(PAYLOAD_TYPE, canonical_json(statement))).decode() + "\n"


def _require_verified(path: Path, home: Path) -> None:
    keys = whose(home, None)
    levels = verify_folder(path, keys.trust, keys.origin, keys.pin)
    code = exit_code(levels)
    if code is ExitCode.GREEN:
        return
    first = next(level for level in levels if level.checked is not Checked.PASS)
    problem = UnverifiedProblem if code is ExitCode.UNVERIFIED else UnknownProblem
    step = f"gonogo scorecard verify {path}; a statement is made where the keys of the state folder verify the scorecard"
    raise problem(f"{path}: {first.claim}: {first.checked.value}: {first.detail}", next_step=step)


def _basis(path: Path, scorecard: Scorecard) -> Basis:
    inputs = scorecard.spec.inputs
    official = Verifier.OFFICIAL if scorecard.spec.standing is Standing.OFFICIAL else Verifier.PREVIEW
    return Basis(
        verifier=Verifier.REHEARSAL if folder.read_inputs(path).rehearsal else official,
        bar_sha256=inputs.bar_sha256,
        gate_set_sha256=inputs.gate_set_sha256,
        attestations={name: sha256_hex((path / name).read_bytes()) for name in _ATTESTATIONS if (path / name).exists()},
    )


def signer_of(home: Path, signers: Signers | None, *, official: bool) -> Signer | None:
    """The key here that may sign a statement about an official scorecard, or about a preview; None where it is not here."""
    if is_rehearsal(home):
        return read_signer(home)
    machines = () if signers is None else signers.spec.machines
    role = Role.OFFICIAL if official else Role.EVIDENCE
    listed = {keyid for machine in machines if role in machine.roles for keyid in active_keyids(machine)}
    found = find_signer(listed) if listed else None
    return found if found is not None or official else read_signer(home)
