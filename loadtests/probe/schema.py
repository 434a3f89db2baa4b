"""What a probe found, as values: each request in plain words, what was read back, and what cannot be judged with this file."""

from typing import Literal

import msgspec

Outcome = Literal["understood", "misdescribed", "unavailable", "unclear"]
"""`misdescribed`: the target's file does not fit. `unavailable`: no answer, 5xx, or another time on the service's clock.
`unclear`: a payment was refused, or answers and read-back do not agree."""
Meaning = Literal["acknowledged", "refused", "unknown"]


class Said(msgspec.Struct, frozen=True):
    """One request of the probe and its answer. `again` is a repeat under the same key, which `same` compares with the first.

    `request` is method and path with the payment's id filled in. `amount` is in minor units. `found_id` is what `id_pointer`
    led to. `difference` is the first place in which the repeat's answer differs ("" for the whole of it).
    """

    operation: str
    request: str
    amount: str | None
    answer: str
    meaning: Meaning
    found_id: str | None
    took_ms: int
    again: bool = False
    same: bool | None = None
    difference: str | None = None


class ReadBack(msgspec.Struct, frozen=True):
    """One of the places where the service shows what it has booked: what was found there, or why it could not be read."""

    source: str
    found: bool
    text: str


class Unjudged(msgspec.Struct, frozen=True):
    """What no run can judge with this target file, the reason, and the criteria of the target's gates that are unknown then.

    `measures` are those of a load run, where it is about some of them.
    """

    what: str
    because: str
    criteria: tuple[str, ...]
    measures: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """A whole probe. `problem` and `next_step` say what ended it early, or what was not understood; else they are empty.

    `differences` are where the answers and the read-back disagree: by a wrong description, or by a fault of the service.
    """

    target: str
    base_url: str
    outcome: Outcome
    problem: str
    next_step: str
    requests: tuple[Said, ...]
    read_back: tuple[ReadBack, ...]
    differences: tuple[str, ...]
    clock: str
    build: str
    unjudged: tuple[Unjudged, ...]
