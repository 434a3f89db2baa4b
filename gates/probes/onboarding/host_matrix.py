"""The probe host-matrix: is each host still as the certification matrix says? The hosts that are installed here are run."""

from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.client import TargetClient
from gates.probes.conduct import Finding, Probe, Result, Skipped, counted
from gates.probes.onboarding.hosts import Looked, looked_at
from gates.probes.onboarding.reading import run_hosts
from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem

NOT_AS_CERTIFIED = "hosts_not_as_certified"
MEASURES = (NOT_AS_CERTIFIED,)
LOOKED = "hosts.json"


def _run(client: TargetClient) -> Result:  # noqa: ARG001  # no service is read: hosts are programs of this machine
    text = run_hosts()
    return msgspec.structs.replace(_judged(text), raw={LOOKED: text})


PROBE = Probe("host-matrix", EvidenceKind.HOST_MATRIX, MEASURES, _run, is_offline=True)


def _judged(text: str) -> Result:
    """A host that is not as certified is a finding; one that was not run at its version is skipped, and so is never a pass."""
    hosts = looked_at(text)
    ran = [one for one in hosts if one.result in ("confirmed", "stale")]
    findings = tuple(
        Finding(NOT_AS_CERTIFIED, f"{one.host} {one.certified}", f"{one.tier}, as certified", one.detail)
        for one in ran
        if one.result == "stale"
    )
    lacking = (one for one in hosts if one.result in ("not_run", "other_version"))
    skipped = tuple(Skipped(NOT_AS_CERTIFIED, one.host, one.detail) for one in lacking)
    to_change = "install the hosts at the versions of `gonogo host matrix`, then `gonogo host matrix --run`"
    measure = counted(NOT_AS_CERTIFIED, len(ran), findings, skipped, to_change=to_change)
    tiers = {name: sum(one.tier == name and one.result == "confirmed" for one in hosts) for name in ("ran", "read")}
    facts: dict[str, Json] = {"hosts": [_fact(one) for one in hosts]}
    parts = {**tiers, "written": sum(one.result == "written" for one in hosts)}
    return Result({NOT_AS_CERTIFIED: msgspec.structs.replace(measure, made_of=parts)}, findings, skipped, facts=facts)


def _fact(one: Looked) -> Json:
    return {"host": one.host, "version": one.certified or "", "tier": one.tier, "result": one.result, "found": one.found or ""}


def again(folder: Path) -> Result:
    """The result of the raw file in a folder."""
    try:
        return _judged((folder / LOOKED).read_text("utf-8"))
    except FileNotFoundError:
        raise UsageProblem(
            f"{folder / LOOKED}: no such file", next_step="give a folder with the raw files of a statement"
        ) from None
