"""The probes of the onboarding as they are conducted: what they read, sign and compute again."""

import fake_payments
import loopback
import msgspec
import pytest
from probe_bench import target_of
from setup_files import TRUST_ONLY, Funnel, Setup, completed, machine, run_id, write_journals
from statements import predicate

from gates.evidence.identity import make_subject
from gates.evidence.statement import EvidenceKind, Measure
from gates.probes.client import TargetClient
from gates.probes.onboarding import onboarding_funnel, runbook_resolution, setup_journal
from gates.probes.onboarding.figures import COMPLETION
from gates.probes.onboarding.resolution import UNRESOLVED
from gates.probes.onboarding.walked import DEAD_ENDS, DECISIONS
from gates.schema.errors import UsageProblem
from gates.schema.operation import Operation
from gates.schema.runbook import shipped_folder
from gates.schema.target import Audit
from gates.schema.time import fixed_clock, parse_utc

pytestmark = pytest.mark.process
BUILD = "c" * 64
"""The build that the fake service reports."""
NOW = parse_utc("2026-11-23T10:00:00Z")
CLOCK = fixed_clock(NOW)
LONG_AGO, TODAY = "2026-11-10T10:00:00Z", "2026-11-23T08:59:00Z"


class Gateway(fake_payments.FakeService):
    """The fake service with a funnel, which it answers in pages of `page` events."""

    def __init__(self, funnel: Funnel, page: int = 10_000) -> None:
        super().__init__()
        self.funnel, self.page = funnel, page

    def answer(self, method, target, headers, body):
        """The funnel, or what the fake service answers."""
        path, _, query = target.partition("?")
        if path != "/v1/house/funnel":
            return super().answer(method, target, headers, body)
        after = int(query.removeprefix("after="))
        lines = [line for line in self.funnel.data.splitlines(keepends=True) if msgspec.json.decode(line)["seq"] > after]
        return 200, {"Content-Type": "application/x-ndjson"}, b"".join(lines[: self.page])


@pytest.fixture
def conducted(workbench):
    """Conduct a probe against a gateway with this funnel."""

    def run(probe, funnel, *, page=10_000, audit=True, **options):
        asked = Audit(funnel=Operation("/v1/house/funnel?after={after}", "GET", role="operator")) if audit else Audit()
        with loopback.serving(Gateway(funnel, page)) as url:
            target = target_of(url, workbench.out.parent, audit=asked)
            with TargetClient(target, "test") as client:
                done = workbench.conduct(probe, client, **options)
        return done, workbench.store.contents(workbench.trust).held(done.evidence, workbench.trust).statement.predicate

    return run


def journals(folder, *setups):
    """A probe over journals in a folder, on the build that the fake service reports."""
    return setup_journal.make_probe([write_journals(folder, *setups)], None, None, CLOCK)


def test_journals_that_the_gateway_confirms_make_a_statement_of_their_cohort(conducted, tmp_path):
    """Green, with the raw files from which the measures follow, and cohort as the gateway says."""
    setups = [completed(1, build=BUILD), Setup(run_id(2), build=BUILD).walk(*TRUST_ONLY)]
    funnel = Funnel().user(1, TODAY, cohort="simulated").user(2, TODAY, cohort="simulated", step="trust_only")
    done, said = conducted(journals(tmp_path / "setups", *setups), funnel)
    assert (int(done.exit_code), said.status, said.cohort) == (0, "complete", "simulated")
    assert said.measures[DEAD_ENDS].made_of["setups"] == 2
    names = {item.name for item in said.artifacts}
    assert {"machine.json", "funnel.ndjson", "read.json", "journals/00001.jsonl", "journals/00002.jsonl"} <= names
    assert said.build_observation is not None


def test_a_claim_of_the_journal_about_its_cohort_is_not_read(conducted, tmp_path):
    """The gateway names two cohorts: the statement is of none."""
    setups = [completed(number, build=BUILD).line(cohort="external", found={"cohort": "external"}) for number in (1, 2)]
    funnel = Funnel().user(1, TODAY, cohort="simulated").user(2, TODAY, cohort="external")
    _, said = conducted(journals(tmp_path / "setups", *setups), funnel)
    assert said.cohort == "none"


