"""A second person in a tenant: invited by a member or by the house, joined once signed in, taken out again; each step audited."""

import pytest
from gateway_shop import refusal
from gateway_signed_in import SignedIn

from gateway.access.members import INVITATIONS
from gateway.access.tenancy import MOST_TENANTS
from gateway.command_line.house import set_house_person
from gateway.command_line.people import people_of, remove_person

INVITE, JOIN = "/v1/access/invitations", "/v1/access/session/join"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A gateway whose module's tests invite people of their own."""
    with SignedIn(tmp_path_factory.mktemp("members")) as made:
        yield made.healthy()


def owner(shop, name="Acme"):
    """Somebody new with a tenant of their own: the session's token, and the tenant's id."""
    token = shop.signed_in()
    return token, shop.ok(shop.post("/v1/access/tenants", {"name": name}, token))["tenant_id"]


def invited(shop, by):
    """A bootstrap key that a member makes."""
    made = shop.ok(shop.post(INVITE, {"reason": "a colleague"}, by))
    assert made["roles"] == ["member"]
    return made["key"]


def join(shop, key, who, idempotency_key=None):
    """Join with it."""
    return shop.post(JOIN, {"bootstrap_key": key}, who, idempotency_key)


def test_who_joins_acts_in_the_tenant_at_once_and_at_each_later_sign_in(shop):
    """The answer names the tenant; keys that the person makes are that person's."""
    ann, tenant_id = owner(shop)
    bob = shop.signed_in("bob@example.com")
    me = shop.ok(join(shop, invited(shop, ann), bob), 200)
    assert (me["kind"], me["tenant_id"], [item["name"] for item in me["tenants"]]) == ("session", tenant_id, ["Acme"])
    again = shop.ok(shop.ask("GET", "/v1/access/me", shop.signed_in("bob@example.com")), 200)
    assert (again["tenant_id"], again["person_id"]) == (tenant_id, me["person_id"])
    made = shop.new_key("operator", "bob", bob)
    assert shop.rows("SELECT tenant_id, person_id FROM api_keys WHERE key_id = ?", made["key_id"]) == [
        (tenant_id, me["person_id"])
    ]


def test_two_people_of_a_tenant_do_what_one_cannot(shop):
    """Each approves with a key of their own: the payment is reserved."""
    ann, _ = owner(shop)
    bob = shop.signed_in()
    shop.ok(join(shop, invited(shop, ann), bob), 200)
    operators = [shop.new_key("operator", name, token)["key"] for name, token in (("ann", ann), ("bob", bob))]
    agent = shop.new_key("agent", "bot", ann)["key"]
    wallet = shop.ok(shop.post("/v1/wallets", {"currency": "USD"}, ann))["wallet_id"]
    payee = shop.ok(shop.post("/v1/payees", {"name": "one", "currency": "USD"}, ann))["payee_id"]
    shop.ok(shop.post("/v1/policies", {"currency": "USD", "approval": {"above": "10", "quorum": 2}}, ann))
    body = {"wallet_id": wallet, "payee_id": payee, "amount": "20", "currency": "USD"}
    waits = shop.ok(shop.post("/v1/payments", body, agent), 202)["payment"]["payment_id"]
    answers = [shop.post(f"/v1/payments/{waits}/approve", {"reason": "fits"}, key) for key in operators]
    assert answers[0].json()["payment"]["state"] == "approval_required"
    assert refusal(answers[1]) == (409, "insufficient_funds")  # both count: nothing but money is missing


def test_an_invitation_is_used_once_and_by_somebody_else(shop):
    """Whoever belongs to the tenant already leaves it for another; of two others one joins, and a replay has the same bytes."""
    ann, _ = owner(shop)
    bob, eve = shop.signed_in(), shop.signed_in()
    key, idempotency_key = invited(shop, ann), shop.fresh()
    answer = join(shop, key, ann)
    assert refusal(answer) == (403, "forbidden")
    assert "already" in answer.json()["detail"]
    first, again = (join(shop, key, bob, idempotency_key) for _ in range(2))
    assert (first.status_code, first.content, again.headers["idempotent-replayed"]) == (200, again.content, "true")
    assert refusal(join(shop, key, eve)) == (409, "bootstrap_key_used")
    assert shop.ask("GET", "/v1/wallets", eve).status_code == 409


def test_an_invitation_ends_after_72_hours(shop):
    """As every bootstrap key; the refusal is not stored, and is no refusal of the session."""
    ann, _ = owner(shop)
    key = invited(shop, ann)
    shop.pass_time(hours=72)
    bob = shop.signed_in()
    assert refusal(join(shop, key, bob)) == (410, "bootstrap_key_expired")
    assert shop.ask("GET", "/v1/access/me", bob).status_code == 200


