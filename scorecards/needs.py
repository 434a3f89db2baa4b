"""What has to be filled in before evidence about a target can count: in its file, and in the environment."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.schema.gate import EvidenceSource, Gate
from gates.schema.target import Target

GUIDE = "runbooks/targets.md"
_WITHOUT_PAYMENTS = (EvidenceKind.SLO_WINDOW, EvidenceKind.SECRET_SCAN, EvidenceKind.DETERMINISM)
_BLANK = "EDIT_ME"
_TO_EDIT = re.compile(r"^\s*# .*: edit it$")
_UNSET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing to do before the gates: `where` is a file, or the environment."""

    where: str
    do: str
    runbook: str = ""


def needs_of(
    target: Target, name: str, text: str, environ: Mapping[str, str], gates: Iterable[Gate] | None = None
) -> tuple[Need, ...]:
    """What to do first, in this order; `name` is how the target was named, `text` its file, "" for one that is shipped.

    Gates that read no payment of ours need the build alone; without `gates` they do.
    """
    lines, pays = text.splitlines(), gates is None or any(_reads_payments(gate) for gate in gates)
    edits = [*_members(target, lines, pays=pays), *(_marked(lines) if pays else ())]
    unset = list(_unset(target, environ)) if pays else []
    found = [Need(name, f"Edit {name}: {'; '.join(edits)}.", GUIDE)] if edits else []
    if unset:
        where = f" ({_numbered([_place(lines, f'${{{variable}}}') for variable in unset])} of {name})" if lines else ""
        found.append(Need("environment", f"Export {_listed(unset)}{where}: requests are filled in with them.", GUIDE))
    return tuple(found)


def target_text(name: str) -> str:
    """The text of the file of that path, "" for a shipped target, in which there is nothing to fill in."""
    return Path(name).read_text(encoding="utf-8") if name.endswith((".yaml", ".yml")) else ""


def _reads_payments(gate: Gate) -> bool:
    """Whether a criterion is judged by a step that makes payments."""
    return any(
        isinstance(item.source, EvidenceSource) and item.source.predicate_type not in _WITHOUT_PAYMENTS for item in gate.criteria
    )


def _members(target: Target, lines: Sequence[str], *, pays: bool) -> Iterator[str]:
    audit = target.audit
    if target.build is None:
        yield f"fill in `build`{_line_of(lines, 'build')}, because without it all evidence is stale"
    if pays and audit.ledger is None and audit.settlements is None:
        yield f"fill in `audit`{_line_of(lines, 'audit')}, because without it a payment that was settled twice is not seen"


def _marked(lines: Sequence[str]) -> Iterator[str]:
    """What `gonogo init` writes where it knows nothing: a value to replace, and the lines below a mark."""
    blanks = [number for number, line in enumerate(lines, 1) if _BLANK in line]
    if blanks:
        yield f"replace {_BLANK} in {_numbered(blanks)}"
    marked = [number for number, line in enumerate(lines, 2) if _TO_EDIT.match(line)]
    if marked:
        yield f"check {_numbered(marked)}, and delete the mark 'edit it' above each that is right"


def _unset(target: Target, environ: Mapping[str, str]) -> Iterator[str]:
    """Each variable that has neither a value nor a default, once; none where the target makes its own accounts."""
    if target.process is not None and target.process.seed:
        return
    described = msgspec.json.encode((target.base_url, target.credentials, target.variables, target.operations)).decode()
    yield from (name for name in dict.fromkeys(_UNSET.findall(described)) if not environ.get(name))


def _line_of(lines: Sequence[str], member: str) -> str:
    """Where `gonogo init` left the member as a comment to fill in; "" where the file has no such line."""
    number = _place(lines, f"# {member}:")
    return f" (line {number})" if number else ""


def _place(lines: Sequence[str], text: str) -> int:
    """The number of the first line with a text, 0 if there is none."""
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)


def _numbered(numbers: Sequence[int]) -> str:
    several = dict.fromkeys(str(number) for number in numbers if number)
    return f"line{'s' if len(several) > 1 else ''} {_listed(list(several))}"


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