def test_a_dead_end_is_red_and_what_cannot_count_is_unknown(conducted, tmp_path):
    """Exit 1 and 3, and the statement says why."""
    stuck = Setup(run_id(1), build=BUILD).walk("begin", "probe_failed", next_command=None)
    done, said = conducted(journals(tmp_path / "stuck", stuck), Funnel().user(1, TODAY, cohort="simulated", took_s=None))
    assert (int(done.exit_code), said.measures[DEAD_ENDS].value) == (1, "1")
    chosen = Funnel().user(1, TODAY, cohort="simulated").user(2, TODAY, cohort="simulated")
    done, said = conducted(journals(tmp_path / "chosen", completed(1, build=BUILD)), chosen)
    assert (int(done.exit_code), said.measures[DEAD_ENDS].value, said.measures[DEAD_ENDS].skipped) == (3, "0", 1)


def test_an_old_setup_of_ours_is_not_asked_for(conducted, tmp_path):
    """Journals are owed for seven days."""
    funnel = Funnel().user(1, TODAY, cohort="simulated").user(2, LONG_AGO, cohort="simulated", returned=())
    done, _ = conducted(journals(tmp_path / "setups", completed(1, build=BUILD)), funnel)
    assert int(done.exit_code) == 0


def test_a_torn_journal_and_one_that_is_no_text_are_read_as_far_as_they_can_be(conducted, tmp_path):
    """The first counts, cut within a letter; the second is skipped."""
    folder = write_journals(tmp_path / "setups", completed(1, build=BUILD))
    with (folder / "runs" / run_id(1) / "journal.jsonl").open("ab") as file:
        file.write('{"code":"ä'.encode()[:-1])
    (folder / "other").mkdir()
    (folder / "other" / "journal.jsonl").write_bytes(b"\xff\xfe\n")
    (folder / "chain.jsonl").write_text("another file of the client\n")
    probe = setup_journal.make_probe([folder], None, None, CLOCK)
    _, said = conducted(probe, Funnel().user(1, TODAY, cohort="simulated"))
    assert (said.facts["torn"], said.measures[DECISIONS].skipped) == (["runs/" + run_id(1) + "/journal.jsonl"], 1)


def test_without_a_funnel_or_without_journals_nothing_is_run(conducted, tmp_path):
    """The target lacks the operation; the folder is empty: not_run, with what to do."""
    done, said = conducted(journals(tmp_path / "setups", completed(1, build=BUILD)), Funnel(), audit=False)
    assert (int(done.exit_code), said.status, "audit.funnel" in said.detail) == (3, "not_run", True)
    (tmp_path / "empty").mkdir()
    done, said = conducted(setup_journal.make_probe([tmp_path / "empty"], None, None, CLOCK), Funnel())
    assert (int(done.exit_code), said.status, "no journal" in said.detail) == (3, "not_run", True)


def test_the_funnel_is_read_to_its_end_page_by_page(conducted):
    """Three events at a time, and every user is there."""
    funnel = Funnel()
    for number in range(20):
        funnel.user(number, LONG_AGO)
    done, said = conducted(onboarding_funnel.make_probe(None, CLOCK), funnel, page=3)
    assert (int(done.exit_code), said.cohort, said.measures[COMPLETION].samples) == (0, "external", 20)


def test_a_saved_funnel_is_only_told(conducted, tmp_path):
    """Nobody read it from the service: the statement cites no observation, so it decides no P0 gate."""
    saved = tmp_path / "saved.ndjson"
    saved.write_bytes(Funnel().user(1, LONG_AGO).data)
    _, said = conducted(onboarding_funnel.make_probe(saved, CLOCK), Funnel())
    assert (said.measures[COMPLETION].value, said.build_observation) == ("1", None)
    for wrong in (tmp_path / "none.ndjson", tmp_path):
        with pytest.raises(UsageProblem, match=str(wrong)):
            conducted(onboarding_funnel.make_probe(wrong, CLOCK), Funnel())
    saved.write_text("<html>\n")
    with pytest.raises(UsageProblem, match="line 1: not an event of a funnel"):
        conducted(onboarding_funnel.make_probe(saved, CLOCK), Funnel())


