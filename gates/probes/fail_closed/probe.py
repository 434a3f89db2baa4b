"""The probe fail-closed: are replays and bad requests answered as documented, and does no money move?"""

from collections.abc import Callable
from pathlib import Path
from time import sleep

import httpx
import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.client import Answer, NotRun, ServiceProblem, TargetClient
from gates.probes.conduct import Probe, Result, Skipped
from gates.probes.fail_closed.judge import refusal_faults, replay_faults
from gates.probes.fail_closed.request import Stage, build, is_foreign, make_stage, needs, prepare, send
from gates.probes.fail_closed.table import SHIPPED, Row, Table, load_table, table_sha256
from gates.probes.fail_closed.tried import ANSWERS, CODES, Answered, Tried, judge_answers
from gates.probes.money_witness import MoneyWitness
from gates.probes.openapi import read_openapi
from gates.probes.specimen import make_specimen, release
from gates.schema.canonical import Json
from gates.schema.progress import progress

TOO_MANY = 429


class Seen(msgspec.Struct, frozen=True):
    """The response to a row's request, and what is wrong with it."""

    row: Row
    answer: Answer
    faults: tuple[tuple[str, str], ...]


Pause = Callable[[float], None]


def make_probe(table_path: Path | None, pause: Pause = sleep) -> Probe:
    """The probe over the shipped table, or another."""
    path = table_path or SHIPPED
    return Probe("fail-closed", EvidenceKind.FAIL_CLOSED, (ANSWERS, CODES), _run(path, pause), table_sha256(path))


def _run(table_path: Path, pause: Pause) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Every row: a payment in the state it needs, the request, the answer, and the wallet before and after."""
        table = load_table(table_path)
        documented, source = _documented(client, table)
        release(client, make_specimen(client, table.amount))  # a service that refuses everything refuses nothing in particular
        witness = MoneyWitness(client)
        fields = prepare(client, table)
        seen: list[Seen] = []
        skipped: list[Skipped] = []
        with progress("fail-closed", len(table.rows)) as shown:
            for number, row in enumerate(table.rows):
                shown.step(number, row.name)
                role = needs(row)
                if role is not None and role not in client.credentials:
                    skipped.append(Skipped(ANSWERS, row.name, f"no credential {role}"))
                    continue
                try:
                    stage = make_stage(client, row, fields)
                except (NotRun, ServiceProblem) as problem:
                    skipped.append(Skipped(ANSWERS, row.name, problem.message))
                    continue
                if row.wait_ms:
                    pause(row.wait_ms / 1000)
                tried = _try(client, table, row, stage, witness)
                reason = _not_definite(row, tried.answer)
                if reason:
                    skipped.append(Skipped(ANSWERS, row.name, reason))
                else:
                    seen.append(tried)
            shown.step(len(table.rows))
        if not witness.can_see:
            skipped.append(Skipped(ANSWERS, "no money moved", "add spec.audit.wallet to the target file"))
        facts: dict[str, Json] = {
            "table_sha256": table_sha256(table_path),
            "table_is_shipped": table_sha256(table_path) == table_sha256(),
            "rows": len(table.rows),
            "codes_from": source,
        }
        return _result(seen, skipped, documented, facts)

    return run


def _not_definite(row: Row, answer: Answer) -> str:
    """Why an answer says nothing about the request, "" where it does."""
    limited = answer.status == TOO_MANY != row.status
    return "rate limited: raise the tenant's rate, or run the probe alone" if limited else ""


def _documented(client: TargetClient, table: Table) -> tuple[frozenset[str], str]:
    """The codes that the OpenAPI document lists; where it lists none, the table's."""
    if client.target.authorization is not None:
        codes = read_openapi(client, client.target.authorization.openapi).codes
        if codes:
            return codes, "the OpenAPI document"
    return frozenset(table.codes), "the table"


def _try(client: TargetClient, table: Table, row: Row, stage: Stage, witness: MoneyWitness) -> Seen:
    request = build(client, row, stage)
    witness.look()
    try:
        answer = send(client, request)
    except ServiceProblem as problem:
        client.send("GET", client.target.ready_path)  # raises where the service is down: then the row has no result
        return Seen(row, Answer(0, httpx.Headers(), b""), ((f"status {row.status}", problem.message),))
    if row.repeat is not None:
        faults = list(replay_faults(stage.made[row.repeat][1], answer, table.replayed_header))
    else:
        faults = list(refusal_faults(row, answer, table))
    if row.sticky:
        faults.extend(replay_faults(answer, send(client, request), table.replayed_header))
    moved = witness.moved()
    if moved:
        faults.append(("no money moves", moved))
    return Seen(row, answer, tuple(faults))


def _result(seen: list[Seen], skipped: list[Skipped], documented: frozenset[str], facts: dict[str, Json]) -> Result:
    tried = tuple(Tried(item.row.name, item.answer.status, item.answer.code, is_foreign(item.row), item.faults) for item in seen)
    result = judge_answers(Answered(tried, tuple(skipped), tuple(sorted(documented))))
    return msgspec.structs.replace(result, facts={**facts, **result.facts})
