"""Credentials with which every route can be tried: two sessions, a bootstrap key and, for practice alone, keys of the house.

Nobody signed in for these sessions. They last 12 hours from now, used or not; one is as old as a session that needs a fresh code,
the other stays as fresh as after one. So they show who may call what, and nothing about how long a session lasts.
"""

import datetime as dt

from msgspec.structs import replace

from gateway.access.bootstrap import new_bootstrap_key
from gateway.access.challenges import LIFETIME
from gateway.access.funnel import note
from gateway.access.keys import Maker, NewKey, add_key
from gateway.access.sessions import ABSOLUTE, FRESH, shifted
from gateway.access.steps import FunnelEvent
from gateway.access_key import token_sha256
from gateway.command_line.demo import DemoData
from gateway.command_line.house import acting
from gateway.commands import HOUSE, HOUSE_ROLES, ROLES
from gateway.settings import Settings
from gateway.store.access_rows import NewSession, PersonRow, SignInRow
from gateway.store.house_rows import RunRow
from gateway.store.port import Transaction


def with_access(settings: Settings, data: DemoData, *, house: bool) -> DemoData:
    """The demo tenant with a person, two sessions, a bootstrap key, a run and an open sign-in; with `house`, its keys too."""
    with acting(settings, "demo-data") as act:
        tx, maker = act.tx, act.maker
        person_id, run = f"per_{maker.ids.suffix()}", f"run_{maker.ids.suffix()}"
        tx.access.people.add(PersonRow(person_id, None, None, None, maker.now))
        tx.access.people.join(person_id, data.tenant_id, maker.now)
        tx.access.funnel.add_run(RunRow(run, "demo-data", maker.now))
        note(tx, maker.now, FunnelEvent.KEY_MADE, run=run, tenant_id=data.tenant_id)  # no setup started: only whose run it is
        bootstrap = new_bootstrap_key(tx, maker, data.tenant_id, ROLES, act.by)
        (agent,) = [key for key in tx.access.api_keys.of_tenant(data.tenant_id, len(ROLES) + 1) if key.role == "agent"]
        made = replace(
            data,
            session_token=make_session(tx, maker, person_id, data.tenant_id, fresh=False),
            stepped_up_token=make_session(tx, maker, person_id, data.tenant_id, fresh=True),
            bootstrap_key=maker.key.bootstrap_key(bootstrap.bootstrap_key_id),
            key_id=agent.key_id,
            person_id=person_id,
            run=run,
            sign_in_id=_challenge(tx, maker, person_id),
        )
        return replace(made, **_house_keys(tx, maker)) if house else made


def make_session(tx: Transaction, maker: Maker, person_id: str, tenant_id: str | None, *, fresh: bool) -> str:
    """The token of a session that nobody signed in for, of 12 hours, whether it is used or not."""
    session_id, ends = f"ses_{maker.ids.suffix()}", shifted(maker.now, ABSOLUTE)
    token = maker.key.session_token(session_id)
    begun = shifted(maker.now, dt.timedelta() if fresh else -FRESH)
    tx.access.sessions.add(NewSession(session_id, token_sha256(token), person_id, tenant_id, begun, ends))
    tx.access.sessions.see(session_id, ends)
    if fresh:
        tx.access.sessions.refresh(session_id, ends)
    return token


def _challenge(tx: Transaction, maker: Maker, whom: str) -> str:
    """A sign-in that is open for ten minutes, of an address that nobody has; its code was sent to nobody."""
    address = "nobody@demo.example.com"
    sign_in_id, address_hash = maker.key.sign_in_id("demo-data", whom), maker.key.address_hash(address)
    until = shifted(maker.now, LIFETIME)
    tx.access.sign_ins.add(SignInRow(sign_in_id, "sign_in", address, address_hash, None, None, maker.now, until, maker.now))
    return sign_in_id


def _house_keys(tx: Transaction, maker: Maker) -> dict[str, str]:
    """A key for each role of the house, each of a person of its own; by the member that shows it."""
    made = {}
    for role in HOUSE_ROLES:
        new = add_key(tx, maker, NewKey(HOUSE, role, f"demo-{role}", f"per_{maker.ids.suffix()}"))
        made[f"{role}_key"] = maker.key.api_key(role, new.key_id)
    return made
