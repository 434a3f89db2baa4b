"""Load profiles: a retry storm as data, and where the profile files are."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.documents import load_document, spec_sha256
from gates.schema.errors import UsageProblem

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]
Weight = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Minor = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{0,17}$")]


class Arrivals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An open arrival process: payments start when they are due, however slow the responses are."""

    rate_per_s: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    spacing: Literal["constant", "poisson"] = "poisson"


class Amounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minor units as decimal strings; `over_limit` is an amount that the target's policy must refuse."""

    smallest: Minor = "100"
    largest: Minor = "5000"
    over_limit: Minor = "200000"


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weight of each script; the fields are the scripts."""

    reserve_only: Weight = 0
    settle: Weight = 1
    partial_settle: Weight = 0
    reverse: Weight = 0
    refund: Weight = 0
    over_limit: Weight = 0


class Duplicates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of mutations that are sent several times at once with one key, and the number of copies."""

    percent: Percent = 0
    copies: Annotated[int, msgspec.Meta(ge=2, le=16)] = 2


class Abandoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replies that the client abandons: it closes the socket after sending, or after waiting only `hurry_ms`.

    `percent` is per attempt; `hurry_percent` of those wait `hurry_ms` before they close.
    """

    percent: Percent = 0
    hurry_percent: Percent = 50
    hurry_ms: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long an attempt waits, and when a second copy is sent because the first is slow (`hedge_after_ms`)."""

    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 2000
    hedge_after_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] | None = None


class RetryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Retry with the same key until the response is known, `max_attempts` rounds are used up, or `patience_ms` is over.

    The wait before round n is base * (factor/100)^(n-1), at most `cap_ms`, shortened by up to `jitter_percent`.
    """

    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 12
    patience_ms: Milliseconds = 15_000
    base_ms: Milliseconds = 50
    factor_percent: Annotated[int, msgspec.Meta(ge=100, le=1000)] = 200
    cap_ms: Milliseconds = 1000
    jitter_percent: Percent = 50


class Replays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of acknowledged mutations that are repeated with their key after the storm."""

    percent: Percent = 20


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a run: above the lag no latency is reported, above the duration the storm is stopped."""

    generator_lag_p99_ms: Milliseconds = 100
    duration_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 120


class LoadProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One retry storm: how many payments, how fast, which scripts, and how the clients misbehave."""

    payments: Count
    arrivals: Arrivals
    mix: Mix
    amounts: Amounts = Amounts()
    think_ms: Milliseconds = 0
    duplicates: Duplicates = Duplicates()
    abandoned: Abandoned = Abandoned()
    client: Client = Client()
    retry: RetryPolicy = RetryPolicy()
    replays: Replays = Replays()
    limits: Limits = Limits()


class NamedProfile(msgspec.Struct, frozen=True):
    """A profile with the name and the title of its document, and the sha256 of its spec as it is written."""

    name: str
    title: str
    profile: LoadProfile
    sha256: str = ""


def with_payments(named: NamedProfile, payments: int) -> NamedProfile:
    """The profile with another number of payments, which makes it another profile."""
    profile = msgspec.structs.replace(named.profile, payments=payments)
    return msgspec.structs.replace(named, profile=profile, sha256=sha256_hex(f"{named.sha256}/{payments}".encode()))


def profile_folder() -> Path:
    """The folder of the shipped profiles."""
    return Path(__file__).parent / "profiles"


def shipped_profiles() -> list[NamedProfile]:
    """Every shipped profile, by name."""
    return [_load(path) for path in sorted(profile_folder().glob("*.yaml"))]


def load_profile(name_or_path: str) -> NamedProfile:
    """The profile file of that path, or the shipped one of that name.

    Raises UsageProblem naming the file and the key that is wrong, or the names that exist.
    """
    is_path = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    path = Path(name_or_path) if is_path else profile_folder() / f"{name_or_path}.yaml"
    if not is_path and not path.exists():
        names = ", ".join(sorted(item.stem for item in profile_folder().glob("*.yaml")))
        raise UsageProblem(f"no load profile is called {name_or_path!r}", next_step=f"use one of {names}, or a path to a file")
    return _load(path)


def _load(path: Path) -> NamedProfile:
    document = load_document(path, "LoadProfile", LoadProfile)
    profile = document.spec
    if not any(msgspec.structs.astuple(profile.mix)):
        raise UsageProblem(f"{path}: $.spec.mix: every weight is zero: there is nothing to send")
    if int(profile.amounts.largest) <= int(profile.amounts.smallest):
        raise UsageProblem(f"{path}: $.spec.amounts: largest must be more than smallest")
    if int(profile.amounts.smallest) < 2:
        raise UsageProblem(f"{path}: $.spec.amounts.smallest: a part of 1 cannot be settled; use 2 or more")
    return NamedProfile(document.metadata.name, document.metadata.title, profile, spec_sha256(path))
