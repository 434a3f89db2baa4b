"""What the simulated rail does to each request, written in YAML or sent as JSON; a misspelt script is refused."""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
import yaml
from msgspec import Meta

Millis = Annotated[int, Meta(ge=0, le=600_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class ChargeAction(StrEnum):
    """What can happen to a request to charge. `before` and `after` mean the effect: the charge in the book."""

    OK = "ok"
    DECLINE = "decline"
    PENDING = "pending"
    SLOW = "slow"
    SLOW_BEFORE = "slow_before"
    LOST_REPLY_BEFORE = "lost_reply_before"
    LOST_REPLY_AFTER = "lost_reply_after"
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    GARBLED_AFTER = "garbled_after"
    LATE_SUCCESS = "late_success"


class LookUpAction(StrEnum):
    """What can happen to a look-up."""

    OK = "ok"
    SLOW = "slow"
    LOST_REPLY = "lost_reply"
    BAD_GATEWAY = "bad_gateway"
    NEVER_SEEN = "never_seen"


class WebhookManner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the events of a charge are delivered: how often each, how late, the last one first, or not at all."""

    copies: Annotated[int, Meta(ge=1, le=100)] = 1
    delay_ms: Millis = 0
    reordered: bool = False
    lost: bool = False


class ChargeStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instruction for `times` requests (0: all that come), of one payee or of any."""

    action: ChargeAction
    times: Count = 1
    payee: str | None = None
    delay_ms: Millis = 0
    reason: str = "declined"
    webhook: WebhookManner | None = None


class LookUpStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instruction for `times` look-ups (0: all that come)."""

    action: LookUpAction
    times: Count = 1
    delay_ms: Millis = 0


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions by weight for requests that no step takes; the seed and the request's number decide, so a storm is repeatable."""

    seed: int
    weights: dict[ChargeAction, Count]
    delay_ms: Millis = 0

    def choose(self, number: int) -> ChargeAction:
        """The action for request `number`."""
        draw = int.from_bytes(hashlib.sha256(f"{self.seed}:{number}".encode()).digest()[:8], "big")
        left = draw % max(1, sum(self.weights.values()))
        for action in sorted(self.weights):
            left -= self.weights[action]
            if left < 0:
                return action
        return ChargeAction.OK


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole script; an empty one is an honest rail. With `forgets_keys` the same key is charged again."""

    forgets_keys: bool = False
    webhook: WebhookManner = WebhookManner()
    charges: tuple[ChargeStep, ...] = ()
    look_ups: tuple[LookUpStep, ...] = ()
    mix: Mix | None = None


class Cursor:
    """How far a script has been played."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._charges = [0] * len(script.charges)
        self._look_ups = [0] * len(script.look_ups)
        self._numbers = 0

    def charge(self, payee: str) -> ChargeStep:
        """The instruction for the next request to charge this payee."""
        self._numbers += 1
        for at, step in enumerate(self.script.charges):
            if (step.times == 0 or self._charges[at] < step.times) and step.payee in (None, payee):
                self._charges[at] += 1
                return step
        mix = self.script.mix
        return ChargeStep(ChargeAction.OK) if mix is None else ChargeStep(mix.choose(self._numbers), delay_ms=mix.delay_ms)

    def look_up(self) -> LookUpStep:
        """The instruction for the next look-up."""
        for at, step in enumerate(self.script.look_ups):
            if step.times == 0 or self._look_ups[at] < step.times:
                self._look_ups[at] += 1
                return step
        return LookUpStep(LookUpAction.OK)


class ScriptProblem(Exception):
    """The script cannot be used; the text names the file and the place in it."""


Value = TypeVar("Value")


class _Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    title: str = ""


class _Document(msgspec.Struct, Generic[Value], frozen=True, forbid_unknown_fields=True, rename={"api_version": "apiVersion"}):
    api_version: Literal["gonogo/v1"]
    kind: Literal["RailScript"]
    metadata: _Metadata
    spec: Value


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses doubled keys."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[object, object]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    doubled = next((key for at, key in enumerate(keys) if key in keys[:at]), None)
    if doubled is not None:
        raise yaml.constructor.ConstructorError(None, None, f"the key {doubled!r} is given twice", node.start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_script(path: Path) -> Script:
    """Read a script file.

    Raises ScriptProblem for an absent file, a syntax error, a doubled or unknown key, a wrong type.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506  # _StrictLoader is a SafeLoader
        return msgspec.convert(raw, _Document[Script]).spec
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ScriptProblem(f"{path}: {' '.join(str(error).split())}") from None


def parse_script(body: bytes) -> Script:
    """Read a script's `spec` as JSON; raises ScriptProblem."""
    try:
        return msgspec.json.decode(body, type=Script)
    except msgspec.DecodeError as error:
        raise ScriptProblem(str(error)) from None
