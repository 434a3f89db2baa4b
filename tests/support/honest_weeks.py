"""Scorecards week by week, through `gonogo scorecard build` in a rehearsal, whose clock the tests step."""

import base64
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from honest_state import BUILD, Ending, State, gate

from gates.evidence.dsse import Signer
from gates.evidence.statement import PAYLOAD_TYPE, Measure, Statement
from gates.log.entry import EntryKind
from gates.schema.canonical import canonical_json
from gates.schema.target import load_target


class Weeks:
    """A rehearsal's state folder: its own key may make any week official, and nobody else trusts it."""

    def __init__(self, home: Path, folder: Path, gonogo: Callable[..., Ending], monkeypatch: pytest.MonkeyPatch) -> None:
        self._gonogo, self._folder, self._number = gonogo, folder, 0
        self._clock = folder / "clock"
        self.at("2026-11-01", "00:00")
        monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(self._clock))
        assert gonogo("state", "init", "--rehearsal").code == 0
        self.state = State(home, folder, gonogo)

    def at(self, day: str, moment: str) -> None:
        """Step the clock."""
        self._clock.write_text(f"{day}T{moment}:00Z")

    def measure(self, day: str, double_settles: Measure, moment: str = "09:00", **more: Measure) -> None:
        """Evidence of a day."""
        self.at(day, moment)
        self.state.record({"double_settles": double_settles, **more}, at=f"{day}T{moment}:00.000Z")

    def card(self, day: str, moment: str, *gates: dict[str, object], more: tuple[object, ...] = ()) -> Ending:
        """The scorecard of a moment; the first one of a week from Friday 12:00 on is the official one."""
        self.at(day, moment)
        path = self.state.gate_file(*(gates or (gate(),)))
        self._number += 1
        return self._gonogo("scorecard", "build", "--gates", path, "--build", BUILD, "--out", self.folder, *more)

    def judge(self, *gates: dict[str, object]) -> Ending:
        """`gonogo gate run` at the moment of the last card."""
        return self.state.judge(*gates, now=None)

    @property
    def folder(self) -> Path:
        """The folder of the last scorecard."""
        return self._folder / f"card-{self._number}"

    def spec(self) -> dict[str, dict[str, object]]:
        """The last scorecard."""
        return msgspec.yaml.decode((self.folder / "scorecard.yaml").read_bytes())["spec"]

    def target_that_accepts_more(self) -> str:
        """The target file of `local`, with one more status that counts as a settle that worked."""
        named = load_target("local")
        settle = named.target.operations["settle"]
        more = {**named.target.operations, "settle": msgspec.structs.replace(settle, success=(*settle.success, 409))}
        spec = msgspec.to_builtins(msgspec.structs.replace(named.target, operations=more))
        document = {"apiVersion": "gonogo/v1", "kind": "Target", "metadata": {"name": "local"}, "spec": spec}
        path = self._folder / "local.yaml"
        path.write_bytes(msgspec.yaml.encode(document))
        return str(path)


def card_in(folder: Path) -> Statement:
    """The statement that a review folder's scorecard was signed with."""
    envelope = msgspec.json.decode((folder / "scorecard.intoto.json").read_bytes())
    return msgspec.json.decode(base64.b64decode(envelope["payload"]), type=Statement)


def forged(card: Statement, signer: Signer, files: dict[str, str] | None = None, **facts: object) -> bytes:
    """The card with other facts and digests of files, signed again; `past` is merged."""
    known = card.predicate.facts
    past = {**known["past"], **facts.pop("past", {})}  # type: ignore[dict-item]  # a mapping
    predicate = msgspec.structs.replace(card.predicate, facts={**known, **facts, "past": past})
    new = files or {}
    subjects = (msgspec.structs.replace(one, digest={"sha256": new.get(one.name, one.digest["sha256"])}) for one in card.subject)
    statement = msgspec.structs.replace(card, predicate=predicate, subject=tuple(subjects))
    return msgspec.json.encode(signer.sign(PAYLOAD_TYPE, canonical_json(statement)))


def list_card(state: State, data: bytes) -> None:
    """List a card as official, as somebody with the evidence key could."""
    state.store.append(state.signer, EntryKind.CARD, data)
