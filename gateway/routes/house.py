"""Routes of the house: its people and keys belong to no tenant. A session of the house needs a fresh code for every change."""

from gateway.commands import HOUSE_ROLES
from gateway.commands.house import Admit, DisableTenant, EnableTenant, MakeBootstrapKey, SetCohort, SetSignUp
from gateway.routes.route import Route, Undo

MAKE_BOOTSTRAP_KEY = Route(
    "POST",
    "/v1/house/bootstrap-keys",
    ("house_operator",),
    "make_bootstrap_key",
    "Make a bootstrap key",
    MakeBootstrapKey,
    Undo(None, "an unused key expires after 72 hours; disabling its tenant ends it at once"),
    fresh=True,
    secret=True,
)
SET_SIGN_UP = Route(
    "POST",
    "/v1/house/sign-up",
    ("house_operator",),
    "set_sign_up",
    "Say who may make a tenant by signing up",
    SetSignUp,
    Undo("set_sign_up", "puts the former mode and domains in force again"),
    fresh=True,
)
DISABLE_TENANT = Route(
    "POST",
    "/v1/house/tenants/{tenant_id}/disable",
    ("house_operator",),
    "disable_tenant",
    "Refuse a tenant's keys and end its sessions",
    DisableTenant,
    Undo("enable_tenant", "lets its keys work again; its users sign in again"),
    fresh=True,
    revokes=True,
)
ENABLE_TENANT = Route(
    "POST",
    "/v1/house/tenants/{tenant_id}/enable",
    ("house_operator",),
    "enable_tenant",
    "Let a tenant's keys work again",
    EnableTenant,
    Undo("disable_tenant", "refuses its keys and ends its sessions"),
    fresh=True,
    revokes=True,
)
SET_COHORT = Route(
    "POST",
    "/v1/house/tenants/{tenant_id}/cohort",
    ("house_operator",),
    "set_cohort",
    "Say whose behaviour a tenant's figures are about",
    SetCohort,
    Undo("set_cohort", "sets another for what comes later; what began before keeps its own"),
    fresh=True,
)
ADMIT = Route(
    "POST",
    "/v1/house/waitlist/{person_id}/admit",
    ("house_operator",),
    "admit",
    "Let somebody from the waiting list make a tenant",
    Admit,
    Undo("disable_tenant", "stops the tenant that the person made"),
    fresh=True,
)

WAITLIST = Route("GET", "/v1/house/waitlist", ("house_operator", "house_support"), "waitlist", "List who waits to make a tenant")
FUNNEL = Route("GET", "/v1/house/funnel", HOUSE_ROLES, "funnel", "Export the activation funnel as NDJSON")

MUTATIONS = (MAKE_BOOTSTRAP_KEY, SET_SIGN_UP, DISABLE_TENANT, ENABLE_TENANT, SET_COHORT, ADMIT)
READS = (WAITLIST, FUNNEL)
