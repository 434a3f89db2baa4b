"""The rows of sign-up and of cohorts: who makes a tenant, and whose behaviour it stands for."""

import pytest

from gateway.access.labels import cohort_now, label_at, label_fault
from gateway.access.sign_up import ADMISSIONS, Admission, Standing, domain_of, house_may_make_tenants, standing_of
from gateway.commands.house import COHORTS, SignUpMode
from gateway.store.house_rows import LabelRow

TABLE = """
              admitted  claimed  other
public_signup makes     closed   makes
hybrid        makes     closed   waits
managed       closed    closed   closed
closed        closed    closed   closed
"""


def test_the_table_of_sign_up_is_this_one():
    """Each mode and each standing has one row, and no other."""
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    told = {(mode, standing): what for mode, *cells in rows for standing, what in zip(head, cells, strict=True)}
    assert {(str(mode), str(standing)): str(what) for (mode, standing), what in ADMISSIONS.items()} == told
    assert len(told) == len(SignUpMode) * len(Standing)


def test_only_a_mode_that_lets_somebody_wait_has_a_waiting_list():
    """In all others nobody is told to wait for what will not come."""
    assert {mode for (mode, _), what in ADMISSIONS.items() if what is Admission.WAITS} == {SignUpMode.HYBRID}


def test_closed_stops_the_house_too():
    """It makes tenants in every mode but this one."""
    assert [mode for mode in SignUpMode if not house_may_make_tenants(mode)] == [SignUpMode.CLOSED]


@pytest.mark.parametrize(
    ("admitted", "claimed", "standing"),
    [(True, True, "admitted"), (True, False, "admitted"), (False, True, "claimed"), (False, False, "other")],
)
def test_an_admitted_person_is_admitted_whatever_the_domain(admitted, claimed, standing):
    """The house's word on a person comes before its word on a domain."""
    assert standing_of(admitted=admitted, claimed=claimed) == standing


@pytest.mark.parametrize(
    ("address", "domain"),
    [("ann@example.com", "example.com"), ("ann@Sub.Example.COM", "sub.example.com"), ('"a@b"@example.com', "example.com")],
)
def test_the_domain_is_what_follows_the_last_at_sign(address, domain):
    """A domain below a claimed one is another domain."""
    assert domain_of(address) == domain


def labels(*rows):
    """Labels of these cohorts, a day each."""
    return tuple(LabelRow(cohort, "why", f"2026-11-0{day}T00:00:00.000Z", "hal") for day, cohort in enumerate(rows, 1))


def test_the_newest_label_is_in_force_and_none_is_none():
    """Whom the house has not labelled counts nowhere."""
    assert cohort_now(labels("canary", "external")) == "external"
    assert (cohort_now(()), label_at((), "2026-11-01")) == ("none", None)


@pytest.mark.parametrize(
    ("at", "cohort"),
    [
        ("2026-10-01T00:00:00.000Z", "external"),
        ("2026-11-01T12:00:00.000Z", "external"),
        ("2026-11-02T00:00:00.000Z", "canary"),
        ("2026-12-01T00:00:00.000Z", "canary"),
    ],
)
def test_a_later_label_moves_nothing_that_began_before(at, cohort):
    """What began before the first label belongs to the first one, so that no failure can be relabelled away."""
    assert label_at(labels("external", "canary"), at).cohort == cohort


@pytest.mark.parametrize("wanted", COHORTS)
def test_a_simulated_tenant_stays_simulated(wanted):
    """Its wallets may hold demo money."""
    assert label_fault(labels("simulated"), wanted) is not None


@pytest.mark.parametrize(("now", "wanted"), [("canary", "external"), ("external", "canary"), ("external", "simulated")])
def test_any_other_label_may_follow(now, wanted):
    """A mistake can be corrected for what comes later."""
    assert label_fault(labels(now), wanted) is None
    assert "already" in label_fault(labels(now), now)
