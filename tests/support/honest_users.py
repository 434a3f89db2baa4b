"""New users of a service that is a fake one: its funnel, journals of setups, and the shipped criteria that judge them."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
from fake_payments import FakeService
from honest_state import Ending, gate
from setup_files import Funnel, Setup, write_journals

from gates.schema.gateset import load_gates
from gates.schema.time import format_utc, system_clock

BUILD = "c" * 64
"""The build that the fake service reports."""
TARGET = """apiVersion: gonogo/v1
kind: Target
metadata: {{name: shop}}
spec:
  base_url: {url}
  currency: USD
  credentials: {{operator: Bearer {token}}}
  variables: {{}}
  operations: {{}}
  audit:
    funnel: {{method: GET, path: "/v1/house/funnel?after={{after}}", role: operator}}
  build: {{path: /v1/status, pointer: /build}}
"""


def ago(days: float) -> str:
    """A moment so many days before now."""
    return format_utc(system_clock() - dt.timedelta(days=days))


class Shop(FakeService):
    """The fake service, with the funnel of its new users."""

    def __init__(self) -> None:
        super().__init__()
        self.funnel = Funnel()

    def answer(self, method, target, headers, body):
        """The funnel, or what the fake service answers."""
        path, _, query = target.partition("?after=")
        if path != "/v1/house/funnel":
            return super().answer(method, target, headers, body)
        lines = [line for line in self.funnel.data.splitlines(keepends=True) if msgspec.json.decode(line)["seq"] > int(query)]
        return 200, {"Content-Type": "application/x-ndjson"}, b"".join(lines)


class NewUsers:
    """Probes of the shop, and their judgement by criteria of the shipped gates."""

    def __init__(self, folder: Path, shop: Shop, url: str, token: str, gonogo: Callable[..., Ending]) -> None:
        self.folder, self.shop, self._gonogo = folder, shop, gonogo
        self.target = folder / "shop.yaml"
        self.target.write_text(TARGET.format(url=url, token=token))

    def probe(self, name: str, *arguments: object) -> Ending:
        """`gonogo gate probe NAME ...`."""
        return self._gonogo("gate", "probe", name, *arguments, "--target", self.target, "--out", self.folder / "out")

    def journals(self, *setups: Setup) -> Ending:
        """The probe over the journals of these setups."""
        return self.probe("setup-journal", write_journals(self.folder / "setups", *setups))

    def judged(self, *criteria: str) -> Ending:
        """The verdict by these criteria of the shipped gates."""
        shipped = [one for each in load_gates() for one in each.criteria if one.id in criteria]
        chosen = [msgspec.to_builtins(one) for one in shipped]
        assert len(chosen) == len(criteria), criteria
        path = self.folder / "gates" / "mine.yaml"
        (path.parent / "runbooks").mkdir(parents=True, exist_ok=True)
        (path.parent / "runbooks" / "money.md").touch()
        spec = {"gates": [gate(*chosen, id="onboarding-quality", letter="A")]}
        document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": spec}
        path.write_bytes(msgspec.yaml.encode(document))
        return self._gonogo("gate", "run", "--gates", path.parent, "--target", self.target)

    def judged_users(self, *criteria: str) -> Ending:
        """The verdict after the funnel was read."""
        self.probe("onboarding-funnel")
        return self.judged(*criteria)
