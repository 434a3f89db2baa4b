"""Which paths go past the router: exactly the three templates, in no other spelling."""

import pytest

from gateway.api.lane import LANE_ROUTES, Lane
from gateway.routes import RESERVE, REVERSE, SETTLE


async def nothing(*_):
    """An app, or an answerer, that is never called here."""


@pytest.mark.parametrize(
    ("path", "route", "ids"),
    [
        ("/v1/payments", RESERVE, {}),
        ("/v1/payments/pay_1/settle", SETTLE, {"payment_id": "pay_1"}),
        ("/v1/payments/pay_1/reverse", REVERSE, {"payment_id": "pay_1"}),
        ("/v1/payments//settle", SETTLE, {"payment_id": ""}),  # to be told that this is no id
    ],
)
def test_a_payment_goes_past_the_router(path, route, ids):
    """With the payment's id as it stands in the path."""
    chosen = Lane(nothing, dict.fromkeys(LANE_ROUTES, nothing))._choose(path)
    assert chosen == (route, nothing, ids)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/settle",
        "/v1/payments/",
        "/v1/payments/pay_1",
        "/v1/payments/settle",
        "/v1/payments/pay_1/settle/",
        "/v1/payments/pay_1/approve",
        "/v1/payments/pay_1/of/settle",
        "/v1/paymentspay_1/settle",
        "/v1/payouts/pyo_1/settle",
        "//v1/payments/pay_1/settle",
    ],
)
def test_all_else_is_the_routers(path):
    """What is not quite such a path, too."""
    assert Lane(nothing, dict.fromkeys(LANE_ROUTES, nothing))._choose(path) is None
