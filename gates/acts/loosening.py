"""Is a loosened criterion allowed? By an act about the criterion exactly as it is now."""

import datetime as dt
from collections.abc import Iterable

from gates.acts.store import HeldAct
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.gate import Criterion
from gates.schema.time import parse_utc


def criterion_sha256(criterion: Criterion | None) -> str:
    """The digest that a loosening is about: of the criterion with every member, or of nothing where it was removed."""
    return sha256_hex(canonical_json(criterion))


def find_loosening(acts: Iterable[HeldAct], name: str, criterion: Criterion | None, since: dt.datetime) -> HeldAct | None:
    """The newest loosening of `name` (GATE/CRITERION) to its present form; None where nobody signed that.

    Only one signed after `since`, the moment of the scorecard with the former bar, counts: an old one is not used twice.
    """
    digest = criterion_sha256(criterion)
    about = [
        held
        for held in acts
        if (held.statement.about.name, held.statement.about.digest.sha256) == (name, digest)
        and parse_utc(held.statement.predicate.at) > since
    ]
    return max(about, key=lambda held: held.statement.predicate.at, default=None)
