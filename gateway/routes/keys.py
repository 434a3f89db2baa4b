"""Routes for tenants, API keys, bootstrap keys and setup runs."""

from gateway.commands import ANONYMOUS, ROLES, SESSION
from gateway.commands.access import CreateTenant
from gateway.commands.funnel import ReportEvent, StartRun
from gateway.commands.keys import CreateKey, Invite, JoinTenant, RevokeKey, RotateKey, UseBootstrapKey
from gateway.routes.route import Route, Undo

CREATE_TENANT = Route(
    "POST",
    "/v1/access/tenants",
    (SESSION,),
    "create_tenant",
    "Make a tenant of one's own",
    CreateTenant,
    Undo("disable_tenant", "stops it; the house does that"),
    scope="session",
)
INVITE = Route(
    "POST",
    "/v1/access/invitations",
    (SESSION,),
    "invite",
    "Make a bootstrap key with which another person joins the tenant",
    Invite,
    Undo(None, "an unused key expires after 72 hours"),
    fresh=True,
    secret=True,
)
JOIN_TENANT = Route(
    "POST",
    "/v1/access/session/join",
    (SESSION,),
    "join_tenant",
    "Join a tenant with a bootstrap key whose role is `member`",
    JoinTenant,
    Undo(None, "the house takes a person out of a tenant again: gonogo gateway tenant remove-person"),
    scope="session",
    private=("bootstrap_key",),
)
LIST_KEYS = Route("GET", "/v1/access/keys", (SESSION, "tenant_admin"), "list_keys", "List the tenant's API keys")
CREATE_KEY = Route(
    "POST",
    "/v1/access/keys",
    (SESSION, "tenant_admin"),
    "create_key",
    "Make an API key",
    CreateKey,
    Undo("revoke_key", "ends the key at once"),
    fresh=True,
    secret=True,
)
ROTATE_KEY = Route(
    "POST",
    "/v1/access/keys/{key_id}/rotate",
    (SESSION, "tenant_admin"),
    "rotate_key",
    "Make a new API key in the place of an old one",
    RotateKey,
    Undo(None, "the old key stays revoked; the new one is a key like any other"),
    fresh=True,
    secret=True,
    revokes=True,
)
REVOKE_KEY = Route(
    "POST",
    "/v1/access/keys/{key_id}/revoke",
    (SESSION, "tenant_admin", "operator"),
    "revoke_key",
    "End an API key at once",
    RevokeKey,
    Undo(None, "a key that was revoked stays so; make another"),
    revokes=True,
)
BOOTSTRAP = Route(
    "POST",
    "/v1/access/bootstrap",
    (ANONYMOUS,),
    "bootstrap",
    "Trade a bootstrap key for API keys",
    UseBootstrapKey,
    Undo("revoke_key", "ends each of the keys; the bootstrap key stays used"),
    scope="bootstrap_key",
    secret=True,
)
START_RUN = Route(
    "POST",
    "/v1/access/runs",
    (ANONYMOUS,),
    "start_run",
    "Announce a setup",
    StartRun,
    Undo(None, "a run is only counted"),
    scope="run",
)
REPORT_EVENT = Route(
    "POST",
    "/v1/access/runs/{run}/events",
    (*ROLES, SESSION),
    "report_event",
    "Report what became of a setup's step",
    ReportEvent,
    Undo(None, "an event is only counted"),
    scope="run",
)

MUTATIONS = (CREATE_TENANT, INVITE, JOIN_TENANT, CREATE_KEY, ROTATE_KEY, REVOKE_KEY, BOOTSTRAP, START_RUN, REPORT_EVENT)
READS = (LIST_KEYS,)
