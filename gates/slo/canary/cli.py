"""`gonogo slo canary`: pay, verify and take the money back from outside, again and again, and count how it went."""

from __future__ import annotations

from pathlib import Path

import click

from gates.schema.options import TARGET_DEFAULT, preset
from gates.schema.output import show, write_document
from gates.slo.cli import PATH


@click.command()
@click.option(
    "--target",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A shipped target's name, or the path of a Target file, with the credentials of a tenant of the canary's own.",
)
@click.option("--every", default="30s", show_default=True, help="The time from the start of one round to that of the next.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9465, show_default=True, help="The loopback port; 0 takes a free one."
)
@click.option(
    "--trust", "trust_path", type=PATH, help="The pinned JWKS file of the receipts.  [default: the target's audit.trust_file]"
)
@click.option("--amount", type=click.IntRange(1), default=100, show_default=True, help="What a round pays, in minor units.")
@click.option("--timeout", default="5s", show_default=True, help="How long a request waits for its answer.")
@click.option("--nonce", help="A text that makes this run's idempotency keys unique.  [default: random]")
@click.option("--rounds", type=click.IntRange(1), help="End after so many rounds.  [default: never]")
def canary(
    target: str, every: str, port: int, trust_path: Path | None, amount: int, timeout: str, nonce: str | None, rounds: int | None
) -> int:
    """Be a caller outside the service: reserve, settle, verify the receipts, reverse, every 30 seconds, and count.

    A service that is down counts nothing itself; its canary counts a bad event each round. Prometheus scrapes the counters as the
    job `canary` at http://127.0.0.1:PORT/metrics; `gonogo slo generate canary` makes the rules. Receipts are verified with keys
    that were pinned beforehand, and not at all without any. A refusal by rate or by a pause is not counted.

    With --rounds exit 0 if no round was bad, 1 if one was, 3 if none counted.
    """
    import secrets
    from functools import partial
    from time import sleep

    from gates.evidence.keys import load_trust
    from gates.probes.client import TargetClient
    from gates.schema.canonical import canonical_json
    from gates.schema.target import load_target, trust_file
    from gates.slo.canary.loop import run_rounds
    from gates.slo.canary.round import Canary, giving_back
    from gates.slo.canary.serve import Counts, exposed
    from gates.slo.lint.rule_checks import scrape_seconds

    named, every_s, timeout_s = load_target(target), scrape_seconds(every), scrape_seconds(timeout)
    giving_back(named)
    keys = trust_path or trust_file(named)
    if keys is not None:
        load_trust(keys)
    lacks = [
        name
        for name, is_there in (
            ("pinned keys (--trust, or audit.trust_file of the target)", keys is not None),
            ("audit.payment_receipts of the target", named.target.audit.payment_receipts is not None),
        )
        if not is_there
    ]
    if lacks:
        show(f"receipts are not verified, and their SLO stays unknown: without {' and '.join(lacks)}", err=True)
    counts = Counts()
    with TargetClient(named, nonce or f"canary-{secrets.token_hex(6)}", timeout_s=timeout_s) as client:
        client.credential(named.target.operations["reserve"].role)
        with exposed(counts, port) as url:
            write_document(canonical_json({"event": "ready", "url": url}), nl=True)
            note = partial(show, err=True)
            return int(run_rounds(Canary(client, str(amount), keys), counts, every_s, rounds, sleep, note))
