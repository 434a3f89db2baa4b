"""`gonogo gate` with `run` and `loosen`, which have to know what the scorecards show."""

from collections.abc import Mapping
from typing import ClassVar

from gates.cli import gate as of_the_gates
from gates.lazy import Later, LazyGroup


class _Gate(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        **getattr(of_the_gates, "later", {}),
        "run": Later("scorecards.gate_run:run", "Judge the gates by stored evidence: may we launch?"),
        "loosen": Later("scorecards.loosen:loosen", "Allow an automatic NO GO criterion to be loosened; two people sign."),
    }


gate = _Gate("gate", commands=of_the_gates.commands, help=of_the_gates.help)
