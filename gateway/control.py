"""What administrators and operators do: wallets, payees, policies, pause and resume. The journal row is the audit."""

from collections.abc import Callable

from msgspec import UNSET

from gateway.answers import ModeView, PayeeView, PolicyView, WalletView
from gateway.canonical import canonical
from gateway.commands import Command, CreatePayee, CreateWallet, Pause, Principal, PutPolicy, Resume
from gateway.errors import Code, Refusal
from gateway.policy import policy_sha256
from gateway.policy.draft import contradiction, draft
from gateway.store.rows import Mode, NewPayee
from gateway.store.tenants import TenantStore
from gateway.work import Made


def create_wallet(store: TenantStore, principal: Principal, command: CreateWallet, now: str, suffix: str) -> Made:
    """An empty wallet."""
    wallet_id = f"wal_{suffix}"
    store.add_wallet(principal.tenant_id, wallet_id, command.currency, now)
    view = WalletView(wallet_id, principal.tenant_id, command.currency, "0", "0", now)
    return Made(view, location=f"/v1/wallets/{wallet_id}")


def create_payee(store: TenantStore, principal: Principal, command: CreatePayee, now: str, suffix: str) -> Made:
    """A payee that is owed nothing yet."""
    payee_id = f"pye_{suffix}"
    category = "" if command.category is UNSET else command.category
    store.add_payee(NewPayee(principal.tenant_id, payee_id, command.name, command.currency, now, category))
    view = PayeeView(payee_id, principal.tenant_id, command.name, command.currency, "0", now, category)
    return Made(view, location=f"/v1/payees/{payee_id}")


def put_policy(store: TenantStore, principal: Principal, command: PutPolicy, now: str, suffix: str) -> Made | Refusal:  # noqa: ARG001  # the signature that all control handlers share
    """A policy that is in force from the commit on."""
    policy = draft(command)
    fault = contradiction(policy)
    if fault is not None:
        return Refusal(Code.POLICY_UNUSABLE, fault)
    digest = policy_sha256(policy)
    store.add_policy(principal.tenant_id, digest, canonical(policy), now)
    return Made(PolicyView(digest, policy), location=f"/v1/policies/{digest}")


def set_mode(store: TenantStore, principal: Principal, command: Pause | Resume, now: str, suffix: str) -> Made:  # noqa: ARG001  # the signature that all control handlers share
    """Pause or resume; doing it twice is no error, the last reason stands."""
    mode = "paused" if isinstance(command, Pause) else "normal"
    store.set_mode(principal.tenant_id, Mode(mode, command.reason, now, principal.agent_id))
    return Made(ModeView(mode, command.reason, now, principal.agent_id), status=200)


HANDLERS: dict[type[Command], Callable[..., Made | Refusal]] = {
    CreateWallet: create_wallet,
    CreatePayee: create_payee,
    PutPolicy: put_policy,
    Pause: set_mode,
    Resume: set_mode,
}
