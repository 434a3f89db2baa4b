"""Rows as callers see them: amounts become strings, columns that are ours alone stay here."""

from gateway.answers import PayeeView, PaymentView, WalletView
from gateway.store.rows import PayeeRow, PaymentRow, WalletRow


def payment_view(row: PaymentRow) -> PaymentView:
    """A payment for its tenant."""
    return PaymentView(
        payment_id=row.payment_id,
        tenant_id=row.tenant_id,
        wallet_id=row.wallet_id,
        payee_id=row.payee_id,
        agent_id=row.agent_id,
        state=row.state.value,
        currency=row.currency,
        authorized=str(row.authorized),
        settled=str(row.settled),
        released=str(row.released),
        open=str(row.open),
        refunded=str(row.refunded),
        charged_back=str(row.charged_back),
        expires_at=row.expires_at,
        created_at=row.created_at,
        client_reference=row.client_reference,
        purpose=row.purpose,
    )


def wallet_view(tenant_id: str, row: WalletRow) -> WalletView:
    """A wallet for its tenant."""
    return WalletView(row.wallet_id, tenant_id, row.currency, str(row.available), str(row.held), row.created_at)


def payee_view(tenant_id: str, row: PayeeRow) -> PayeeView:
    """A payee for its tenant."""
    return PayeeView(row.payee_id, tenant_id, row.name, row.currency, str(row.payable), row.created_at)
