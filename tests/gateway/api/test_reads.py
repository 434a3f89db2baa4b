"""Reading: pages, the ledger as NDJSON, receipts, status."""

import msgspec

from gateway.answers import DecisionView, EnvelopeView, LedgerLine, PaymentPage, PaymentView, ReceiptPage


def test_pages_follow_their_cursor_to_the_end_and_show_everything_once(shop):
    """Newest first for payments, journal order for receipts; an empty cursor is the first page."""
    made = [shop.reserved().rsplit("/", 1)[1] for _ in range(5)]
    for path, expected in (("/v1/payments", made[::-1]), ("/v1/receipts", made)):
        seen, cursor, pages = [], "", 0
        while cursor is not None:
            page = shop.ask("GET", f"{path}?limit=2&cursor={cursor}").json()
            seen += [item["payment_id"] for item in page["items"]]
            cursor, pages = page["next_cursor"], pages + 1
        assert (seen, pages) == (expected, 3)


def test_answers_decode_into_what_the_document_promises(shop):
    """The types of the contract, with no member too many."""
    where = shop.reserved()
    assert msgspec.json.decode(shop.ask("GET", where).content, type=PaymentView).state == "reserved"
    assert len(msgspec.json.decode(shop.ask("GET", "/v1/payments").content, type=PaymentPage).items) == 1
    page = msgspec.json.decode(shop.ask("GET", f"/v1/receipts?payment_id={where[-36:]}").content, type=ReceiptPage)
    envelope = shop.ask("GET", f"/v1/receipts/{page.items[0].receipt_id}").content
    assert msgspec.json.decode(envelope, type=EnvelopeView) == page.items[0].envelope


def test_the_ledger_is_ndjson_in_order_and_ends_with_an_empty_page(shop):
    """Read until a page is empty; the next page begins after the last line's seq."""
    for _ in range(3):
        shop.post(f"{shop.reserved()}/settle", {"amount": "250"})
    lines, after = [], 0
    while True:
        answer = shop.ask("GET", f"/v1/ledger/entries?after={after}&limit=2", "finance")
        assert answer.headers["content-type"] == "application/x-ndjson"
        page = [msgspec.json.decode(line, type=LedgerLine) for line in answer.content.splitlines()]
        if not page:
            break
        lines, after = lines + page, page[-1].seq
    assert [line.kind for line in lines] == ["fund"] + ["reserve", "settle"] * 3
    assert [line.seq for line in lines] == sorted(line.seq for line in lines)
    assert all(sum(int(leg.amount) for leg in line.postings) == 0 for line in lines)


def test_a_dry_run_says_what_the_policy_says_and_changes_nothing(shop):
    """No key is needed, since nothing is written."""
    allowed = shop.ask("POST", "/v1/policies/dry-run", json=shop.payment())
    denied = shop.ask("POST", "/v1/policies/dry-run", "tenant_admin", json=shop.payment(amount="100001"))
    assert msgspec.json.decode(allowed.content, type=DecisionView).outcome == "allow"
    assert denied.json()["reasons"] == ["per_payment_limit"]
    assert shop.ask("GET", "/v1/payments").json()["items"] == []


def test_the_public_routes_need_no_key(open_shop):
    """Health, readiness, metrics and the keys that verify receipts."""
    assert open_shop.ask("GET", "/healthz", None).json() == {"status": "ok"}
    assert open_shop.ask("GET", "/readyz", None).json() == {"status": "ready", "mail": "none"}
    assert open_shop.ask("GET", "/metrics", None).headers["content-type"].startswith("text/plain; version=0.0.4")
    jwks = open_shop.ask("GET", "/.well-known/gonogo-keys.json", None)
    assert jwks.headers["content-type"] == "application/jwk-set+json"
    assert [key["crv"] for key in jwks.json()["keys"]] == ["Ed25519"]


def test_status_names_the_running_build(open_shop):
    """Evidence is about one build; this is where it is read."""
    status = open_shop.ask("GET", "/v1/status", "finance").json()
    assert (status["mode"], status["build"]) == ("normal", open_shop.engine.build)


def test_an_administrator_sets_up_what_an_agent_pays_with(shop):
    """Wallet, payee and policy are made by the tenant's administrator, each with a Location where it can be read."""
    wallet = shop.post("/v1/wallets", {"currency": "EUR"}, "tenant_admin")
    payee = shop.post("/v1/payees", {"name": "Müller & Söhne", "currency": "EUR"}, "tenant_admin")
    for made in (wallet, payee):
        assert made.status_code == 201
        assert shop.ask("GET", made.headers["location"]).json() == made.json()
    policy = shop.post("/v1/policies", {"currency": "EUR"}, "tenant_admin")
    assert shop.ask("GET", policy.headers["location"]).json() == policy.json()["policy"] == {"version": "1", "currency": "EUR"}
    body = shop.payment(wallet_id=wallet.json()["wallet_id"], payee_id=payee.json()["payee_id"], currency="EUR")
    assert shop.post("/v1/payments", body).json()["code"] == "insufficient_funds"
    assert shop.post("/v1/payments", body | {"currency": "USD"}).json()["code"] == "currency_mismatch"
