"""The certification matrix: for each host the version that was run, how far it came, and when; what nobody ran is unknown."""

from pathlib import Path

import msgspec

from gateway.setup.hosts.table import BY_ID, HOSTS, Host, Tier

CERTIFIED = Path(__file__).with_name("certified.json")
UNKNOWN_TIER = "unknown"
_MEANS = {
    Tier.RAN: "it connected to the server",
    Tier.READ: "its own list shows the entry",
    Tier.WRITTEN: "its format is followed; the host itself was not run",
}


class Certified(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One host's certification: the version, the tier that it reached, and the day."""

    host: str
    version: str
    tier: Tier
    on: str


class Row(msgspec.Struct, frozen=True):
    """One row of the matrix; `certified` is None where the host has not been run."""

    host: str
    title: str
    tier: Tier
    certified: Certified | None
    trap: str


def certified() -> dict[str, Certified]:
    """What was certified, by host."""
    rows = msgspec.json.decode(CERTIFIED.read_bytes(), type=tuple[Certified, ...])
    assert all(row.host in BY_ID for row in rows), "each row is about a host of the table"
    return {row.host: row for row in rows}


def tier_of(host: Host, version: str | None) -> str:
    """What is known of this version of the host; UNKNOWN_TIER where another one was certified, or none."""
    if host.tier is Tier.WRITTEN:
        return host.tier.value
    known = certified().get(host.id)
    return known.tier.value if known is not None and known.version == version else UNKNOWN_TIER


def rows() -> tuple[Row, ...]:
    """The matrix, in the order of the table."""
    known = certified()
    return tuple(Row(host.id, host.title, host.tier, known.get(host.id), host.trap) for host in HOSTS)


def as_json() -> str:
    """The matrix as JSON."""
    return msgspec.json.format(msgspec.json.encode(rows()), indent=2).decode()


def as_markdown() -> str:
    """The matrix as a table for the page."""
    lines = ["| host | certified | tier | what was seen | trap |", "|---|---|---|---|---|"]
    lines += [f"| {row.title} (`{row.host}`) | {_version(row)} | {_tier(row)} | {_seen(row)} | {row.trap} |" for row in rows()]
    return "\n".join(lines)


def as_text() -> str:
    """The matrix for a terminal."""
    return "\n".join(f"{row.host:15} {_version(row):28} {_tier(row):24} {_seen(row)}" for row in rows())


def _version(row: Row) -> str:
    return "-" if row.certified is None else f"{row.certified.version}, {row.certified.on}"


def _tier(row: Row) -> str:
    if row.tier is Tier.WRITTEN:
        return "written"
    return "unknown: not_run" if row.certified is None else row.certified.tier.value


def _seen(row: Row) -> str:
    if row.tier is Tier.WRITTEN:
        return _MEANS[Tier.WRITTEN]
    return "the host has not been run with this release" if row.certified is None else _MEANS[row.certified.tier]
