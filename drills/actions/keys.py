"""Steps about the keys that sign receipts: each is seen in what the service publishes, or in what verifies."""

import shutil
from itertools import groupby
from pathlib import Path

from drills.child import spawn
from drills.journal import Status, read_journal
from drills.keys import files
from drills.keys.books import Books
from drills.keys.case import CUT_OFF, cut_off_of, judge_folder
from drills.keys.forgery import forge, signer_of
from drills.keys.history import payments_of
from drills.keys.published import KeySet, read_key_set
from drills.keys.receipts import Signed, read_receipts, write_receipts
from drills.keys.verifying import LIMIT_S, Verified, verified, verify_argv
from drills.observations import counted
from drills.observed import Unobserved
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.report import FILES
from drills.steps.base import label_of
from drills.steps.keys import CompareWithBooks, PinKeys, RevokeKey, RotateKey, StealKey, VerifyReceipts
from gates.evidence.dsse import Envelope, Signer
from gates.schema.durable import write_durably
from gates.schema.errors import UnknownProblem
from gates.schema.target import UnsetProblem, load_target, trust_file
from gates.schema.time import monotonic_s, parse_duration_s

STOLEN, _SCRATCH = "stolen", "stolen"
_PUBLISHED = "spec.audit.trust"


def pin_keys(run: Rehearsal, step: PinKeys) -> Facts:
    """Keep keys and receipts as a verifier has them before anything happens; which key signs is what the last receipt says."""
    (run.out / files.FOLDER).mkdir(exist_ok=True)
    published = _books(run).keys()
    pinned, source = _pinned(run, published)
    write_durably(run.out / files.PUBLISHED_BEFORE, published)
    write_durably(run.out / files.PINNED, pinned)
    receipts: list[Signed] = []

    def enough() -> bool:
        receipts[:] = _listed(run)
        return len(receipts) >= step.receipts

    try:
        run.wait_until(enough, step.within, f"{step.receipts} receipts of the storm", poll_s=0.2)
    except TimedOut as error:
        raise UnknownProblem(f"{error.message} ({len(receipts)} seen)", next_step="see spec.audit.receipts") from None
    write_receipts(run.out / files.EARLY, (item.envelope for item in receipts))
    failing = [item.failure for item in _verify(run, run.out / files.EARLY, run.out / files.PINNED) if item.failure]
    if failing:
        raise UnknownProblem(f"{len(failing)} receipts do not verify before anything is done, the first: {failing[0]}")
    run.signing_key = receipts[-1].keyid
    return {"key": run.signing_key, "receipts": len(receipts), "pinned": source}


def rotate_key(run: Rehearsal, step: RotateKey) -> Facts:
    """Run the command, and see another key published."""
    old, before = _signing_key(run), _published(run)
    at_s = monotonic_s()
    run.service.command("rotate_key", parse_duration_s(step.within))
    try:
        run.wait_until(
            lambda: bool(_published(run).usable - before.keys), step.within, "another key in the published set", poll_s=0.05
        )
    except TimedOut as error:
        raise Unobserved(
            f"the rotation was not seen: {error.message}", next_step=f"see commands.rotate_key and {_PUBLISHED}"
        ) from None
    new = sorted(_published(run).usable - before.keys)
    took_s = _cut_off(run, old, at_s, revoked=False)
    run.note_fault(label_of(step), at_s, f"the key {new[0]} is published in place of {old}, {took_s} s after the command began")
    run.note_cleared()
    return {"old": old, "new": list(new), "published_s": took_s}


def steal_key(run: Rehearsal, step: StealKey) -> Facts:
    """Be the thief: what is forged has to verify, or a later refusal would show nothing."""
    old, at_s = _signing_key(run), monotonic_s()
    run.journal.write(run.phase, STOLEN, Status.SUCCEEDED, facts={"key": old})  # before it is: recover revokes it
    signer = _copied_key(run, step)
    if signer.keyid != old:
        raise Unobserved(f"commands.copy_key copied the key {signer.keyid}, and receipts are signed by {old}")
    forged = forge(signer, _whole_payment(run, old))
    write_receipts(run.out / files.FORGED, forged)
    failing = [item.failure for item in _verify(run, run.out / files.FORGED, run.out / files.PINNED) if item.failure]
    if failing:
        raise Unobserved(f"the forged receipts do not verify even with the pinned keys, so nothing was stolen: {failing[0]}")
    run.note_fault(label_of(step), at_s, f"{len(forged)} receipts of a payment that never was verify with the pinned keys")
    return {"key": old, "forged": len(forged)}


def compare_with_books(run: Rehearsal, _step: CompareWithBooks) -> Facts:
    """The signature shows nothing any more; the service's own books do."""
    forged = read_receipts(run.out / files.FORGED)
    if not forged:
        raise UnknownProblem("nothing was forged before this step", next_step="put steal_key before it")
    payment, books = forged[0].payment_id, _books(run)
    if books.knows(payment) or any(books.receipts({payment}, run.pause)):
        raise Deviated(f"the service returns the payment {payment}, which never was")
    run.note_detected()
    return {"payment": payment}


