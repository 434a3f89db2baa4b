"""Did everything that clients were acknowledged keep a receipt that verifies, by the right key? Counts and deviations. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from drills.keys.history import Acknowledged
from drills.keys.published import KeySet, contradictions
from drills.keys.receipts import Signed
from drills.keys.verifying import Verified

Counts = dict[str, tuple[int, int]]
"""A number by its measure, and the opportunities for it."""


class Case(msgspec.Struct, frozen=True):
    """What there is to judge.

    `old` is the key that signed when the keys were pinned, `cut_ns` when it was seen to be replaced, and `revoked` whether it was
    revoked and not only retired. `early` are the receipts of before, `found` what verification says of `receipts`.
    """

    old: str
    cut_ns: int
    revoked: bool
    pinned: KeySet
    published_before: KeySet
    published: KeySet
    acknowledged: tuple[Acknowledged, ...]
    early: tuple[Signed, ...]
    receipts: tuple[Signed, ...]
    found: tuple[Verified, ...]


class Forgeries(msgspec.Struct, frozen=True):
    """The thief's receipts: what verification says of them with the keys pinned before, and with those published at the end."""

    receipts: tuple[Signed, ...]
    by_pinned: tuple[Verified, ...]
    by_published: tuple[Verified, ...]


class Judged(msgspec.Struct, frozen=True):
    """The counts, and what the service did otherwise than it should."""

    counts: Counts
    deviations: tuple[str, ...]


def judge(case: Case, forgeries: Forgeries | None) -> Judged:
    """Judge the receipts of a rotation, or with `forgeries` of a key that was stolen and revoked."""
    parts = [_signers(case), _late(case), _without_receipt(case), _unverified(case), _continuity(case)]
    parts.append(_revoked(case) if case.revoked else _early_refused(case))
    parts += [_changed(case), *([_forged(case, forgeries)] if forgeries else [])]
    counts: Counts = {}
    for part in parts:
        counts |= part.counts
    return Judged(counts, tuple(text for part in parts for text in part.deviations))


def _signers(case: Case) -> Judged:
    """How many receipts each key signed: where one signed none, nothing was rehearsed with it."""
    old = sum(item.keyid == case.old for item in case.receipts)
    new = len(case.receipts) - old
    return Judged({"receipts_by_old_key": (old, old), "receipts_by_new_key": (new, new)}, ())


def _late(case: Case) -> Judged:
    """Operations first sent after the new key was published: the old key signs none of them."""
    by_operation = {(item.payment_id, item.kind): item for item in case.receipts}
    later = [item for item in case.acknowledged if item.first_ns >= case.cut_ns]
    receipts = [by_operation[key] for item in later if (key := (item.payment_id, item.operation)) in by_operation]
    late = [item for item in receipts if item.keyid == case.old]
    return _counted(
        "signed_late",
        len(receipts),
        [item.receipt_id for item in late],
        f"receipts of operations sent after the cut-off are signed by the old key {case.old}",
    )


def _without_receipt(case: Case) -> Judged:
    there = {(item.payment_id, item.kind) for item in case.receipts}
    missing = [
        f"{one.operation} of {one.payment_id}" for one in case.acknowledged if (one.payment_id, one.operation) not in there
    ]
    return _counted("without_receipt", len(case.acknowledged), missing, "acknowledged operations have no receipt")


def _unverified(case: Case) -> Judged:
    """Every receipt verifies with the keys that are published at the end; those of a revoked key are judged by themselves."""
    judged = [pair for pair in _pairs(case) if not (case.revoked and pair[0].keyid == case.old)]
    failing = [
        f"{item.receipt_id}: {found.failure}" for item, found in judged if found.failure or (found.cut and not case.revoked)
    ]
    return _counted("unverified_receipts", len(judged), failing, "receipts do not verify with the keys that are published now")


def _early_refused(case: Case) -> Judged:
    """Rotation: what verified before still does."""
    early = {item.receipt_id for item in case.early}
    judged = [pair for pair in _pairs(case) if pair[0].receipt_id in early]
    refused = [f"{item.receipt_id}: {found.failure}" for item, found in judged if found.failure]
    return _counted("old_receipts_refused", len(judged), refused, "receipts from before the rotation no longer verify")


def _revoked(case: Case) -> Judged:
    """Revocation: no receipt of the key counts, the honest ones among them, since nothing in a receipt shows who signed it."""
    honest = [pair for pair in _pairs(case) if pair[0].keyid == case.old]
    standing = [item.receipt_id for item, found in honest if not found.failure]
    texts = (f"{len(standing)} receipts of the revoked key still verify, the first: {standing[0]}",) if standing else ()
    cut = {item.payment_id for item, found in _pairs(case) if item.keyid != case.old and found.cut}
    spanning = {item.payment_id for item in case.receipts if item.keyid != case.old}
    counts = {
        "genuine_refused": (len(honest) - len(standing), len(honest)),
        "chains_cut": (len(cut), len(spanning)),
    }
    return Judged(counts, texts)


def _continuity(case: Case) -> Judged:
    revoked = case.old if case.revoked else ""
    faults = [
        *contradictions(case.pinned, case.published, revoked),
        *contradictions(case.published_before, case.published, revoked),
    ]
    checked = len(case.pinned.keys | case.published_before.keys)
    return _counted(
        "continuity_faults", checked, list(dict.fromkeys(faults)), "contradictions to the keys that were published before"
    )


def _changed(case: Case) -> Judged:
    """A receipt that the service returns with the same bytes is its own, whatever became of the key."""
    now = {item.receipt_id: item.envelope for item in case.receipts}
    changed = [item.receipt_id for item in case.early if now.get(item.receipt_id) != item.envelope]
    return _counted("receipts_changed", len(case.early), changed, "receipts from before are no longer returned as they were")


def _forged(case: Case, forgeries: Forgeries) -> Judged:
    count = len(forgeries.receipts)
    by_pinned = sum(not item.failure for item in forgeries.by_pinned)
    accepted = [
        item.receipt_id for item, found in zip(forgeries.receipts, forgeries.by_published, strict=True) if not found.failure
    ]
    known = {item.receipt_id for item in case.receipts} | {item.payment_id for item in case.receipts}
    listed = [item.receipt_id for item in forgeries.receipts if {item.receipt_id, item.payment_id} & known]
    parts = (
        _counted("forged_accepted", count, accepted, "forged receipts still verify after the revocation"),
        _counted("forged_in_books", count, listed, "forged receipts are listed by the service"),
    )
    counts = {"forged_accepted_before": (by_pinned, count), **parts[0].counts, **parts[1].counts}
    return Judged(counts, tuple(text for part in parts for text in part.deviations))


def _pairs(case: Case) -> Iterator[tuple[Signed, Verified]]:
    return zip(case.receipts, case.found, strict=True)


def _counted(name: str, samples: int, wrong: Sequence[str], what: str) -> Judged:
    texts = (f"{len(wrong)} {what}, the first: {wrong[0]}",) if wrong else ()
    return Judged({name: (len(wrong), samples)}, texts)
