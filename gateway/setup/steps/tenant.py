"""Step `tenant`: the tenant in which this session acts: found, chosen, or made."""

import msgspec

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.happened import Happened, failed
from gateway.setup.steps.enter import found_of, given_bootstrap_key
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

_EVENTS = {
    "signup_closed": OnboardingEvent.SIGNUP_CLOSED,
    "signup_waitlisted": OnboardingEvent.SIGNUP_CLOSED,
    "tenant_disabled": OnboardingEvent.TENANT_DISABLED,
}
_UNUSABLE = ("bootstrap_key_invalid", "bootstrap_key_used", "bootstrap_key_expired", "invalid_request")
NAME = "my tenant"


def tenant(walk: Walk) -> Happened:
    """Bind the session to a tenant."""
    if walk.choices.join is not None and "join" not in walk.memory.refused:
        joined = _join(walk, given_bootstrap_key(walk, walk.choices.join, "--join"))
        if joined is not None:
            return joined
    try:
        me = walk.read("/v1/access/me", walk.memory.session).decoded()
        wanted = walk.choices.tenant or walk.found.tenant_id
        if isinstance(me.get("tenant_id"), str) and wanted in (None, me["tenant_id"]):
            return Happened(OnboardingEvent.TENANT_FOUND, found=found_of(me))
        choice = offered(me)
        if wanted is None and not choice:
            return _make(walk)
        chosen = wanted or (next(iter(choice)) if len(choice) == 1 else _ask(walk, choice))
        if chosen is None:
            detail = ", ".join(f"{name} ({tenant_id})" for tenant_id, name in choice.items())
            return Happened(OnboardingEvent.QUIT, "tenant_choice_required", detail)
        body, new = {"tenant_id": chosen}, (OnboardingEvent.CODE_OK,)  # another session is bound by another request
        bound = walk.send("/v1/access/session/tenant", body, walk.memory.session, after=new, rekey=True).decoded()
    except RequestRefused as refused:
        return _refused(refused)
    return Happened(OnboardingEvent.TENANT_FOUND, found=found_of(bound))


def _join(walk: Walk, key: str) -> Happened | None:
    """Become a member of the key's tenant; None for who is one already, or may not be one: the session has its own."""
    walk.memory.refused.add("join")
    new = (OnboardingEvent.CODE_OK,)
    try:
        sent = walk.send("/v1/access/session/join", {"bootstrap_key": key}, walk.memory.session, after=new, rekey=True)
    except RequestRefused as refused:
        if refused.refusal.code == "forbidden":
            walk.talk.say(refused.refusal.detail)
            return None
        if refused.refusal.code in _UNUSABLE:
            return msgspec.structs.replace(failed(OnboardingEvent.QUIT, refused), command="gonogo setup resume --join -")
        return _refused(refused)
    return Happened(OnboardingEvent.TENANT_FOUND, found=found_of(sent.decoded()))


def _make(walk: Walk) -> Happened:
    name = walk.choices.tenant_name
    if name is None and walk.choices.full and walk.person.terminal:
        walk.wait_for("user")
        name = walk.person.text("Name of your tenant", "--tenant-name NAME", NAME)
    made = walk.send("/v1/access/tenants", {"name": name or NAME}, walk.memory.session, rekey=True).decoded()
    return Happened(OnboardingEvent.TENANT_MADE, found=found_of(made))


def _refused(refused: RequestRefused) -> Happened:
    event = _EVENTS.get(refused.refusal.code)
    if event is None:
        raise refused
    return failed(event, refused)


def offered(me: dict[str, object]) -> dict[str, str]:
    """The tenants of the caller, by id."""
    tenants = me.get("tenants")
    rows = [row for row in tenants if isinstance(row, dict)] if isinstance(tenants, list) else []
    return {str(row["tenant_id"]): str(row.get("name", "")) for row in rows}


def _ask(walk: Walk, choice: dict[str, str]) -> str | None:
    """Which of several; None where nobody is there to choose."""
    if not walk.person.terminal:
        return None
    for number, (tenant_id, name) in enumerate(choice.items(), 1):
        walk.talk.say(f"  {number}. {name} ({tenant_id})")
    walk.wait_for("user")
    given = walk.person.text("Which tenant (its number)", "--tenant TENANT_ID", "1")
    ids = list(choice)
    return ids[int(given) - 1] if given.isascii() and given.isdigit() and 1 <= int(given) <= len(ids) else None
