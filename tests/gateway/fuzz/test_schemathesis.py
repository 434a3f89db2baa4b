"""schemathesis, with every check it has, finds nothing on the running gateway, whatever role is calling."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest
from gateway_process import demo, running

from gateway.api.public import PUBLIC
from gateway.commands import ROLES
from gateway.routes import ROUTES

pytestmark = pytest.mark.process

EXAMPLES = int(os.environ.get("GONOGO_FUZZ_EXAMPLES", "2"))
"""How many random requests for each operation, besides those that the schema's corners give; a nightly run sets more."""

KEY = "a-key-that-has-been-used"
HOOKS = Path(__file__).with_name("hooks.py")

# Where an id is drawn, seven times in ten it is one that exists, so that the checks see successes too.
CONFIG = """\
hooks = "{hooks}"
warnings = false
[auth.openapi.apiKey]
bearer = "{key}"
[dictionaries]
wallets.values = ["{wallet}"]
payees.values = {payees}
amounts.values = ["1", "1250", "100000"]
currencies.values = ["USD"]
keys.values = ["{used}"]
cursors.values = [""]
[parameters]
"body.wallet_id" = {{ dictionary = "wallets", probability = 0.7 }}
"body.payee_id" = {{ dictionary = "payees", probability = 0.7 }}
"body.amount" = {{ dictionary = "amounts", probability = 0.7 }}
"body.currency" = {{ dictionary = "currencies", probability = 0.7 }}
"path.wallet_id" = {{ dictionary = "wallets", probability = 0.7 }}
"path.payee_id" = {{ dictionary = "payees", probability = 0.7 }}
"path.key" = {{ dictionary = "keys", probability = 0.7 }}
"query.cursor" = {{ dictionary = "cursors", probability = 1.0 }}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running gateway and its database."""
    db = tmp_path_factory.mktemp("fuzz") / "gateway.db"
    with running(db, "--rail", "practice") as gateway:
        yield gateway, db


def operations(role):
    """What the role may call; the public routes are tried by one role, which is enough."""
    public = [route.kind for route in PUBLIC] if role == "finance" else []
    return [route.kind for route in ROUTES if role in route.roles] + public


def prepare(gateway, db, role, folder):
    """A tenant of the role's own, since one role's policies and pauses would disturb another's payments."""
    tenant = demo(db, role)
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1250", "currency": "USD"}
    headers = {"authorization": f"Bearer {tenant['agent_key']}", "idempotency-key": KEY}
    assert httpx.post(f"{gateway.url}/v1/payments", json=body, headers=headers).status_code == 201
    config = folder / "schemathesis.toml"
    payees = msgspec.json.encode(tenant["payee_ids"]).decode()
    text = CONFIG.format(hooks=HOOKS, key=tenant[f"{role}_key"], wallet=tenant["wallet_id"], payees=payees, used=KEY)
    config.write_text(text)
    return config


@pytest.mark.deeper(minutes=5)
@pytest.mark.parametrize("role", ROLES)
def test_schemathesis_finds_nothing(served, role, tmp_path):
    """Examples, coverage, fuzzing and stateful phases over every operation of the role; the seed makes it repeatable."""
    gateway, db = served
    config = prepare(gateway, db, role, tmp_path)
    wanted = operations(role)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        f"{gateway.url}/schema/openapi.json",
        *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1", "--no-color", "--suppress-health-check", "all"),
        *(part for kind in wanted for part in ("--include-operation-id", kind)),
    ]
    path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(wanted)}" in done.stdout
    assert "No issues found" in done.stdout
    assert httpx.get(f"{gateway.url}/readyz").status_code == 200
    assert [line for line in gateway.log() if line["event"] == "unhandled" or line.get("status", 0) >= 500] == []
