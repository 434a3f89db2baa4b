"""New users who are chosen, imagined, or counted too early; journals that say more than happened."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import fake_payments
import pytest
from honest_users import BUILD, NewUsers, Shop, ago
from loopback import serving
from setup_files import Funnel, Setup, completed, machine, run_id
from ways import way

from gates.schema.time import parse_utc

pytestmark = pytest.mark.process
JOURNALED = ("dead_ends", "quick_mode_decisions", "failures_without_next_action")


@pytest.fixture
def users(gonogo, tmp_path: Path) -> Iterator[NewUsers]:
    """A shop with new users."""
    folder = tmp_path / "work"
    folder.mkdir()
    shop = Shop()
    with serving(shop) as url:
        yield NewUsers(folder, shop, url, fake_payments.token("ours", "operator"), gonogo)


def good(funnel: Funnel, numbers: range, **options: object) -> Funnel:
    """So many users who began ten days ago, paid, verified and came back."""
    for number in numbers:
        funnel.user(number, ago(10), **options)
    return funnel


@way("J1")
def test_a_journals_word_about_its_cohort_counts_for_nothing(gonogo, users) -> None:
    """Twenty journals say external, the gateway says simulated; with external users the same criterion passes."""
    good(users.shop.funnel, range(20), cohort="simulated")
    setups = [completed(number, build=BUILD).line(cohort="external", found={"cohort": "external"}) for number in range(20)]
    assert users.journals(*setups).code == 0
    gonogo.refused(users.judged_users("completion"), 3, "it waits for external users")
    good(users.shop.funnel, range(100, 120))
    assert users.judged_users("completion").code == 0


@way("J2")
def test_the_journal_that_went_wrong_cannot_be_left_out(gonogo, users) -> None:
    """The gateway knows each setup of our own, and one of them has no journal."""
    users.shop.funnel.user(1, ago(1), cohort="simulated").user(2, ago(1), cohort="simulated", took_s=None)
    users.journals(completed(1, build=BUILD))
    gonogo.refused(users.judged(*JOURNALED), 3, "1 were skipped, not checked")
    users.journals(
        completed(1, build=BUILD),
        Setup(run_id(2), build=BUILD).walk("begin", "probe_ok", "quit", next_command="gonogo setup resume", code="setup_quit"),
    )
    assert users.judged(*JOURNALED).code == 0


@way("J3")
def test_users_are_not_judged_before_their_seven_days_are_over(gonogo, users) -> None:
    """The quick ones are through after minutes, and the others still have time to give up."""
    for number in range(40):
        users.shop.funnel.user(number, ago(6.9))
    gonogo.refused(users.judged_users("completion"), 3, "external users who began later: 40")


@way("J4")
def test_who_gave_up_counts_as_not_completed_and_as_seven_days(gonogo, users) -> None:
    """Twenty came through, and twenty are still under way after ten days."""
    good(users.shop.funnel, range(20))
    good(users.shop.funnel, range(20, 40), took_s=None)
    ending = users.judged_users("completion", "time_to_first_verified_receipt_p95")
    gonogo.refused(ending, 1, "0.5, threshold at least 0.70")
    gonogo.refused(ending, 1, "604800 s, threshold at most 900 s")


@way("J5")
def test_a_setup_without_a_payment_is_not_completed(gonogo, users) -> None:
    """Trust-only: its receipt is a signed denial, and it verifies."""
    good(users.shop.funnel, range(10))
    good(users.shop.funnel, range(10, 40), step="trust_only")
    gonogo.refused(users.judged_users("completion"), 1, "0.25, threshold at least 0.70")


@way("J6")
def test_a_journal_whose_chain_is_broken_is_not_read_around(gonogo, users) -> None:
    """A line was taken out: the journal is refused, and the setup lacks one."""
    users.shop.funnel.user(1, ago(1), cohort="simulated").user(2, ago(1), cohort="simulated")
    setup = completed(1, build=BUILD)
    del setup.texts[5]
    users.journals(setup, completed(2, build=BUILD))
    ending = users.judged(*JOURNALED)
    gonogo.refused(ending, 3, "2 were skipped, not checked")
    assert "broken: line 6" in users.probe("setup-journal", users.folder / "setups").out


@way("J7")
def test_the_house_cannot_name_the_good_users_alone(gonogo, users) -> None:
    """Users whom it put into no cohort, and setups that came to no tenant, count against."""
    good(users.shop.funnel, range(20))
    good(users.shop.funnel, range(20, 25), cohort="none", took_s=None)
    good(users.shop.funnel, range(30, 35), cohort="none", tenant=None)
    gonogo.refused(users.judged_users("completion"), 1, "0.666666, threshold at least 0.70, 10 skipped count against it")


@way("J8")
def test_events_that_were_written_by_hand_decide_no_p0_gate(gonogo, users) -> None:
    """A file stands for the service's answer, and nobody read it from the service."""
    saved = users.folder / "funnel.ndjson"
    saved.write_bytes(good(Funnel(), range(20)).data)
    users.probe("onboarding-funnel", "--funnel", saved)
    gonogo.refused(users.judged("completion"), 3, "that counts for P1 gates only")


