"""Who decides which command of access. Whatever a session may send is decided with a look at the session's row first."""

from collections.abc import Mapping

from gateway.access.bootstrap import make_bootstrap_key, use_bootstrap_key
from gateway.access.funnel import report_event, start_run
from gateway.access.house import admit, disable_tenant, enable_tenant, set_cohort, set_sign_up
from gateway.access.keys import create_key, revoke_key, rotate_key
from gateway.access.members import invite, join_tenant
from gateway.access.sign_in import resend_code, sign_in, verify
from gateway.access.tenancy import create_tenant
from gateway.access.user import (
    Handler,
    change_address,
    choose_tenant,
    confirm_address,
    end_session,
    in_session,
    or_in_session,
    request_code,
    step_up,
)
from gateway.commands import Command
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
from gateway.commands.house import Admit, DisableTenant, EnableTenant, MakeBootstrapKey, SetCohort, SetSignUp
from gateway.commands.keys import CreateKey, Invite, JoinTenant, RevokeKey, RotateKey, UseBootstrapKey

ACCESS_HANDLERS: Mapping[type[Command], Handler] = {
    SignIn: sign_in,
    ResendCode: resend_code,
    Verify: verify,
    ChooseTenant: in_session(choose_tenant),
    RequestCode: in_session(request_code),
    StepUp: in_session(step_up),
    EndSession: in_session(end_session),
    ChangeAddress: in_session(change_address),
    ConfirmAddress: in_session(confirm_address),
    CreateTenant: or_in_session(create_tenant),
    Invite: or_in_session(invite),
    JoinTenant: in_session(join_tenant),
    CreateKey: or_in_session(create_key),
    RotateKey: or_in_session(rotate_key),
    RevokeKey: or_in_session(revoke_key),
    UseBootstrapKey: use_bootstrap_key,
    MakeBootstrapKey: or_in_session(make_bootstrap_key),
    SetSignUp: or_in_session(set_sign_up),
    DisableTenant: or_in_session(disable_tenant),
    EnableTenant: or_in_session(enable_tenant),
    SetCohort: or_in_session(set_cohort),
    Admit: or_in_session(admit),
    StartRun: start_run,
    ReportEvent: or_in_session(report_event),
}
