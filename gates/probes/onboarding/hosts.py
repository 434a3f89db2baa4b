"""Which hosts, of which version, did setups change, and what is known of each? Journals against the matrix. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from gates.evidence.statement import Measure
from gates.probes.onboarding.journal import Journal
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason

UNCERTIFIED = "setups_on_uncertified_hosts"
WRITTEN, UNKNOWN_TIER = "written", "unknown"
TIERS = ("ran", "read", WRITTEN, UNKNOWN_TIER)
"""From a host that was seen to connect to one of which nothing is known at this version."""


class Certified(msgspec.Struct, frozen=True):
    """The version for which a tier was shown."""

    version: str


class Known(msgspec.Struct, frozen=True):
    """One row of `gonogo host matrix`; `certified` is None where the host was not run."""

    host: str
    tier: str
    certified: Certified | None = None


class Looked(msgspec.Struct, frozen=True):
    """One host, as `gonogo host matrix --run` saw it."""

    host: str
    tier: Literal["ran", "read", "written"]
    result: Literal["confirmed", "stale", "not_run", "other_version", "written"]
    detail: str
    certified: str | None = None
    found: str | None = None


class Met(msgspec.Struct, frozen=True, order=True):
    """A host as a setup met it, with what the matrix knows of that version."""

    host: str
    version: str
    tier: str


def looked_at(text: str) -> tuple[Looked, ...]:
    """The hosts in a document; raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(text, type=tuple[Looked, ...])


def hosts_met(journal: Journal, matrix: Sequence[Known]) -> tuple[Met, ...]:
    """The hosts of one setup; the tier is the matrix's for that version, whatever the journal says."""
    met = next((line.found.hosts for line in reversed(journal.lines) if line.found and line.found.hosts), ())
    known = {row.host: row for row in matrix}
    return tuple(Met(one.host, one.version or "", _tier(known.get(one.host), one.version)) for one in met)


def _tier(row: Known | None, version: str | None) -> str:
    if row is None:
        return UNKNOWN_TIER
    if row.tier == WRITTEN:
        return WRITTEN
    return row.tier if row.certified is not None and row.certified.version == version else UNKNOWN_TIER


def on_uncertified(met: Sequence[Met], skipped: int) -> Measure:
    """How many times a setup changed a host of a version that the matrix does not know; the samples are all times."""
    parts = {tier: sum(one.tier == tier for one in met) for tier in TIERS}
    if not met:
        detail = "no setup changed the file of a host"
        unknown = UnknownReason.TOO_FEW_SAMPLES
        return Measure(None, "count", skipped=skipped, unknown=unknown, detail=detail, made_of=parts)
    names = sorted({f"{one.host} {one.version or 'of no known version'}" for one in met if one.tier == UNKNOWN_TIER})
    detail = ", ".join(names)
    return Measure(str(parts[UNKNOWN_TIER]), "count", samples=len(met), skipped=skipped, detail=detail, made_of=parts)


def host_facts(met: Iterable[Met]) -> list[Json]:
    """For people: each host and version, its tier, and by how many setups it was changed."""
    return [
        {"host": one.host, "version": one.version, "tier": one.tier, "setups": count}
        for one, count in sorted(Counter(met).items())
    ]
