"""Pages: bounded, in a stable order, each item once; a cursor works on the list that gave it and is refused anywhere else."""

import base64

import pytest
from gateway_shop import refusal
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.cursors import seal, unseal
from gateway.engine import service
from gateway.errors import Refused
from gateway.store import reads

POSITIONS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(POSITIONS, st.text(max_size=8), st.text(max_size=8))
def test_a_listing_takes_back_what_it_gave(position, name, narrowed):
    """And nobody else's."""
    cursor = seal(position, name, narrowed)
    assert unseal(cursor, name, narrowed) == position
    with pytest.raises(Refused):
        unseal(cursor, name, f"{narrowed}x")


@given(POSITIONS, st.data())
def test_a_cursor_with_any_character_changed_or_cut_is_refused(position, data):
    """Not read as some other position by chance."""
    cursor = seal(position, "list")
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("Aa0_-").filter(lambda character: character != cursor[at]))
    for damaged in (cursor[:at] + other + cursor[at + 1 :], cursor[:at] + cursor[at + 1 :]):
        if damaged:
            with pytest.raises(Refused):
                unseal(damaged, "list")


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "pay_1", "17", "%00", "=", base64.urlsafe_b64encode(b"pay_1").decode().rstrip("="), "a" * 161, "ä"],
)
@pytest.mark.parametrize("path", ["/v1/payments", "/v1/receipts", "/v1/payouts"])
def test_garbage_is_refused_with_400(open_shop, path, cursor):
    """Whatever list it is."""
    answer = open_shop.ask("GET", f"{path}?cursor={cursor}", "finance")
    assert refusal(answer) == (400, "invalid_request")
    assert "cursor" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "listing", "position"),
    [
        *(("/v1/receipts", ("list_receipts", ""), forged) for forged in ("abc", "", "-1", "0", "1.0", "9" * 40, "\u0661", "1\n")),
        ("/v1/payments", ("list_payments", ""), "x\0"),
        ("/v1/payouts", ("list_payouts",), "' OR 1 = 1 --"),
    ],
)
def test_a_forged_cursor_is_refused_with_400(open_shop, path, listing, position):
    """Anybody can compute the mark; what it marks must be a position of the list all the same."""
    answer = open_shop.ask("GET", f"{path}?cursor={seal(position, *listing)}", "finance")
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1.5", ""])
@pytest.mark.parametrize("path", ["/v1/payments", "/v1/receipts", "/v1/payouts", "/v1/ledger/entries"])
def test_a_limit_outside_1_to_1000_is_refused(open_shop, path, limit):
    """A page is bounded whoever asks."""
    assert refusal(open_shop.ask("GET", f"{path}?limit={limit}", "finance")) == (400, "invalid_request")


def test_a_cursor_of_one_list_is_refused_by_another_and_under_another_filter(shop):
    """Receipts of one payment do not go on among the receipts of all."""
    first, second = shop.reserved(), shop.reserved()
    shop.post(f"{first}/settle", {})
    for path in ("/v1/payments", "/v1/receipts"):
        cursor = shop.ask("GET", f"{path}?limit=1").json()["next_cursor"]
        for other in ("/v1/payments", "/v1/receipts", f"/v1/receipts?payment_id={second.rsplit('/', 1)[1]}"):
            answer = shop.ask("GET", f"{other}{'&' if '?' in other else '?'}cursor={cursor}")
            if other == path:
                assert answer.status_code == 200
            else:
                assert refusal(answer) == (400, "invalid_request")


def test_pages_stay_as_they_are_while_new_items_arrive(shop):
    """What was made after the first page began does not push an item onto two pages, or off both."""
    made = [shop.reserved().rsplit("/", 1)[1] for _ in range(6)]
    seen, cursor = [], ""
    while cursor is not None:
        page = shop.ask("GET", f"/v1/payments?limit=2&cursor={cursor}").json()
        seen += [item["payment_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        shop.reserved()
    assert seen == made[::-1]


@pytest.mark.parametrize("most", [1, 4_000])
def test_a_page_of_receipts_is_bounded_by_bytes_and_leaves_none_out(shop, monkeypatch, most):
    """A long page holds the event loop and waits in memory for a client that does not read; the cursor leads to the rest."""
    for module in (service, reads):
        monkeypatch.setattr(module, "RECEIPTS_BYTES", most)
    for _ in range(5):
        shop.reserved()
    found, sizes, cursor = [], [], ""
    while cursor is not None:
        page = shop.ask("GET", f"/v1/receipts?limit=1000{cursor and f'&cursor={cursor}'}").json()
        found += [item["seq"] for item in page["items"]]
        sizes.append(sum(len(base64.b64decode(item["envelope"]["payload"])) for item in page["items"]))
        cursor = page["next_cursor"]
    assert len(found) == 5
    assert found == sorted(set(found))
    assert len(sizes) > 1
    assert all(size <= max(most, 3_000) for size in sizes)
