"""The fake payment services by their shape: served in this process for probes, each with the shipped file that describes it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import fake_card_processor
import fake_listed
import fake_minimal
from fake_http import Server, handler_of
from fake_shop import Shop

SHIPPED = Path(__file__).parents[2] / "loadtests" / "targets"
SHAPES = {
    "minimal": fake_minimal.Minimal,
    "listed": fake_listed.Listed,
    "card-processor": fake_card_processor.CardProcessor,
}
KEYS = {"minimal": fake_minimal.KEY, "listed": fake_listed.KEY, "card-processor": fake_card_processor.KEY}
NO_BALANCES = {
    '    wallet: {method: GET, path: "/wallets/{wallet_id}"}': "    #",
    '    payee: {method: GET, path: "/payees/{payee_id}"}': "    #",
    "  audit:  #": "  audit: {}  #",
}
"""The changes that leave `minimal` without anything to read back."""
ACCOUNTS = {"GONOGO_WALLET_ID": "w1", "GONOGO_PAYEE_IDS": "p1,p2"}


@contextmanager
def serving(shape: str, *odd: str, fault: str = "none") -> Iterator[dict[str, str]]:
    """The service for as long as the block runs; gives the variables with which its target file resolves."""
    server = Server(("127.0.0.1", 0), handler_of(SHAPES[shape](Shop(fault), odd)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield {**ACCOUNTS, "GONOGO_BASE_URL": url, "GONOGO_AGENT_KEY": KEYS[shape]}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def described(folder: Path, shape: str, changes: Mapping[str, str] | None = None, more: str = "") -> Path:
    """The shipped target file of a shape with texts replaced, and with more members at its end."""
    text = (SHIPPED / f"{shape}.yaml").read_text(encoding="utf-8")
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "target.yaml"
    path.write_text(text + more, encoding="utf-8")
    return path


def run_here(shape: str, argv: list[str]) -> str:
    """The member `process` of a target file that starts the fake of a shape with these further arguments."""
    words = ["{python}", str(Path(__file__).with_name(f"fake_{shape}.py")), "--port", "{port}", *argv]
    return f"  process: {{start: {json.dumps(words)}}}\n"
