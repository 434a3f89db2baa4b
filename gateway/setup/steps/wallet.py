"""Step `wallet`: a wallet, the payee `setup-check` and a policy, each found where it exists and made where it does not."""

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened
from gateway.setup.keys import admin_key
from gateway.setup.lines import Found
from gateway.setup.money import shown
from gateway.setup.steps.tenant import offered
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

CURRENCY = "USD"
PAYEE = "setup-check"
AMOUNT = "100"
"""Minor units of the check's payment."""

PER_PAYMENT_MAX = "1000"
DAILY_LIMIT = "5000"
_NO_POLICY = "no_policy"

Row = dict[str, object]


def wallet(walk: Walk) -> Happened:
    """What a first payment needs; nothing that exists is changed."""
    walk.memory.currency = currency = _currency(walk)
    wallet_id = _wallet(walk, currency)
    payee_id = walk.choices.payee or _payee(walk, currency)
    decision = dry_run(walk, wallet_id, payee_id, AMOUNT, currency)
    if _NO_POLICY in decision[1]:
        _set_policy(walk, payee_id, currency)
    return Happened(OnboardingEvent.WALLET_MADE, found=Found(wallet_id=wallet_id, payee_id=payee_id))


def dry_run(walk: Walk, wallet_id: str, payee_id: str, amount: str, currency: str) -> tuple[str, tuple[str, ...]]:
    """The outcome and the reasons with which the policy would decide; nothing is written."""
    body = {"wallet_id": wallet_id, "payee_id": payee_id, "amount": amount, "currency": currency}
    said = walk.read("/v1/policies/dry-run", walk.memory.agent_key, body).decoded()
    reasons = said.get("reasons")
    return str(said.get("outcome")), tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else ()


def find_wallet(walk: Walk, wallet_id: str) -> Row | None:
    """A wallet of the tenant."""
    return next((row for row in _all(walk, "/v1/wallets") if row.get("wallet_id") == wallet_id), None)


def _currency(walk: Walk) -> str:
    if walk.choices.currency is not None:
        return walk.choices.currency.upper()
    usual = _known_currency(walk) or CURRENCY
    if not (walk.choices.full and walk.person.terminal):
        return usual
    walk.wait_for("user")
    return walk.person.text("Currency of the wallet", "--currency CODE", usual).upper()


def _known_currency(walk: Walk) -> str | None:
    """That of the wallet of an earlier walk: who goes on need not name it again."""
    row = find_wallet(walk, walk.found.wallet_id) if walk.found.wallet_id else None
    return None if row is None else str(row.get("currency"))


def _wallet(walk: Walk, currency: str) -> str:
    """The wallet of an earlier walk, else the fullest one of that currency, else a new one."""
    rows = [row for row in _all(walk, "/v1/wallets") if row.get("currency") == currency]
    known = walk.found.wallet_id
    if any(row.get("wallet_id") == known for row in rows):
        return str(known)
    if rows:
        return str(max(rows, key=lambda row: int(str(row.get("available", "0"))))["wallet_id"])
    made = walk.send("/v1/wallets", {"currency": currency}, _administrator(walk), rekey=True).decoded()
    walk.talk.say(f"a wallet in {currency} was made")
    return str(made["wallet_id"])


def _payee(walk: Walk, currency: str) -> str:
    rows = [row for row in _all(walk, "/v1/payees") if row.get("name") == PAYEE and row.get("currency") == currency]
    if rows:
        return str(rows[0]["payee_id"])
    body = {"name": PAYEE, "currency": currency}
    return str(walk.send("/v1/payees", body, _administrator(walk), rekey=True).decoded()["payee_id"])


def _set_policy(walk: Walk, payee_id: str, currency: str) -> None:
    """The tenant has no policy, which denies every payment: one that allows small payments to the check's payee alone."""
    policy = {
        "currency": currency,
        "per_payment_max": PER_PAYMENT_MAX,
        "daily_limit": DAILY_LIMIT,
        "allowed_payees": [payee_id],
    }
    walk.send("/v1/policies", policy, _administrator(walk), rekey=True)
    most, daily = shown(PER_PAYMENT_MAX, currency), shown(DAILY_LIMIT, currency)
    walk.talk.say(f"a policy was made: payments of at most {most} each and {daily} a day, to the payee {PAYEE} only")


def _administrator(walk: Walk) -> str:
    """A credential that may make wallets, payees and policies; raises SetupProblem(sign_in_needed) where there is none."""
    bearer = walk.memory.session or walk.memory.admin_key or admin_key(walk) or _bound_session(walk)
    if bearer is None:
        raise SetupProblem(SetupCode.SIGN_IN_NEEDED, "the tenant has no wallet, payee or policy for this yet")
    return bearer


def _bound_session(walk: Walk) -> str | None:
    """The session that was saved, in the tenant of the agent's key; None where it has ended or its user is not in that tenant."""
    token, tenant_id = walk.local.session(walk.wire.base_url), walk.found.tenant_id
    if token is None:
        return None
    try:
        me = walk.read("/v1/access/me", token).decoded()
        if me.get("tenant_id") != tenant_id:
            if tenant_id not in offered(me):
                return None
            body, new = {"tenant_id": tenant_id}, (OnboardingEvent.CODE_OK,)
            walk.send("/v1/access/session/tenant", body, token, after=new, rekey=True)
    except RequestRefused as refused:
        if refused.refusal.status != 401:
            raise
        walk.local.drop_session()
        return None
    walk.memory.session = token
    return token


def _all(walk: Walk, path: str) -> list[Row]:
    """Every item of a list, page by page."""
    rows: list[Row] = []
    cursor: object = ""
    for _ in range(_MOST_PAGES):
        page = walk.read(f"{path}?cursor={cursor}" if cursor else path, walk.memory.agent_key).decoded()
        items = page.get("items")
        rows += [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
        cursor = page.get("next_cursor")
        if not isinstance(cursor, str):
            return rows
    return rows


_MOST_PAGES = 100