def test_an_invitation_is_no_api_key_and_an_api_keys_bootstrap_key_is_no_invitation(shop):
    """So nobody makes a second person of themselves out of an invitation; neither is used up by the attempt."""
    ann, tenant_id = owner(shop)
    invitation = invited(shop, ann)
    answer = shop.post("/v1/access/bootstrap", {"agent_id": "ann-again"}, invitation)
    assert refusal(answer) == (401, "bootstrap_key_invalid")
    assert JOIN in answer.json()["detail"]
    body = {"tenant_id": tenant_id, "roles": ["tenant_admin"], "reason": "test"}
    other = shop.ok(shop.post("/v1/house/bootstrap-keys", body, "house_operator"))["key"]
    bob = shop.signed_in()
    answer = join(shop, other, bob)
    assert refusal(answer) == (401, "bootstrap_key_invalid")
    assert "/v1/access/bootstrap" in answer.json()["detail"]
    shop.ok(join(shop, invitation, bob), 200)
    shop.ok(shop.post("/v1/access/bootstrap", {"agent_id": "cat"}, other))


@pytest.mark.parametrize("key", ["", "gnb_", f"gnb_{'x' * 42}", f"gna_{'x' * 43}", f"gnb_{'x' * 43}\n", None])
def test_what_cannot_be_a_bootstrap_key_is_refused_naming_the_member(shop, key):
    """Never the value."""
    answer = join(shop, key, shop.signed_in())
    assert refusal(answer) == (400, "invalid_request")
    assert "$.bootstrap_key" in answer.json()["detail"]
    assert "xxx" not in answer.text


def test_an_unknown_key_lets_nobody_in(shop):
    """And looks like one that never was."""
    assert refusal(join(shop, f"gnb_{'x' * 43}", shop.signed_in())) == (401, "bootstrap_key_invalid")


def test_the_house_invites_people_into_a_tenant_of_its_own_making(shop):
    """A managed organisation: sign-up is closed to its people, and the house lets each of them in."""
    body = {"tenant_name": "Managed", "roles": ["member"], "reason": "their contract"}
    made = shop.ok(shop.post("/v1/house/bootstrap-keys", body, "house_operator"))
    first = shop.signed_in("one@managed.example")
    managed = {"mode": "managed", "domains": ["managed.example"], "reason": "test"}
    shop.ok(shop.post("/v1/house/sign-up", managed, "house_operator"), 200)
    assert refusal(shop.post("/v1/access/tenants", {"name": "mine"}, first)) == (403, "signup_closed")
    assert shop.ok(join(shop, made["key"], first), 200)["tenant_id"] == made["tenant_id"]
    second = shop.signed_in("two@managed.example")
    assert shop.ok(join(shop, invited(shop, first), second), 200)["tenant_id"] == made["tenant_id"]
    shop.ok(shop.post("/v1/house/sign-up", managed | {"mode": "public_signup", "domains": []}, "house_operator"), 200)


def test_membership_stands_alone_among_the_roles_of_a_bootstrap_key(shop):
    """A key that lets somebody in is not traded for API keys of yet another person."""
    body = {"tenant_name": "Mixed", "roles": ["member", "operator"], "reason": "test"}
    answer = shop.post("/v1/house/bootstrap-keys", body, "house_operator")
    assert refusal(answer) == (400, "invalid_request")
    assert "$.roles" in answer.json()["detail"]
    assert shop.rows("SELECT 1 FROM tenants WHERE name = 'Mixed'") == []


def test_inviting_needs_a_fresh_code_a_tenant_and_a_person(shop):
    """No key of the tenant invites, and the house has its own route."""
    stale = shop.new_session(shop.demo.person_id, shop.demo.tenant_id, fresh=False)
    assert refusal(shop.post(INVITE, {"reason": "x"}, stale)) == (403, "step_up_required")
    assert refusal(shop.post(INVITE, {"reason": "x"}, shop.signed_in())) == (409, "tenant_choice_required")
    for role in ("tenant_admin", "operator", "house_operator"):
        assert refusal(shop.post(INVITE, {"reason": "x"}, role)) == (403, "forbidden")


def test_how_many_a_tenant_invites_in_a_day_is_limited(shop):
    """Bootstrap keys are kept for ever; the refusal names when the next one may be made."""
    ann, _ = owner(shop)
    for _ in range(INVITATIONS.most):
        invited(shop, ann)
    answer = shop.post(INVITE, {"reason": "one more"}, ann)
    assert refusal(answer) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 3600


def test_nobody_belongs_to_more_tenants_than_the_most(shop):
    """Joined or made; the invitation stays for another."""
    ann, _ = owner(shop)
    bob = shop.signed_in()
    for number in range(MOST_TENANTS):
        shop.ok(shop.post("/v1/access/tenants", {"name": f"T{number}"}, bob))
    key = invited(shop, ann)
    assert refusal(join(shop, key, bob)) == (403, "forbidden")
    shop.ok(join(shop, key, shop.signed_in()), 200)


