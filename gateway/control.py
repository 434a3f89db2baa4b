"""What administrators and operators do: wallets, payees, policies, pause and resume. The journal row is the audit."""

import datetime as dt

from msgspec import UNSET

from gateway.answers import ModeView, PayeeView, PolicyView, WalletView
from gateway.canonical import canonical
from gateway.commands import CreatePayee, CreateWallet, Pause, PutPolicy, Resume
from gateway.errors import Code, Refusal
from gateway.policy import policy_sha256
from gateway.policy.draft import contradiction, draft
from gateway.store.port import Transaction
from gateway.store.rows import Mode, NewPayee
from gateway.work import Made, Work

MOST_POLICIES_A_DAY = 200
"""Policies that a tenant may put within 24 hours: at 64 KiB each they let the database grow by 12.5 MiB."""


def create_wallet(tx: Transaction, work: Work, command: CreateWallet) -> Made:
    """An empty wallet."""
    tenant_id, wallet_id = work.request.principal.tenant_id, f"wal_{work.suffix}"
    tx.tenants.add_wallet(tenant_id, wallet_id, command.currency, work.now_text)
    view = WalletView(wallet_id, tenant_id, command.currency, "0", "0", work.now_text)
    return Made(view, location=f"/v1/wallets/{wallet_id}")


def create_payee(tx: Transaction, work: Work, command: CreatePayee) -> Made:
    """A payee that is owed nothing yet."""
    tenant_id, payee_id = work.request.principal.tenant_id, f"pye_{work.suffix}"
    category = "" if command.category is UNSET else command.category
    tx.tenants.add_payee(NewPayee(tenant_id, payee_id, command.name, command.currency, work.now_text, category))
    view = PayeeView(payee_id, tenant_id, command.name, command.currency, "0", work.now_text, category)
    return Made(view, location=f"/v1/payees/{payee_id}")


def put_policy(tx: Transaction, work: Work, command: PutPolicy) -> Made | Refusal:
    """A policy that is in force from the commit on."""
    full = _policies_are_many(tx, work.request.principal.tenant_id, work.now_text)
    if full is not None:
        return full
    policy = draft(command)
    fault = contradiction(policy)
    if fault is not None:
        return Refusal(Code.POLICY_UNUSABLE, fault)
    digest = policy_sha256(policy)
    tx.tenants.add_policy(work.request.principal.tenant_id, digest, canonical(policy), work.now_text)
    tx.forget_settings()
    return Made(PolicyView(digest, policy), location=f"/v1/policies/{digest}")


def _policies_are_many(tx: Transaction, tenant_id: str, now: str) -> Refusal | None:
    """Policies are kept for ever, so how many a tenant may put is limited; nobody changes limits so often by hand."""
    oldest = tx.tenants.policy_put_at(tenant_id, MOST_POLICIES_A_DAY)
    if oldest is None:
        return None
    wait = dt.datetime.fromisoformat(oldest) + dt.timedelta(days=1) - dt.datetime.fromisoformat(now)
    if wait <= dt.timedelta():
        return None
    detail = f"This tenant has put {MOST_POLICIES_A_DAY} policies within 24 hours, which is the most."
    return Refusal(Code.RATE_LIMITED, detail, after_ms=int(wait.total_seconds() * 1000))


def pause(tx: Transaction, work: Work, command: Pause) -> Made:
    """Refuse new reserves; a second pause is no error, and its reason replaces the first."""
    return _set_mode(tx, work, "paused", command.reason)


def resume(tx: Transaction, work: Work, command: Resume) -> Made:
    """Take new reserves again; of a tenant that is not paused, too."""
    return _set_mode(tx, work, "normal", command.reason)


def _set_mode(tx: Transaction, work: Work, mode: str, reason: str) -> Made:
    by = work.request.principal
    tx.tenants.set_mode(by.tenant_id, Mode(mode, reason, work.now_text, by.agent_id))
    tx.forget_settings()
    return Made(ModeView(mode, reason, work.now_text, by.agent_id), status=200)
