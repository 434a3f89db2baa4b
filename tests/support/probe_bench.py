"""A probe's workbench: a fake payment service, the target that describes it, and a folder for what a probe leaves."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import fake_payments
import loopback
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kept import lay_out, secrets_in

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.making import Span, settled
from gates.evidence.store import EvidenceStore
from gates.probes.client import TargetClient
from gates.probes.conduct import conduct
from gates.probes.recompute import recompute
from gates.schema.target import Audit, Authorization, Build, NamedTarget, Operation, Target
from gates.schema.time import fixed_clock, parse_utc

NOW = parse_utc("2026-11-23T10:00:00Z")


def target_of(base_url, folder=Path(), **changes):
    """A target that describes the fake service, in a file of that folder; `changes` replace sections."""
    credentials = {role: f"Bearer {fake_payments.token('ours', role)}" for role in fake_payments.ROLES}
    credentials.update({f"other_{role}": f"Bearer {fake_payments.token('other', role)}" for role in fake_payments.ROLES})
    sections = {
        "base_url": base_url,
        "credentials": credentials,
        "variables": {"wallet_id": fake_payments.wallet_id("ours"), "payee_ids": "pye_1,pye_2"},
        "operations": {
            "reserve": Operation(
                "/v1/payments",
                body={"wallet_id": "{wallet_id}", "payee_id": "{payee_id}", "amount": "{amount}", "currency": "USD"},
                success=(201,),
                id_pointer="/payment/payment_id",
            ),
            "settle": Operation("/v1/payments/{payment_id}/settle", body={"amount": "{amount}"}),
            "reverse": Operation("/v1/payments/{payment_id}/reverse", body={"reason": "probe"}),
        },
        "audit": Audit(
            ledger=Operation("/v1/ledger/entries?after={after}", "GET", role="finance"),
            receipts=Operation("/v1/receipts?cursor={cursor}", "GET", role="finance"),
            trust=Operation("/keys.json", "GET", role="finance"),
            payment=Operation("/v1/payments/{payment_id}", "GET", role="finance"),
            wallet=Operation("/v1/wallets/{wallet_id}", "GET", role="finance"),
        ),
        "build": Build("/v1/status", "/build"),
        "authorization": Authorization(
            openapi="/openapi.json",
            roles={route: tuple(roles) for route, roles in fake_payments.ACCESS.items()},
            public=tuple(fake_payments.PUBLIC),
        ),
    }
    return NamedTarget("fake", Target(**{**sections, **changes}), folder)


class Workbench:
    """Runs a probe against a fake service with given defects, and keeps what it left."""

    def __init__(self, folder):
        self.out = folder / "out"
        self.store = EvidenceStore(folder / "evidence")
        self.store.make()
        self.signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
        self.trust = TrustRoot.from_jwks(jwks_bytes(self.signer.jwk), "the bench")

    def _require_following(self, done, client):
        """Whatever a probe measured follows from its artifacts, which hold none of the credentials, and its run is ended."""
        contents = self.store.contents(self.trust)
        held = contents.held(done.evidence, self.trust)
        said = held.statement.predicate
        with tempfile.TemporaryDirectory() as folder:
            found = recompute(lay_out(self.store, held, Path(folder)))
        status, _ = settled(Span(said.started_at, said.finished_at, said.duration_ms), found.status)
        assert (found.kind, found.measures, status) == (said.kind, said.measures, said.status)
        tokens = {role: sent.value.removeprefix("Bearer ") for role, sent in client.credentials.items()}
        assert secrets_in(self.store, held, tokens) == []
        (run,) = [run for run in contents.runs() if run.statement == done.evidence]
        assert (run.note.step, run.note.target) == (said.kind, client.name)

    @contextmanager
    def client(self, *defects, **changes):
        """A client of a fake service that lives as long as the block."""
        with (
            loopback.serving(fake_payments.FakeService(*defects)) as url,
            TargetClient(target_of(**{"base_url": url, "folder": self.out.parent, **changes}), "test") as client,
        ):
            yield client

    def conduct(self, probe, client, **options):
        """Conduct a probe at a fixed moment."""
        clock = fixed_clock(NOW)
        done = conduct(probe, client, out=self.out, store=self.store, signer=self.signer, clock=clock, **options)
        self._require_following(done, client)
        return done

    def run(self, probe, *defects, **changes):
        """Conduct a probe against a fresh service."""
        with self.client(*defects, **changes) as client:
            return self.conduct(probe, client)

    def pin(self, service=None):
        """The keys of a fake service, received before it is asked: the path of the file."""
        path = self.out.parent / "pinned.json"
        path.write_bytes(jwks_bytes((service or fake_payments.FakeService()).signer.jwk))
        return path


def pay(client, settled=2, released=1):
    """Make settled and released payments at a client's target."""
    operations = client.target.operations
    for number in range(settled + released):
        answer = client.perform(operations["reserve"], {"amount": "1250"})
        payment_id = answer.json()["payment"]["payment_id"]
        kind = "settle" if number < settled else "reverse"
        client.perform(operations[kind], {"payment_id": payment_id, "amount": "1000"})
