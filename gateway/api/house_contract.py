"""What the routes for keys, setup runs and the house may answer."""

from gateway.access_answers import MeView
from gateway.api.contract_row import NDJSON, Contract
from gateway.errors import Code
from gateway.house_answers import (
    AdmittedView,
    BootstrappedView,
    BootstrapView,
    CohortView,
    FunnelLine,
    KeyMadeView,
    KeyRevokedView,
    KeysView,
    RunView,
    SignUpView,
    TenantStateView,
    WaitlistView,
)
from gateway.routes.house import (
    ADMIT,
    DISABLE_TENANT,
    ENABLE_TENANT,
    FUNNEL,
    MAKE_BOOTSTRAP_KEY,
    SET_COHORT,
    SET_SIGN_UP,
    WAITLIST,
)
from gateway.routes.keys import (
    BOOTSTRAP,
    CREATE_KEY,
    CREATE_TENANT,
    INVITE,
    JOIN_TENANT,
    LIST_KEYS,
    REPORT_EVENT,
    REVOKE_KEY,
    ROTATE_KEY,
    START_RUN,
)

_KEY = (Code.BOOTSTRAP_KEY_INVALID, Code.BOOTSTRAP_KEY_USED, Code.BOOTSTRAP_KEY_EXPIRED)

CONTRACTS: dict[str, Contract] = {
    CREATE_TENANT.kind: Contract(201, MeView, (Code.SIGNUP_CLOSED, Code.SIGNUP_WAITLISTED)),
    INVITE.kind: Contract(201, BootstrapView),
    JOIN_TENANT.kind: Contract(200, MeView, _KEY),
    LIST_KEYS.kind: Contract(200, KeysView),
    CREATE_KEY.kind: Contract(201, KeyMadeView, (Code.NAME_TAKEN,)),
    ROTATE_KEY.kind: Contract(201, KeyMadeView, (Code.NOT_FOUND, Code.KEY_REVOKED)),
    REVOKE_KEY.kind: Contract(200, KeyRevokedView, (Code.NOT_FOUND,)),
    BOOTSTRAP.kind: Contract(201, BootstrappedView, (*_KEY, Code.TENANT_DISABLED, Code.NAME_TAKEN)),
    START_RUN.kind: Contract(202, RunView, (Code.NAME_TAKEN,)),
    REPORT_EVENT.kind: Contract(202, RunView, (Code.NOT_FOUND, Code.EVENT_OUT_OF_ORDER)),
    MAKE_BOOTSTRAP_KEY.kind: Contract(201, BootstrapView, (Code.NOT_FOUND, Code.SIGNUP_CLOSED, Code.TENANT_DISABLED)),
    SET_SIGN_UP.kind: Contract(200, SignUpView),
    DISABLE_TENANT.kind: Contract(200, TenantStateView, (Code.NOT_FOUND,)),
    ENABLE_TENANT.kind: Contract(200, TenantStateView, (Code.NOT_FOUND,)),
    SET_COHORT.kind: Contract(200, CohortView, (Code.NOT_FOUND, Code.COHORT_FINAL)),
    ADMIT.kind: Contract(200, AdmittedView, (Code.NOT_FOUND,)),
    WAITLIST.kind: Contract(200, WaitlistView),
    FUNNEL.kind: Contract(200, FunnelLine, media_type=NDJSON),
}
