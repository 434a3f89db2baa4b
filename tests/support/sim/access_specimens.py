"""One request for each mutating route of access and of the house, ready to be asked of a world: their crash matrix."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
from sim.world import World, mutation

from gateway.access.sessions import principal_of
from gateway.access_key import token_sha256
from gateway.commands import ANONYMOUS, HOUSE, NOBODY, Command, Principal
from gateway.commands.access import (
    ChangeAddress,
    ChooseTenant,
    ConfirmAddress,
    CreateTenant,
    EndSession,
    RequestCode,
    ResendCode,
    SignIn,
    StepUp,
    Verify,
)
from gateway.commands.funnel import ReportEvent, StartRun
from gateway.commands.house import Admit, DisableTenant, EnableTenant, MakeBootstrapKey, SetCohort, SetSignUp, SignUpMode
from gateway.commands.keys import CreateKey, Invite, JoinTenant, RevokeKey, RotateKey, UseBootstrapKey
from gateway.idempotency.claim import Mutation
from gateway.routes import Route, access, house, keys

ANYBODY = Principal(NOBODY, "", ANONYMOUS, ANONYMOUS, network="192.0.2.0/24")
OPERATOR = Principal(HOUSE, "key-house", "house_operator", "hal", person_id="per_hal")
ANN, EVE, WHY = "ann@example.com", "eve@example.com", "a test"


class Asked(NamedTuple):
    """A request without its key, and whether the same once more under another key is refused."""

    route: Route
    command: Command
    by: Principal
    path_ids: tuple[str, ...] = ()
    once: bool = False

    def under(self, key: str) -> Mutation:
        """The request under this idempotency key."""
        return mutation(self.route, self.by, self.command, key, *self.path_ids)


def done(world: World, asked: Asked) -> dict:
    """The decoded answer to a request that succeeds."""
    (answer,) = world.serve([asked.under(f"prepare-{world.last_seq()}")]).answers
    assert answer.status < 300, answer.body
    return msgspec.json.decode(answer.body)


def _started(world: World, address: str = ANN) -> str:
    return done(world, Asked(access.SIGN_IN, SignIn(address), ANYBODY))["sign_in_id"]


def session(world: World, address: str = ANN) -> Principal:
    """Who calls with a new session."""
    sign_in_id = _started(world, address)
    verify = Asked(access.VERIFY, Verify(world.access.key.code(sign_in_id)), ANYBODY, (sign_in_id,))
    return _caller(world, done(world, verify)["session_id"])


def _caller(world: World, session_id: str) -> Principal:
    row = world.tx.access.sessions.find(session_id)
    assert row is not None
    return principal_of(row, None)


def owner(world: World, address: str = ANN) -> Principal:
    """A session that acts in a tenant of its person."""
    signed_in = session(world, address)
    done(world, Asked(keys.CREATE_TENANT, CreateTenant("Acme"), signed_in))
    return _caller(world, signed_in.key_id)


def _resend(world: World) -> Asked:
    sign_in_id = _started(world)
    world.pass_time(seconds=31)
    return Asked(access.RESEND_CODE, ResendCode(), ANYBODY, (sign_in_id,), once=True)


def _verify(world: World) -> Asked:
    sign_in_id = _started(world)
    return Asked(access.VERIFY, Verify(world.access.key.code(sign_in_id)), ANYBODY, (sign_in_id,), once=True)


def _choose(world: World) -> Asked:
    by = owner(world)
    return Asked(access.CHOOSE_TENANT, ChooseTenant(by.tenant_id), by)


def _coded(world: World, begin: Route, sent: Command, route: Route, made: type[Command]) -> Asked:
    by = session(world)
    sign_in_id = done(world, Asked(begin, sent, by))["sign_in_id"]
    return Asked(route, made(sign_in_id, world.access.key.code(sign_in_id)), by, once=True)


def _end(world: World) -> Asked:
    return Asked(access.END_SESSION, EndSession(everywhere=False), session(world), once=True)


def _with_key(world: World, route: Route, command: Command, *, once: bool) -> Asked:
    by = owner(world)
    made = done(world, Asked(keys.CREATE_KEY, CreateKey("agent", "bot"), by))
    return Asked(route, command, by, (made["key_id"],), once=once)


def _bootstrap(world: World) -> Asked:
    command = MakeBootstrapKey(("agent", "tenant_admin"), WHY, tenant_name="Acme")
    key = world.access.key.bootstrap_key(done(world, Asked(house.MAKE_BOOTSTRAP_KEY, command, OPERATOR))["bootstrap_key_id"])
    by = msgspec.structs.replace(ANYBODY, key_id=token_sha256(key).hex())
    return Asked(keys.BOOTSTRAP, UseBootstrapKey("bot"), by, once=True)


def _join(world: World) -> Asked:
    key = done(world, Asked(keys.INVITE, Invite(WHY), owner(world)))["key"]
    return Asked(keys.JOIN_TENANT, JoinTenant(key), session(world, EVE), once=True)


def _event(world: World) -> Asked:
    done(world, Asked(keys.START_RUN, StartRun("run_1", "1.0"), ANYBODY))
    return Asked(keys.REPORT_EVENT, ReportEvent("host_ok"), world.principal(), ("run_1",))


def _waits(world: World) -> Asked:
    done(world, Asked(house.SET_SIGN_UP, SetSignUp(SignUpMode.HYBRID, (), WHY), OPERATOR))
    by = session(world)
    world.serve([Asked(keys.CREATE_TENANT, CreateTenant("Acme"), by).under("it waits")])
    return Asked(house.ADMIT, Admit(WHY), OPERATOR, (by.agent_id,))


def _tenant(route: Route, command: Command, world: World) -> Asked:
    return Asked(route, command, OPERATOR, (world.demos[1].tenant_id,))


ACCESS_PREPARE: dict[Route, Callable[[World], Asked]] = {
    access.SIGN_IN: lambda _: Asked(access.SIGN_IN, SignIn(ANN), ANYBODY),
    access.RESEND_CODE: _resend,
    access.VERIFY: _verify,
    access.CHOOSE_TENANT: _choose,
    access.REQUEST_CODE: lambda world: Asked(access.REQUEST_CODE, RequestCode(), session(world)),
    access.STEP_UP: lambda world: _coded(world, access.REQUEST_CODE, RequestCode(), access.STEP_UP, StepUp),
    access.END_SESSION: _end,
    access.CHANGE_ADDRESS: lambda world: Asked(access.CHANGE_ADDRESS, ChangeAddress(EVE), session(world)),
    access.CONFIRM_ADDRESS: lambda world: _coded(
        world, access.CHANGE_ADDRESS, ChangeAddress(EVE), access.CONFIRM_ADDRESS, ConfirmAddress
    ),
    keys.CREATE_TENANT: lambda world: Asked(keys.CREATE_TENANT, CreateTenant("Acme"), session(world)),
    keys.INVITE: lambda world: Asked(keys.INVITE, Invite(WHY), owner(world)),
    keys.JOIN_TENANT: _join,
    keys.CREATE_KEY: lambda world: Asked(keys.CREATE_KEY, CreateKey("operator", "ann"), owner(world)),
    keys.ROTATE_KEY: partial(_with_key, route=keys.ROTATE_KEY, command=RotateKey(WHY), once=True),
    keys.REVOKE_KEY: partial(_with_key, route=keys.REVOKE_KEY, command=RevokeKey(WHY), once=False),
    keys.BOOTSTRAP: _bootstrap,
    keys.START_RUN: lambda _: Asked(keys.START_RUN, StartRun("run_1", "1.0"), ANYBODY, once=True),
    keys.REPORT_EVENT: _event,
    house.MAKE_BOOTSTRAP_KEY: lambda _: Asked(
        house.MAKE_BOOTSTRAP_KEY, MakeBootstrapKey(("agent",), WHY, tenant_name="Acme"), OPERATOR
    ),
    house.SET_SIGN_UP: lambda _: Asked(house.SET_SIGN_UP, SetSignUp(SignUpMode.HYBRID, ("a.example",), WHY), OPERATOR),
    house.DISABLE_TENANT: partial(_tenant, house.DISABLE_TENANT, DisableTenant(WHY)),
    house.ENABLE_TENANT: partial(_tenant, house.ENABLE_TENANT, EnableTenant(WHY)),
    house.SET_COHORT: lambda world: Asked(
        house.SET_COHORT, SetCohort("canary", WHY), OPERATOR, (owner(world).tenant_id,), once=True
    ),
    house.ADMIT: _waits,
}
"""What each is tried on. The route table is gone through, so that a route without a row fails."""
