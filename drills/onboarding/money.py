"""Demo money for a wallet of a simulated tenant: the gateway's own command, which refuses every other tenant."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv

LIMIT_S = 60


def giver(db: Path) -> Callable[[str, str], None]:
    """What puts demo money into a wallet (tenant, wallet) of this database; raises UnknownProblem where it does not."""

    def give(tenant_id: str, wallet_id: str) -> None:
        argv = room_argv("gateway", "demo-money", "--db", str(db), "--tenant", tenant_id, "--wallet", wallet_id, "--by", "setups")
        done = subprocess.run(argv, capture_output=True, timeout=LIMIT_S, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["no message"]
            raise UnknownProblem(f"gonogo gateway demo-money: exit {done.returncode}: {said[0]}")

    return give