@way("J9")
def test_a_completed_setup_is_one_that_the_gateway_confirms(gonogo, users) -> None:
    """A journal of a run that never was, and one that says paid where nothing was."""
    users.shop.funnel.user(1, ago(1), cohort="simulated", step="trust_only")
    ending = users.journals(completed(1, build=BUILD), completed(2, build=BUILD))
    gonogo.refused(ending, 3, "it says completed, and the gateway knows no paid and verified receipt of the run")
    gonogo.refused(ending, 3, f"the gateway knows no run {run_id(2)}")
    assert users.judged(*JOURNALED).code == 3


@way("J10")
def test_one_friendly_user_is_one_sample(gonogo, users) -> None:
    """Thirty setups of one tenant, each of them quick."""
    good(users.shop.funnel, range(30), tenant="tnt_friend")
    gonogo.refused(users.judged_users("completion"), 3, "1 sample, 20 are needed")


@way("J11")
def test_journals_of_another_build_show_nothing_about_this_one(gonogo, users) -> None:
    """They are counted apart, and no pair of state and event was walked on this build."""
    users.shop.funnel.user(1, ago(1), cohort="simulated")
    users.journals(completed(1, build="d" * 64))
    gonogo.refused(users.judged("dead_ends"), 3, "0 walked, 10 are needed")


@way("J12")
def test_users_who_failed_do_not_become_canaries_afterwards(gonogo, users) -> None:
    """The house calls them its own a day after they began; those whom it named at once are left out."""
    good(users.shop.funnel, range(20))
    good(users.shop.funnel, range(20, 30), cohort="canary", took_s=None, labelled_at=ago(9))
    good(users.shop.funnel, range(30, 40), cohort="simulated", took_s=None, labelled_at=ago(11))
    gonogo.refused(users.judged_users("completion"), 1, "0.666666, threshold at least 0.70, 10 skipped count against it")


@way("J13")
def test_who_came_back_before_paying_is_not_active(gonogo, users) -> None:
    """A trial without money on the first day, a return on the second, a payment on the third, and nothing after it."""
    for number in range(20):
        users.shop.funnel.user(number, ago(10), took_s=2 * 86_400, returned=())
        who = {"tenant": f"tnt_{number}", "cohort": "external"}
        users.shop.funnel.event(run_id(number), "receipt_verified", moment(9.99), step="trust_only", **who)
        users.shop.funnel.event(run_id(number), "returned", moment(8.9), **{**who, "step": "1"})
    gonogo.refused(users.judged_users("activation"), 1, "0, threshold at least 0.60")


@way("J14")
def test_a_page_of_ones_own_with_the_name_of_a_runbook_resolves_nothing(gonogo, users, monkeypatch) -> None:
    """Ten codes, a page called setup-failures with a step that always ends well, and a run of it for all ten."""
    codes = ten_codes()
    users.shop.funnel.user(1, ago(10), codes=codes)
    page = users.folder / "setup-failures.md"
    page.write_text('# A setup failed\n\n```sh step=look expect=0 timeout=30s verify=exit\ntest -n "$GONOGO_FAILED"\n```\n')
    monkeypatch.setenv("GONOGO_FAILED", " ".join(f"run_1:{code}" for code in codes))
    ran = gonogo("runbook", "run", page, "--yes", "--target", users.target, "--out", users.folder / "run")
    assert ran.code == 0, ran.text
    users.probe("onboarding-funnel")
    users.probe("runbook-resolution")
    gonogo.refused(users.judged("onboarding_failures_without_runbook"), 1, "10, threshold at most 0")


@way("J15")
def test_the_failures_of_users_who_gave_up_early_are_not_left_out(gonogo, users) -> None:
    """Nobody knows whose setups they are; without external users nothing is judged at all."""
    for number in range(5):
        users.shop.funnel.user(number, ago(10), tenant=None, cohort="none", codes=ten_codes())
    users.probe("onboarding-funnel")
    users.probe("runbook-resolution")
    gonogo.refused(users.judged("onboarding_failures_without_runbook"), 3, "no setup of an external user failed yet")
    users.shop.funnel.user(9, ago(10))
    users.probe("onboarding-funnel")
    users.probe("runbook-resolution")
    gonogo.refused(users.judged("onboarding_failures_without_runbook"), 1, "10, threshold at most 0")


def ten_codes() -> tuple[str, ...]:
    """Ten codes of a setup that lead to one runbook."""
    return tuple(one.code for one in machine().failures if one.runbook == "setup-failures.md")[:10]


def moment(days: float) -> dt.datetime:
    """A moment so many days before now."""
    return parse_utc(ago(days))
