"""Did money move? The wallet, read before and after; where it differs, the ledger shows whether only a hold expired."""

from collections.abc import Mapping

from gates.probes.audit_trail import read_ledger
from gates.probes.client import ServiceProblem, TargetClient
from gates.schema.canonical import Json

_BALANCES = ("available", "held")


class MoneyWitness:
    """Watches the target's wallet across one request at a time."""

    def __init__(self, client: TargetClient) -> None:
        self._client = client
        self._wallet = client.target.audit.wallet
        self._seq = self._tail(0)
        self._before: Json = None

    @property
    def can_see(self) -> bool:
        """Whether the target names where a wallet can be read."""
        return self._wallet is not None

    def look(self) -> None:
        """Remember how things stand."""
        self._before = self._balances()
        self._seq = self._tail(self._seq)

    def moved(self) -> str | None:
        """What moved since the last look, or None. Holds of others that ran out meanwhile do not count."""
        after = self._balances()
        if after == self._before:
            return None
        if self._client.target.audit.ledger is not None:
            kinds = [entry.kind for entry in read_ledger(self._client, self._seq) if entry.kind != "expire"]
            return f"new ledger lines: {', '.join(kinds)}" if kinds else None
        return f"{_plain(self._before)} became {_plain(after)}"

    def _balances(self) -> Json:
        if self._wallet is None:
            return None
        answer = self._client.perform(self._wallet, {})
        if answer.status != 200:
            raise ServiceProblem(
                f"GET {self._wallet.path} answered {answer.status}: nobody can see whether money moved",
                next_step="correct spec.audit.wallet, or the credential of its role",
            )
        body = answer.json()
        if isinstance(body, Mapping) and all(name in body for name in _BALANCES):
            return {name: body[name] for name in _BALANCES}
        return body

    def _tail(self, after: int) -> int:
        if self._client.target.audit.ledger is None:
            return 0
        entries = read_ledger(self._client, after)
        return entries[-1].seq if entries else after


def _plain(balances: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in balances.items()) if isinstance(balances, dict) else str(balances)
