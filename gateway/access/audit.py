"""Who did what to keys, tenants and people: a journal row of its own, the same whether a route or a command did it."""

from collections.abc import Mapping
from typing import Literal

from gateway.ids import Ids
from gateway.journal import system_row
from gateway.store.port import Transaction
from gateway.work import Work

Act = Literal[
    "api_key_made",
    "api_key_rotated",
    "api_key_revoked",
    "bootstrap_key_made",
    "bootstrap_key_used",
    "house_key_made",
    "house_person_set",
    "sign_up_set",
    "tenant_made",
    "tenant_disabled",
    "tenant_enabled",
    "cohort_set",
    "person_admitted",
    "person_joined",
    "person_removed",
    "address_forgotten",
    "address_unlocked",
]


def audit(tx: Transaction, when: tuple[str, Ids], actor: str, tenant_id: str, act: Act, facts: Mapping[str, object]) -> None:
    """Write the row under the tenant that it is about; the facts hold no secret and no address."""
    now, ids = when
    tx.add_operation(system_row(tenant_id, act, now, ids.suffix(), actor, facts))


def audit_request(tx: Transaction, work: Work, tenant_id: str, act: Act, facts: Mapping[str, object]) -> None:
    """The same for what a caller requested; the row of the request itself follows, with the key that led to it."""
    by = work.request.principal
    who = {"by_key": by.key_id, "by_person": by.person_id}
    audit(tx, (work.now_text, work.ids), by.agent_id, tenant_id, act, {**facts, **who})