def revoke_key(run: Rehearsal, step: RevokeKey) -> Facts:
    """Revoke what was stolen, unless that is done; a key that stays usable is a deviation."""
    stolen = [str(event.facts["key"]) for event in read_journal(run.journal.path).events if event.action == STOLEN]
    if not stolen:
        return {"revoked": False}
    old, within_s, at_s = stolen[-1], parse_duration_s(step.within), monotonic_s()
    if run.shielded:
        run.service.restore(within_s)
        if _is_replaced(_published(run), old):
            return {"revoked": True, "before": True}
    run.service.command("revoke_key", within_s, {"keyid": old})
    try:
        run.wait_until(lambda: _is_replaced(_published(run), old), step.within, f"another key in place of {old}", poll_s=0.05)
    except TimedOut:
        return _still_usable(run, step, old, at_s)
    took_s = _cut_off(run, old, at_s, revoked=True)
    run.note_cleared()
    return {"key": old, "published_s": took_s, "revoked": True}


def _still_usable(run: Rehearsal, step: RevokeKey, old: str, at_s: float) -> Facts:
    """The revocation changed nothing: a finding, and in the rollback the reason why it failed."""
    what = f"{step.within} after commands.revoke_key the published keys do not have another one in place of {old}"
    if run.shielded:
        raise UnknownProblem(f"{what}: whoever has a copy can sign receipts", next_step="revoke it by hand")
    run.deviate(what)
    _cut_off(run, old, at_s, revoked=True)
    write_durably(run.out / files.PUBLISHED, _books(run).keys())
    found = _verify(run, run.out / files.FORGED, run.out / files.PUBLISHED)
    return {"key": old, "revoked": False, **counted({"forged_accepted": (sum(not item.failure for item in found), len(found))})}


def verify_receipts(run: Rehearsal, step: VerifyReceipts) -> Facts:
    """Read everything again, and let `gonogo receipt verify` judge it."""
    cut = cut_off_of(read_journal(run.journal.path).events)
    if cut is None:
        raise UnknownProblem("no key was replaced before this step", next_step="put rotate_key or revoke_key before it")
    write_durably(run.out / files.PUBLISHED, _books(run).keys())
    write_receipts(run.out / files.RECEIPTS, (item.envelope for item in _listed(run)))
    judged = judge_folder(
        run.out, run.out / FILES["history"], cut, lambda receipts, keys: _verify(run, receipts, keys, step.within)
    )
    for text in judged.deviations:
        run.deviate(text)
    return {"findings": len(judged.deviations), **counted(judged.counts)}


def _books(run: Rehearsal) -> Books:
    return Books(run.plan.target, run.client_environ)


def _published(run: Rehearsal) -> KeySet:
    return read_key_set(_books(run).keys(), _PUBLISHED)


def _is_replaced(published: KeySet, old: str) -> bool:
    return old not in published.usable and bool(published.usable)


def _pinned(run: Rehearsal, published: bytes) -> tuple[bytes, str]:
    """The keys that a verifier has: those that the target pins, else the service's own word."""
    try:
        path = trust_file(load_target(run.plan.target_argument), run.client_environ)
    except UnsetProblem:
        path = None
    return (published, "what the service published") if path is None else (path.read_bytes(), "spec.audit.trust_file")


def _listed(run: Rehearsal) -> list[Signed]:
    """The receipts of the storm's payments."""
    run.running_storm()
    return _books(run).receipts(payments_of(run.out / FILES["history"]), run.pause)


def _signing_key(run: Rehearsal) -> str:
    if not run.signing_key:
        raise UnknownProblem("no keys were pinned", next_step="put pin_keys before this step")
    return run.signing_key


def _cut_off(run: Rehearsal, old: str, since_s: float, *, revoked: bool) -> str:
    """Write down when the old key was replaced; returns the seconds since then."""
    now_s = monotonic_s()
    run.journal.write(run.phase, CUT_OFF, Status.SUCCEEDED, facts={"old": old, "at_ns": int(now_s * 1e9), "revoked": revoked})
    return f"{now_s - since_s:.3f}"


def _copied_key(run: Rehearsal, step: StealKey) -> Signer:
    """The private key, in a folder that is gone before anything else happens."""
    folder = run.out / _SCRATCH
    run.note_scratch(folder)
    folder.mkdir(mode=0o700)
    path = folder / "key"
    try:
        run.service.command("copy_key", parse_duration_s(step.within), {"key_file": str(path)})
        return signer_of(path.read_bytes(), "commands.copy_key")
    except OSError as error:
        raise UnknownProblem(f"commands.copy_key left no {{key_file}}: {error.strerror}") from None
    finally:
        shutil.rmtree(folder)


def _whole_payment(run: Rehearsal, key: str) -> list[Envelope]:
    """The receipts of one payment, all signed by this key: from its first to its last."""
    receipts = sorted((item for item in read_receipts(run.out / files.EARLY)), key=lambda item: (item.payment_id, item.seq))
    for _, items in groupby(receipts, key=lambda item: item.payment_id):
        found = list(items)
        if [item.seq for item in found] == list(range(1, len(found) + 1)) and {item.keyid for item in found} == {key}:
            return [item.envelope for item in found]
    raise UnknownProblem(f"no payment has all of its receipts by the key {key}: nothing can be forged after its pattern")


def _verify(run: Rehearsal, receipts: Path, keys: Path, within: str = f"{LIMIT_S}s") -> tuple[Verified, ...]:
    """`gonogo receipt verify` in a process of its own."""
    child = spawn(verify_argv(receipts, keys), run.client_environ, run.out / "logs" / f"verify-{receipts.stem}-{keys.stem}")
    run.note_process("receipt verify", child.identity)
    try:
        run.wait_until(lambda: not child.alive(), within, "the end of gonogo receipt verify")
    finally:
        code = child.end()
    return verified(child.stdout.read_bytes(), child.stderr.read_text(errors="replace"), code)