def test_an_answer_that_is_no_funnel_measures_nothing(conducted):
    """Half a line: adapter_error, and no measure has a value."""
    cut = type("Cut", (Funnel,), {"data": property(lambda self: Funnel.data.fget(self)[:-1])})()
    done, said = conducted(onboarding_funnel.make_probe(None, CLOCK), cut.user(1, LONG_AGO))
    assert (int(done.exit_code), said.status) == (3, "adapter_error")
    assert all(measure.value is None for measure in said.measures.values())


@pytest.fixture
def resolved(workbench, conducted):
    """Read the funnel, then hold its failures against these runs of runbooks."""

    def run(funnel, *runs):
        conducted(onboarding_funnel.make_probe(None, CLOCK), funnel)
        for kind, measures, at, pages in runs:
            subject = make_subject(target_of("http://127.0.0.1:1", workbench.out.parent), BUILD, {})
            said = predicate(kind, at, measures, artifacts=tuple(workbench.store.keep_artifact(*item) for item in pages.items()))
            workbench.store.record(workbench.signer, kind, subject, said)
        probe = runbook_resolution.make_probe(workbench.store, workbench.trust, None, CLOCK)
        return conducted(probe, funnel)

    return run


RAN = "2026-11-23T09:00:00.000Z"


def shipped(name):
    """The bytes of a shipped page."""
    return (shipped_folder() / f"{name}.md").read_bytes()


def rehearsed(*names, at=RAN, codes=()):
    """A rehearsal in which these runbooks ended their fault, the first of them about these codes."""
    parts = {**dict.fromkeys(names, 1), **{f"{names[0]}/{code}": 1 for code in codes}}
    measure = Measure("0", "count", samples=len(names), made_of=parts)
    pages = {f"{name}/page.md": shipped(name) for name in names}
    return EvidenceKind.RUNBOOK_REHEARSAL, {"runbooks_failed": measure}, at, pages


def walked(name, failed="0", codes=(), page=None):
    """A walk of one runbook about these codes."""
    measure = Measure(failed, "count", samples=4, made_of={name: 4, **{f"{name}/{code}": 1 for code in codes}})
    return EvidenceKind.RUNBOOK_RUN, {"steps_failed": measure}, RAN, {"page.md": page or shipped(name)}


def test_a_code_is_resolved_by_a_run_of_its_runbook_on_this_build(resolved):
    """By a rehearsal that ended the fault, or by a walk whose steps all ended well."""
    funnel = Funnel().user(1, LONG_AGO, codes=("rail_unavailable",)).user(2, LONG_AGO, codes=("call_unknown", "rail_unavailable"))
    done, said = resolved(funnel, rehearsed("rail-outage"), walked("unknown-outcomes"))
    assert (int(done.exit_code), said.measures[UNRESOLVED].value, said.measures[UNRESOLVED].samples) == (0, "0", 2)
    assert [one["code"] for one in said.facts["failures"]] == ["rail_unavailable", "call_unknown"]


@pytest.mark.parametrize(
    "run", [rehearsed("rollback"), rehearsed("rail-outage", at="2026-11-01T09:00:00.000Z"), walked("rail-outage", "1")]
)
def test_a_run_of_another_page_an_old_one_and_a_failed_one_resolve_nothing(resolved, run):
    """The code is a finding, with its page."""
    done, said = resolved(Funnel().user(1, LONG_AGO, codes=("rail_unavailable",)), run)
    assert (int(done.exit_code), said.measures[UNRESOLVED].value) == (1, "1")
    assert said.facts["findings"][0]["expected"] == "rail-outage.md executed on this build"


