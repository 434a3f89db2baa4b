"""Step `enter`: the way in. A saved key, a bootstrap key, a saved session, else a code by mail; in that order."""

from pathlib import Path

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.choices import FROM_INPUT
from gateway.setup.client import read_key
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened
from gateway.setup.keys import admin_key_file, agent_name, key_file, require_free, saved_key_file
from gateway.setup.lines import Found
from gateway.setup.short_file import KEY_WAIT_S, is_stream
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

_DEAD = ("unauthenticated", "session_expired", "session_revoked")
_PREFIX = "gnb_"


def enter(walk: Walk) -> Happened:
    """Which of the ways in is open."""
    if (key := _saved_key(walk)) is not None:
        return key
    if walk.choices.bootstrap_key is not None and "bootstrap" not in walk.memory.refused:
        return _bootstrap(walk, given_bootstrap_key(walk, walk.choices.bootstrap_key))
    if (session := _saved_session(walk)) is not None:
        return session
    down = walk.memory.sign_in_down
    return by_code(walk) if down is None else _without_code(walk, down)


def by_code(walk: Walk) -> Happened:
    """A sign-in by a code to the user's address; where that is down, the setup pauses with its code."""
    down = walk.memory.sign_in_down
    if down is not None:
        return Happened(OnboardingEvent.BUDGET_SPENT, down.code, down.detail)
    join = walk.choices.join
    if join is not None and join != FROM_INPUT and not is_stream(Path(join)):
        given_bootstrap_key(walk, join, "--join")  # raises before a mail is sent; a pipe is read once, later
    return Happened(OnboardingEvent.ADDRESS) if _address(walk) else _stopped(walk)


def _saved_key(walk: Walk) -> Happened | None:
    file = saved_key_file(walk)
    if "key" in walk.memory.refused or (file is None and not walk.around.environ.get("GONOGO_API_KEY")):
        return None
    try:
        key = read_key(walk.around.environ if file is None else {}, file or key_file(walk))
        me = walk.read("/v1/access/me", key).decoded()
    except SetupProblem as problem:
        if problem.code is not SetupCode.KEY_MISSING:
            raise
        return None
    except RequestRefused as refused:
        if refused.refusal.code not in _DEAD:
            raise
        walk.memory.refused.add("key")
        walk.talk.say(f"the saved key is refused ({refused.refusal.code}); the setup makes another one")
        return None
    if me.get("role") != "agent":
        walk.talk.say(f"the saved key has the role {me.get('role')}; the setup makes a key for the agent")
        return None
    walk.memory.agent_key = key
    walk.talk.say("signed in with the saved key")
    return Happened(OnboardingEvent.SAVED_KEY, found=found_of(me))


def _saved_session(walk: Walk) -> Happened | None:
    token = walk.local.session(walk.wire.base_url)
    if token is None:
        return None
    try:
        me = walk.read("/v1/access/me", token).decoded()
    except RequestRefused as refused:
        if refused.refusal.code not in _DEAD:
            raise
        walk.local.drop_session()
        return None
    walk.memory.session = token
    walk.talk.say("still signed in from before")
    return Happened(OnboardingEvent.SAVED_SESSION, found=found_of(me))


def _without_code(walk: Walk, down: Happened) -> Happened:
    """Nobody can sign in by a code now: say what is left, in its order, and take a bootstrap key from whoever has one."""
    walk.talk.say(
        "You cannot sign in by a code now. The other ways, in this order:\n"
        f"  1. A saved API key, in GONOGO_API_KEY or {key_file(walk)}: none that works was found.\n"
        "  2. A bootstrap key, which the gateway's operator makes: gonogo setup resume --bootstrap-key -\n"
        "With either key the setup goes on. If the wallet has no money, it ends as trust_only: everything except a payment works."
    )
    if walk.person.terminal and "bootstrap" not in walk.memory.refused:
        walk.wait_for("user")
        given = walk.person.text("Bootstrap key (not shown; leave empty if you have none)", "--bootstrap-key -", "", hidden=True)
        if given:
            return _bootstrap(walk, given)
    return Happened(OnboardingEvent.BUDGET_SPENT, down.code, down.detail)


def _stopped(walk: Walk) -> Happened:
    walk.talk.say("no address was given")
    return Happened(OnboardingEvent.QUIT, SetupCode.SETUP_QUIT.value)


def _address(walk: Walk) -> str:
    """The address, of this walk or an earlier one, else from the user; it is in no journal."""
    if walk.memory.address is None:
        walk.memory.address = walk.choices.address or walk.local.address(walk.wire.base_url)
    if walk.memory.address is None:
        walk.wait_for("user")
        walk.memory.address = walk.person.text("Your email address", "--address ADDRESS")
    walk.local.save_address(walk.memory.address)
    return walk.memory.address


def given_bootstrap_key(walk: Walk, given: str, option: str = "--bootstrap-key") -> str:
    """The bootstrap key of an option: from standard input, typed, or the first line of a file; never from the command line."""
    if given.startswith(_PREFIX):
        raise SetupProblem(
            SetupCode.NO_TERMINAL,
            f"a key on a command line stays in its history; give {option} - and the key on standard input, or a file",
            f"gonogo setup resume {option} -",
        )
    if given != FROM_INPUT:
        try:
            return _as_printed(walk.line_of(Path(given), "bootstrap key", "user", KEY_WAIT_S))
        except SetupProblem as problem:
            raise SetupProblem(problem.code, problem.detail, f"gonogo setup resume {option} FILE") from None
    if walk.person.terminal:
        walk.wait_for("user")
        return walk.person.text("Bootstrap key (not shown)", f"{option} -", hidden=True)
    return _as_printed(walk.person.line("bootstrap key"))


def _as_printed(line: str) -> str:
    """The key of a line, which may be the first line that `gonogo gateway bootstrap-key` prints: `key`, then the key."""
    return line.rsplit(maxsplit=1)[-1]


def _bootstrap(walk: Walk, key: str) -> Happened:
    """Trade a bootstrap key for the keys that it names, and save them before anything else is done."""
    walk.memory.refused.add("bootstrap")
    file = key_file(walk)
    require_free(walk, file)
    body = {"agent_id": walk.choices.agent_id or agent_name(walk), "run": walk.run}
    made = walk.send("/v1/access/bootstrap", body, key, rekey=True).decoded()
    keys = {str(item["role"]): str(item["key"]) for item in _items(made)}
    if "agent" in keys:
        walk.memory.agent_key = keys["agent"]
        walk.local.save_key(file, keys["agent"], walk.wire.base_url)
    if "tenant_admin" in keys:
        walk.memory.admin_key = keys["tenant_admin"]
        walk.local.save_key(admin_key_file(file), keys["tenant_admin"], walk.wire.base_url)
        walk.talk.say(f"the tenant administrator's key is in {admin_key_file(file)}")
    return Happened(OnboardingEvent.BOOTSTRAP_KEY, found=Found(tenant_id=str(made.get("tenant_id"))))


def _items(made: dict[str, object]) -> list[dict[str, object]]:
    keys = made.get("keys")
    return [item for item in keys if isinstance(item, dict)] if isinstance(keys, list) else []


def found_of(me: dict[str, object]) -> Found:
    """What `GET /v1/access/me` says of the tenant."""
    tenant, cohort = me.get("tenant_id"), me.get("cohort")
    return Found(
        tenant_id=tenant if isinstance(tenant, str) else None,
        cohort=cohort if isinstance(cohort, str) else None,
        demo_money=me.get("demo_money") is True,
    )
