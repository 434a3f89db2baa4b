"""Step `key`: an agent's key, saved for its owner alone in the file that `gonogo mcp serve` reads."""

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened
from gateway.setup.keys import admin_key, agent_name, key_file, require_free
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

_FORGOTTEN = "idempotency_key_expired"


def key(walk: Walk) -> Happened:
    """The key that a bootstrap key brought, else a new one of the session or of the administrator's key."""
    file = key_file(walk)
    if walk.memory.agent_key is None:
        require_free(walk, file)
        bearer = walk.memory.session or walk.memory.admin_key or admin_key(walk)
        if bearer is None:
            raise SetupProblem(SetupCode.SIGN_IN_NEEDED, "the bootstrap key names neither an agent nor an administrator")
        walk.memory.agent_key = _made(walk, bearer)
        walk.local.save_key(file, walk.memory.agent_key, walk.wire.base_url)
    walk.talk.say(f"the agent's key is in {file}")
    return Happened(OnboardingEvent.KEY_MADE)


def _made(walk: Walk, bearer: str) -> str:
    own_name = agent_name(walk)
    agent_id = walk.choices.agent_id or own_name
    if walk.choices.agent_id is None and walk.choices.full and walk.person.terminal:
        walk.wait_for("user")
        agent_id = walk.person.text("Name of the agent", "--agent-id NAME", own_name)
    try:
        return str(walk.send("/v1/access/keys", {"role": "agent", "agent_id": agent_id}, bearer, rekey=True).decoded()["key"])
    except RequestRefused as refused:
        if refused.refusal.code != _FORGOTTEN:
            raise
    # An earlier walk made a key and was ended before it saved it; the gateway shows it no more. It is given another secret.
    lost = _lost(walk, bearer, agent_id) if agent_id == own_name else None
    if lost is None:
        return str(walk.send("/v1/access/keys", {"role": "agent", "agent_id": agent_id}, bearer, rekey=True).decoded()["key"])
    reason = {"reason": "the setup was ended before it had saved the key"}
    return str(walk.send(f"/v1/access/keys/{lost}/rotate", reason, bearer).decoded()["key"])


def _lost(walk: Walk, bearer: str, agent_id: str) -> str | None:
    """The newest key of that name which counts."""
    items = walk.read("/v1/access/keys", bearer).decoded().get("items")
    rows = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
    own = [
        row for row in rows if row.get("role") == "agent" and row.get("agent_id") == agent_id and row.get("revoked_at") is None
    ]
    return str(max(own, key=lambda row: str(row.get("created_at")))["key_id"]) if own else None