def test_each_step_is_audited_and_no_byte_of_the_key_is_stored(shop):
    """Who invited whom, and with which bootstrap key."""
    ann, tenant_id = owner(shop)
    key = invited(shop, ann)
    tenant, inviter, made = shop.audit("bootstrap_key_made")[-1]
    assert (tenant, made["reason"], made["roles"]) == (tenant_id, "a colleague", ["member"])
    me = shop.ok(join(shop, key, shop.signed_in()), 200)
    tenant, actor, joined = shop.audit("person_joined")[-1]
    assert (tenant, actor, joined["person_id"], joined["invited_by"]) == (tenant_id, me["person_id"], me["person_id"], inviter)
    assert joined["bootstrap_key_id"] == made["bootstrap_key_id"]
    assert key.encode() not in shop.everything_stored()


def test_an_invitation_of_a_disabled_tenant_waits(shop):
    """Neither made nor used meanwhile."""
    ann, tenant_id = owner(shop)
    key, bob = invited(shop, ann), shop.signed_in()
    shop.ok(shop.post(f"/v1/house/tenants/{tenant_id}/disable", {"reason": "abuse"}, "house_operator"), 200)
    assert refusal(join(shop, key, bob)) == (403, "tenant_disabled")
    shop.ok(shop.post(f"/v1/house/tenants/{tenant_id}/enable", {"reason": "settled"}, "house_operator"), 200)
    shop.ok(join(shop, key, bob), 200)


def test_who_is_taken_out_has_neither_session_nor_key_in_the_tenant_any_more(shop):
    """The session says so, another of the person's tenants is not touched, and agents' keys stay."""
    ann, tenant_id = owner(shop)
    bob = shop.signed_in("bob-2@example.com")
    elsewhere = shop.ok(shop.post("/v1/access/tenants", {"name": "Bob's"}, bob))["tenant_id"]
    me = shop.ok(join(shop, invited(shop, ann), bob), 200)
    operator, agent = shop.new_key("operator", "bob", bob)["key"], shop.new_key("agent", "bot", bob)["key"]
    assert me["person_id"] in {row.person_id for row in people_of(shop.settings, tenant_id)}
    pauses = []
    removed = remove_person(shop.settings, tenant_id, me["person_id"], "left the company", "hal", pauses.append)
    assert (removed.sessions, removed.keys, len(pauses)) == (1, 1, 1)
    assert me["person_id"] not in {row.person_id for row in people_of(shop.settings, tenant_id)}
    assert refusal(shop.ask("GET", "/v1/access/me", bob)) == (401, "session_revoked")
    assert refusal(shop.ask("GET", "/v1/status", operator)) == (401, "unauthenticated")
    assert shop.works(agent)
    again = shop.ok(shop.ask("GET", "/v1/access/me", shop.signed_in("bob-2@example.com")), 200)
    assert [item["tenant_id"] for item in again["tenants"]] == [elsewhere]


def test_an_invitation_ends_with_the_membership_of_whoever_made_it(shop):
    """Who was taken out comes back neither as the same person nor under a second address; another member's invitation works."""
    ann, tenant_id = owner(shop)
    bob = shop.signed_in("bob-3@example.com")
    person_id = shop.ok(join(shop, invited(shop, ann), bob), 200)["person_id"]
    kept, others = invited(shop, bob), invited(shop, ann)
    remove_person(shop.settings, tenant_id, person_id, "left the company", "hal", lambda _: None)
    for address in ("bob-3@example.com", "bob-4@example.com"):
        answer = join(shop, kept, shop.signed_in(address))
        assert refusal(answer) == (401, "bootstrap_key_invalid")
        assert "any more" in answer.json()["detail"]
    assert shop.rows("SELECT 1 FROM memberships WHERE tenant_id = ? AND person_id = ?", tenant_id, person_id) == []
    shop.ok(join(shop, others, shop.signed_in("bob-3@example.com")), 200)


def test_a_bootstrap_key_of_one_of_the_houses_people_works_while_the_role_lasts(shop):
    """A person of the house is a member of no tenant, so the role says whether the key counts, for joining and for API keys."""
    _, tenant_id = owner(shop)
    set_house_person(shop.settings, "hal-9@example.com", "house_operator", None, "ann")
    body = {"tenant_id": tenant_id, "roles": ["member"], "reason": "test"}
    hal = shop.signed_in("hal-9@example.com")
    first, second = (shop.ok(shop.post("/v1/house/bootstrap-keys", body, hal))["key"] for _ in range(2))
    shop.ok(join(shop, first, shop.signed_in()), 200)
    set_house_person(shop.settings, "hal-9@example.com", None, None, "ann")
    assert refusal(join(shop, second, shop.signed_in())) == (401, "bootstrap_key_invalid")
    body = {"tenant_id": tenant_id, "roles": ["operator"], "reason": "test"}
    set_house_person(shop.settings, "hal-9@example.com", "house_operator", None, "ann")
    kept = shop.ok(shop.post("/v1/house/bootstrap-keys", body, shop.signed_in("hal-9@example.com")))["key"]
    set_house_person(shop.settings, "hal-9@example.com", None, None, "ann")
    assert refusal(shop.post("/v1/access/bootstrap", {"agent_id": "first"}, kept)) == (401, "bootstrap_key_invalid")
