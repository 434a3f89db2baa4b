"""What was lost? The audit's findings, each with the attempts of its payment and the lines of the books. Pure."""

from collections.abc import Iterator

from drills.page.material import Found, Material
from drills.page.model import FoundRow, Lost
from drills.restore.compare import Comparison, Loss
from drills.restore.measures import loss_in_words
from drills.storm import Line
from gates.page.witness import witness_view
from gates.page.words import counted, quantity
from gates.schema.witness import Attempt, Witness, book_lines

_SHOWN = 10
_ATTEMPTS = 12
_AUDITED = ("lost_settles", "double_settles")


def lost(material: Material) -> Lost:
    """The sentence and the findings; what was not audited is not known, and never "nothing"."""
    if material.restored is not None:
        return _after_restore(material, material.restored)
    shown = tuple(_row(material, one) for one in material.found[:_SHOWN])
    rest = len(material.found) - len(shown)
    more = f"and {rest} more in storm/check.json" if rest > 0 else ""
    style, sentence = _sentence(material)
    return Lost(style, sentence, shown, more)


def _after_restore(material: Material, restored: Comparison) -> Lost:
    """What a restore did not bring back: first what no backup explains, then the audit's findings, then the oldest losses."""
    losses = sorted(restored.losses, key=lambda one: (not one.unexplained, one.acknowledged_ns))
    lost_rows = [_loss_row(material, one) for one in losses]
    bad = sum(bool(one.unexplained) for one in losses)
    rows = [*lost_rows[:bad], *(FoundRow(text, None) for text in restored.odd)]
    rows += [*(_row(material, one) for one in material.found), *lost_rows[bad:]]
    defects = bad + len(restored.odd) + len(material.found)
    sentence = (
        f"{counted(len(losses), 'acknowledged operation')} of {restored.acknowledged:,} were lost in the restore, "
        f"{len(restored.lost_settles):,} of them settles.{_rpo(material)}"
    )
    verdict = f"{counted(defects, 'finding')} that no backup explains." if defects else "All of it is inside of the objective."
    more = f"and {len(rows) - _SHOWN} more: gonogo drill report ." if len(rows) > _SHOWN else ""
    return Lost("fail" if defects else "pass", f"{sentence} {verdict}", tuple(rows[:_SHOWN]), more)


def _loss_row(material: Material, loss: Loss) -> FoundRow:
    attempts = tuple(_attempts(material.history, loss.payment_id))
    return FoundRow(loss_in_words(loss), witness_view(Witness(loss.payment_id, attempts, ())) if attempts else None)


def _sentence(material: Material) -> tuple[str, str]:
    if material.found:
        return "fail", f"The audit of every payment has {counted(len(material.found), 'finding')}.{_rpo(material)}"
    audited = {name: material.measure(name) for name in _AUDITED}
    open_names = [name.replace("_", " ") for name, one in audited.items() if one is None or one.value is None]
    if open_names:
        reason = f": {material.report.detail}" if material.report.detail else ""
        return "unknown", f"It is not known whether anything was lost. Not audited: {', '.join(open_names)}{reason}"
    samples = max(one.samples for one in audited.values() if one is not None)
    return "pass", f"Nothing was lost: {samples:,} payments were audited one by one, and there is no finding.{_rpo(material)}"


def _rpo(material: Material) -> str:
    """RPO in seconds and settles, where it was measured."""
    count, age = material.measure("rpo_settles"), material.measure("rpo_s")
    if count is None or age is None or count.value is None or age.value is None:
        return ""
    return (
        f" RPO: {quantity(count.value, 'count')} of {count.samples:,} settles that were acknowledged before the last fault,"
        f" {quantity(age.value, 's')}."
    )


def _row(material: Material, found: Found) -> FoundRow:
    attempts = tuple(_attempts(material.history, found.payment_id))
    books = tuple(line for proof in found.witness for line in book_lines(proof))
    text = f"{found.rule.replace('_', ' ')}: {found.payment_id or 'no single payment'}: {found.detail}"
    view = witness_view(Witness(found.payment_id or "no single payment", attempts, books)) if attempts or books else None
    return FoundRow(text, view)


def _attempts(history: tuple[Line, ...], payment_id: str | None) -> Iterator[Attempt]:
    """The first attempts of the payment, in the order in which they began."""
    numbers = {line.payment for line in history if payment_id is not None and line.payment_id == payment_id}
    own = [line for line in history if line.payment in numbers and line.phase == "storm"]
    ends = {(line.process, line.start_ns): line for line in own if line.type != "invoke"}
    begun = sorted((line for line in own if line.type == "invoke"), key=lambda line: line.start_ns)
    counts: dict[str, int] = {}
    for line in begun[:_ATTEMPTS]:
        counts[line.operation] = counts.get(line.operation, 0) + 1
        yield _attempt(line, ends.get((line.process, line.start_ns)), begun[0].start_ns, counts[line.operation])


def _attempt(begun: Line, ended: Line | None, first_ns: int, number: int) -> Attempt:
    at_us = (begun.start_ns - first_ns) // 1000
    if ended is None or ended.end_ns is None:
        return Attempt(begun.operation, number, at_us, None, "open", "")
    took_us = (ended.end_ns - begun.start_ns) // 1000
    return Attempt(begun.operation, number, at_us, took_us, ended.type, ended.answer or ended.error or "")
