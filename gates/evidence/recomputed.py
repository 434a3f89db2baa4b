"""What a room computes again from the raw files of a statement, as its `recompute` command prints it."""

import msgspec

from gates.evidence.statement import Cohort, Measure, Status
from gates.schema.canonical import canonical_json


class Recomputed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kind of the statement, the measures, and how the run ended, before its clock was looked at.

    `finished_at`, `build` and `cohort` are what the raw files say themselves, None where they do not.
    """

    kind: str
    measures: dict[str, Measure]
    status: Status
    finished_at: str | None = None
    build: str | None = None
    cohort: Cohort | None = None


def recomputed_bytes(found: Recomputed) -> bytes:
    """The canonical JSON of it."""
    return canonical_json(found)


def read_recomputed(data: bytes) -> Recomputed:
    """Read it back; raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(data, type=Recomputed)
