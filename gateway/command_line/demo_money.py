"""Money that nobody paid in: for wallets of simulated tenants alone, and a journal entry like any other."""

from gateway.access.funnel import note
from gateway.access.labels import cohort_now
from gateway.access.steps import FunnelEvent
from gateway.command_line.house import acting
from gateway.errors import StartProblem
from gateway.ids import Ids
from gateway.journal import system_row
from gateway.ledger import Movement
from gateway.next_command import next_command
from gateway.settings import Settings
from gateway.store.port import Transaction
from gateway.store.rows import WalletRow


def give_demo_money(settings: Settings, tenant_id: str, wallet_id: str, amount: int, by: str) -> WalletRow:
    """Put minor units into a wallet; returns it with its new balance. Raises StartProblem for a tenant that is not simulated."""
    with acting(settings, by) as act:
        wallet = act.tx.wallet(tenant_id, wallet_id)
        if wallet is None:
            raise StartProblem(f"{tenant_id} has no wallet {wallet_id}")
        cohort = cohort_now(act.tx.access.house.labels(tenant_id))
        if cohort != "simulated":
            label = next_command(f"gonogo gateway tenant cohort {tenant_id} simulated --reason WHY", {"--db": settings.db})
            step = f"label it first: {label}; it stays simulated for good"
            raise StartProblem(f"demo money is for simulated tenants alone, and the cohort of {tenant_id} is {cohort}; {step}")
        fund(act.tx, tenant_id, wallet, amount, (act.maker.now, act.maker.ids), by)
        for event in (FunnelEvent.FUNDING_SUBMITTED, FunnelEvent.FUNDED):
            note(act.tx, act.maker.now, event, tenant_id=tenant_id)
        funded = act.tx.wallet(tenant_id, wallet_id)
        assert funded is not None, "it was there a statement ago"
        return funded


def fund(tx: Transaction, tenant_id: str, wallet: WalletRow, amount: int, when: tuple[str, Ids], by: str = "system") -> None:
    """Move money into a wallet from the rail's clearing account."""
    now, ids = when
    clearing = tx.tenants.account(tenant_id, "system/rail_clearing", wallet.currency, may_go_negative=True)
    request = {"amount": str(amount), "simulated": True, "wallet_id": wallet.wallet_id}
    seq = tx.add_operation(system_row(tenant_id, "fund", now, ids.suffix(), by, request, entry_kind="fund"))
    tx.add_movements(seq, tenant_id, wallet.currency, (Movement(clearing, wallet.available_account, amount),))