@pytest.mark.parametrize("run", [rehearsed, walked])
def test_a_page_for_several_failures_resolves_those_that_it_was_run_for(resolved, run):
    """Its run for one code says nothing about the other one."""
    funnel = Funnel().user(1, LONG_AGO, codes=("otp_locked", "no_terminal"))
    done, said = resolved(funnel, run("setup-failures", codes=("otp_locked",)))
    assert (int(done.exit_code), said.measures[UNRESOLVED].value) == (1, "1")
    assert said.facts["findings"][0]["where"] == "no_terminal"
    assert said.facts["executed"] == ["setup-failures.md: otp_locked"]


def test_another_page_of_the_same_name_resolves_nothing(resolved):
    """One's own file, with a step that always ends well."""
    done, said = resolved(
        Funnel().user(1, LONG_AGO, codes=("rail_unavailable",)), walked("rail-outage", page=b"# Rail\n\nAll is well.\n")
    )
    assert (int(done.exit_code), said.measures[UNRESOLVED].value, said.facts["executed"]) == (1, "1", [])


def test_the_failures_of_those_who_gave_up_before_they_had_a_tenant_are_failures_of_users(resolved):
    """They are of no cohort, and the most frequent ones; the setups of our own stay apart."""
    funnel = Funnel().user(1, LONG_AGO, codes=("rail_unavailable",)).user(9, LONG_AGO, cohort="canary", codes=("clock_skew",))
    for number in (2, 3):
        funnel.user(number, LONG_AGO, cohort="none", tenant=None, codes=("otp_locked",))
    done, said = resolved(funnel, rehearsed("rail-outage"))
    assert (int(done.exit_code), said.measures[UNRESOLVED].value, said.measures[UNRESOLVED].samples) == (1, "1", 2)
    assert [(one["code"], one["users"]) for one in said.facts["failures"]] == [("otp_locked", 2), ("rail_unavailable", 1)]
    assert [one["code"] for one in said.facts["failures_of_others"]] == ["clock_skew"]


def test_only_the_ten_most_frequent_codes_count(resolved):
    """By users, not by events: one user who fails a hundred times is one."""
    codes = [one.code for one in machine().failures][:11]
    funnel = Funnel()
    for number in range(30):
        funnel.user(number, LONG_AGO, codes=tuple(codes[: 11 - number % 11]))
    funnel.user(40, LONG_AGO, codes=("made_up",) * 100)
    _, said = resolved(funnel)
    assert said.measures[UNRESOLVED].samples == 10
    assert codes[0] in {one["code"] for one in said.facts["failures"]}
    assert codes[10] not in {one["code"] for one in said.facts["failures"]}


def test_an_unknown_code_is_a_finding(resolved):
    """No row of the machine's document has it, so no page can help."""
    done, said = resolved(Funnel().user(1, LONG_AGO, codes=("made_up",)))
    assert (int(done.exit_code), said.facts["findings"][0]["found"]) == (1, "the code is unknown")


def test_without_a_statement_of_the_funnel_nothing_is_resolved(workbench, conducted):
    """not_run, with the command that comes first."""
    probe = runbook_resolution.make_probe(workbench.store, workbench.trust, None, CLOCK)
    done, said = conducted(probe, Funnel())
    assert (int(done.exit_code), said.status, "no funnel of this build" in said.detail) == (3, "not_run", True)


def test_no_failure_of_an_external_user_yet_is_unknown(resolved):
    """Nobody failed, or our own setups did: nothing shows that a runbook helps; the facts list their codes apart."""
    done, said = resolved(Funnel().user(1, LONG_AGO).user(2, LONG_AGO, cohort="simulated", codes=("no_terminal",)))
    assert (int(done.exit_code), said.measures[UNRESOLVED].unknown, said.cohort) == (3, "too_few_samples", "external")
    assert [one["code"] for one in said.facts["failures_of_others"]] == ["no_terminal"]
