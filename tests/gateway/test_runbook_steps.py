"""The runbooks' own steps, run as they stand: every `sh` block of a page, in order, against a gateway with a simulated rail."""

import os
import re
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from gateway_process import WAIT_S, command, demo, running

from gateway.commands import ROLES

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PAGES = ("approvals.md", "key-rotation.md")
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
KEY = "the-key-that-the-page-asks-about"

# `gonogo` is this tree's, whatever is installed; curl fails where the service refuses: a page cannot pass by being refused.
PRELUDE = """
set -euo pipefail
gonogo() { "$PYTHON" -m scorecards "$@"; }
curl() { command curl --fail-with-body --max-time 20 "$@"; }
"""


@contextmanager
def a_rail(folder):
    """A simulated rail; its URL."""
    argv = command("rail", "--book", str(folder / "rail.db"))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield msgspec.json.decode(process.stdout.readline())["url"]
        finally:
            process.kill()


def pay(gateway, tenant):
    """A payment and a payout, so that there is something to look at; the payment's body."""
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "500", "currency": "USD"}
    steps = [("/v1/payments", "agent", body, KEY)]
    steps += [("{location}/settle", "agent", {}, f"{KEY}-settle")]
    steps += [
        ("/v1/payouts", "finance", {key: body[key] for key in ("payee_id", "currency")} | {"amount": "100"}, f"{KEY}-payout")
    ]
    location = ""
    for path, role, content, key in steps:
        headers = {"authorization": f"Bearer {tenant[f'{role}_key']}", "idempotency-key": key}
        answer = httpx.post(f"{gateway.url}{path.format(location=location)}", json=content, headers=headers)
        assert answer.status_code < 300, answer.text
        location = answer.headers.get("location", location)
    return msgspec.json.encode(body).decode()


@pytest.mark.parametrize("page", PAGES)
def test_the_steps_of_a_page_do_what_they_say(tmp_path, page):
    """Each block ends with 0, in the order in which a person at night would type them."""
    blocks = [textwrap.dedent(text) for _, text in BLOCK.findall((ROOT / "runbooks" / page).read_text(encoding="utf-8"))]
    assert len(blocks) >= 5
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with a_rail(tmp_path) as rail, running(db, "--rail", rail) as gateway:
        variables = {
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "GONOGO_HOME": str(tmp_path / "home"),
            "GONOGO_BASE_URL": gateway.url,
            "GONOGO_RAIL_URL": rail,
            "GONOGO_DB": str(db),
            "GONOGO_KEY": KEY,
            "GONOGO_BODY": pay(gateway, tenant),
            **{f"GONOGO_{role.upper()}_KEY": str(tenant[f"{role}_key"]) for role in ROLES},
        }
        work = tmp_path / "work"
        work.mkdir()
        done = subprocess.run(
            ["bash", "-x", "-c", PRELUDE + "\n".join(blocks)],
            cwd=work,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=3 * WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert httpx.get(f"{gateway.url}/readyz").status_code == 200
        assert [line for line in gateway.log() if line["event"] == "unhandled"] == []
