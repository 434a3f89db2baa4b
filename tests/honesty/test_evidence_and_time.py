"""Evidence about something else, of another time, or of somebody else."""

import base64
import datetime as dt
import json

import fake_payments
import loopback
import msgspec
import pytest
from drill_stage import elsewhere, write_document
from honest_state import BUILD, CLEAN, KIND, NOW, OTHER_BUILD, State, criterion, gate, renamed
from probe_bench import pay, target_of
from signing import CI, document, first, key, put_signers, signer
from statements import TARGET
from ways import way

from gates.evidence.keys import TRUST_FILE, load_signer
from gates.evidence.making import Result, Span, make_predicate, producer
from gates.evidence.statement import PAYLOAD_TYPE, Inputs, Measure, Statement, Subject, make_statement
from gates.probes.client import TargetClient
from gates.schema.canonical import canonical_json
from gates.schema.target import Commands
from gates.schema.time import REHEARSAL_CLOCK, format_utc, system_clock
from gates.signers.private import keep_key

STRANGE = 9


@way("E1")
def test_evidence_of_another_build_is_stale(gonogo, state) -> None:
    """What was shown for one build is not shown for the next."""
    state.clean()
    gonogo.refused(state.judge(build=OTHER_BUILD), 3, "stale: the newest load-run about local is about another build")


@way("E2")
def test_evidence_about_a_target_of_another_name_is_missing(gonogo, state) -> None:
    """Though all digests are those of the target under review."""
    state.clean(about=Subject("local-2", state.subject().digest))
    gonogo.refused(state.judge(), 3, "missing: no evidence of kind load-run about local")


@way("E3")
def test_evidence_that_is_too_old_is_stale(gonogo, state) -> None:
    """Older than the criterion allows."""
    state.clean(at="2026-11-01T00:00:00.000Z")
    gonogo.refused(state.judge(), 3, "stale: the evidence finished at 2026-11-01T00:00:00.000Z, more than 7d ago")


@way("E4")
def test_evidence_from_the_future_is_stale(gonogo, state) -> None:
    """More than a minute of difference between two clocks; for a moment that was chosen it is left out, and the older decides."""
    state.clean(at="2026-11-23T10:01:00.000Z")
    assert state.judge().code == 0
    state.record({"double_settles": Measure("1", "count", 412)}, at="2026-11-23T09:59:00.000Z")
    later = state.clean(at="2026-11-23T10:01:01.000Z")
    said = f"1 statement is of later than the moment of --now and left out: {later.digest[:12]}"
    ending = state.judge(now="2026-11-23T09:59:30Z")
    gonogo.refused(ending, 1, "1, threshold at most 0")
    assert "2 statements are of later than the moment of --now and left out: " in ending.text
    assert said in state.judge().text
    state.clean(at=format_utc(system_clock() + dt.timedelta(hours=1)))
    gonogo.refused(state.judge(now=None), 3, ", after the moment of the judgement")


def redated(data: bytes) -> bytes:
    """An envelope whose statement finished later; the signature is the old one."""
    envelope = msgspec.json.decode(data)
    payload = base64.b64decode(envelope["payload"]).replace(b"2026-11-01T", b"2026-11-23T")
    return msgspec.json.encode({**envelope, "payload": base64.b64encode(payload).decode()})


@way("E5")
def test_a_time_changed_in_the_store_is_refused(gonogo, state) -> None:
    """The file is not what its name says."""
    path = state.path_of(state.clean(at="2026-11-01T00:00:00.000Z").digest)
    before = path.read_bytes()
    path.write_bytes(redated(before))
    assert path.read_bytes() != before
    gonogo.refused(state.judge(), 8, "not the file's name: the file was changed")
    gonogo.refused(gonogo("evidence", "verify"), 8, "replaced: ")


@way("E6")
def test_a_time_changed_in_a_file_that_is_added_is_refused(gonogo, state) -> None:
    """The signature does not hold, and nothing is stored."""
    path = state.folder / "old.intoto.json"
    path.write_bytes(redated(state.signed(state.statement(at="2026-11-01T00:00:00.000Z"))))
    gonogo.refused(gonogo("evidence", "add", path), 8, "does not hold")
    gonogo.refused(state.judge(), 3, "missing: no evidence of kind load-run")


@way("E7")
def test_a_changed_statement_under_its_new_digest_is_refused(gonogo, state) -> None:
    """The log lists the old one, and not this one."""
    path = state.path_of(state.clean(at="2026-11-01T00:00:00.000Z").digest)
    renamed(path, redated(path.read_bytes()))
    gonogo.refused(state.judge(), 8, "in no entry: added by hand, or the log was truncated")


@way("E8")
def test_a_statement_by_an_unknown_key_is_refused(gonogo, state) -> None:
    """When it is added, and when it lies in the store."""
    theirs = state.signed(state.statement(), by=signer(STRANGE))
    path = state.folder / "theirs.intoto.json"
    path.write_bytes(theirs)
    gonogo.refused(gonogo("evidence", "add", path), 8, "which the trust root does not hold")
    state.list_bytes(theirs)
    gonogo.refused(state.judge(), 8, "which the trust root does not hold")


@way("E9")
def test_a_forged_key_id_is_refused(gonogo, state) -> None:
    """The id of the trusted key, next to a signature of another one."""
    envelope = msgspec.json.decode(state.signed(state.statement(), by=signer(STRANGE)))
    envelope["signatures"] = [{"keyid": state.signer.keyid, "sig": envelope["signatures"][0]["sig"]}]
    path = state.folder / "forged.intoto.json"
    path.write_bytes(msgspec.json.encode(envelope))
    gonogo.refused(gonogo("evidence", "add", path), 8, "does not hold")


@way("E10")
def test_another_payload_type_is_refused(gonogo, state) -> None:
    """The true key signed it, as something else."""
    envelope = state.signer.sign("application/json", canonical_json(state.statement()))
    path = state.folder / "other.intoto.json"
    path.write_bytes(msgspec.json.encode(envelope))
    gonogo.refused(gonogo("evidence", "add", path), 8, f"payloadType 'application/json' is not '{PAYLOAD_TYPE}'")


@way("E11")
def test_the_newer_bad_statement_decides(gonogo, state) -> None:
    """Whichever was stored first."""
    state.record({"double_settles": Measure("1", "count", 412)}, at="2026-11-23T09:30:00.000Z")
    state.clean(at="2026-11-23T09:29:59.000Z")
    gonogo.refused(state.judge(), 1, "1, threshold at most 0")


@way("E12")
def test_a_line_removed_from_a_bundle_is_refused(gonogo, state) -> None:
    """The scorecard does not follow from what is left."""
    folder = state.review()
    bundle = folder / "evidence.intoto.jsonl"
    bundle.write_bytes(b"".join(bundle.read_bytes().splitlines(keepends=True)[1:]))
    gonogo.refused(gonogo("scorecard", "verify", folder), 8, "scorecard.yaml line ")


@way("E13")
def test_the_review_folder_of_somebody_else_is_refused(gonogo, state) -> None:
    """It is whole and signed, by keys that are not ours; with its own keys alone it is not verified either."""
    folder = state.review()
    trust = state.trust_file(signer(STRANGE))
    gonogo.refused(gonogo("scorecard", "verify", folder, "--trust", trust), 8, "which the trust root does not hold")


@way("E14")
def test_a_clock_that_was_set_back_during_a_run_dates_nothing(gonogo, state) -> None:
    """Ten minutes passed, and the clock counted one."""
    span = Span("2026-11-23T09:00:00.000Z", "2026-11-23T09:01:00.000Z", 600_000)
    inputs, observed = Inputs(target=state.reviewed().target), state.observe(state.subject())
    said = make_predicate(KIND, "a test", span, inputs, Result({"double_settles": CLEAN}, {}), observed)
    state.store.record(state.signer, KIND, state.subject(), said)
    text = "adapter_error: the clock was set during the run: it counted 60000 ms where 600000 ms passed"
    gonogo.refused(state.judge(), 3, text)


@way("E15")
def test_evidence_of_a_rehearsal_is_refused_outside_of_it(gonogo, state, monkeypatch) -> None:
    """Its key is marked, and no other trust root takes it, whatever file it stands in."""
    monkeypatch.setenv("GONOGO_HOME", str(state.folder / "rehearsal"))
    assert gonogo("state", "init", "--rehearsal").code == 0
    rehearsing = load_signer(state.folder / "rehearsal")
    path = state.folder / "rehearsed.intoto.json"
    path.write_bytes(state.signed(state.statement(rehearsal=True), by=rehearsing))
    assert gonogo("evidence", "add", path).code == 0
    monkeypatch.setenv("GONOGO_HOME", str(state.home))
    trust = state.folder / "rehearsal" / "keys" / TRUST_FILE
    gonogo.refused(
        gonogo("evidence", "add", path, "--trust", trust), 8, "a rehearsal key: it verifies nothing outside its rehearsal"
    )
    gonogo.refused(gonogo("evidence", "add", path), 8, "which the trust root does not hold")


@way("E18")
def test_a_real_folder_does_not_become_a_rehearsal(gonogo, state) -> None:
    """Every command that reads it says so: in a rehearsal a clock could be stepped, and no Signers are asked."""
    folder = state.review()
    (state.home / "state.json").write_bytes(b'{"rehearsal":true,"version":2}')
    gates, build = ("--gates", state.gate_file(gate())), ("--build", BUILD)
    words = "state.json: says that the folder is a rehearsal, and "
    gonogo.refused(gonogo("scorecard", "build", *gates, *build, "--out", state.folder / "out"), 8, words)
    assert not (state.folder / "out").exists()
    for command in (
        ("gate", "run", *gates, *build),
        ("evidence", "list"),
        ("evidence", "verify"),
        ("scorecard", "verify", folder),
        ("scorecard", "history"),
        ("waiver", "list"),
        ("review", "--profile", "smoke"),
    ):
        ending = gonogo(*command)
        assert (ending.code, words in ending.text) == (8, True), (command, ending.text)


@way("U10")
def test_a_moment_or_week_given_by_hand_is_never_official(gonogo, state) -> None:
    """The machine may sign official cards, and the evidence is good; one person alone does not make a past week official."""
    machine(state)
    build = ("scorecard", "build", "--gates", state.gate_file(gate()), "--build", BUILD)
    gonogo.refused(gonogo(*build, "--week", "2026-W40", "--out", state.folder / "one"), 3, "outside the week of this scorecard")
    late = ("scorecard", "late-sign", state.folder / "one", "--reason", "the runner was away")
    gonogo.refused(gonogo(*late, "--as", "ada", "--as", "grace"), 5, "would not count, so nothing was signed")
    state.clean()
    ending = gonogo(*build, "--now", "2026-11-27T12:05:00Z", "--out", state.folder / "two")
    gonogo.refused(ending, 0, "preview (judged as of a given moment (--now), not by the clock)")
    late = ("scorecard", "late-sign", state.folder / "two", "--reason", "the runner was away")
    gonogo.refused(gonogo(*late, "--as", "ada"), 5, "it needs 1 more person")
    gonogo.refused(gonogo(*build, "--now", "2026-11-27T12:05:00Z", "--official"), 2, "No such option")
    assert {row["standing"] for row in json.loads(gonogo("scorecard", "history", "--format", "json").out)} == {"preview"}


def machine(state) -> None:
    """Signers whose machine, which may sign official scorecards, has its key here."""
    put_signers(state.home, first(document(at="2020-01-01T00:00:00Z")), keys=state.folder / "keys")
    keep_key("ci", key(CI))


@way("U11")
def test_a_red_statement_whose_file_is_removed_is_named(gonogo, state) -> None:
    """The log lists it; nothing is judged without it."""
    state.clean()
    red = state.record({"double_settles": Measure("1", "count", 412)})
    assert state.judge().code == 1
    state.path_of(red.digest).unlink()
    gonogo.refused(state.judge(), 8, "removed: ")
    gonogo.refused(gonogo("evidence", "verify"), 8, "is missing")


@way("U12")
def test_a_green_run_does_not_undo_nine_red_ones(gonogo, tmp_path, monkeypatch) -> None:
    """What alone stops a launch stays a failure for the week on this build; two people can explain each run."""
    (tmp_path / "clock").write_text(NOW)
    monkeypatch.setenv(REHEARSAL_CLOCK, str(tmp_path / "clock"))
    assert gonogo("state", "init", "--rehearsal").code == 0
    state = State(gonogo.home, tmp_path, gonogo)
    put_signers(state.home, first(document(at="2020-01-01T00:00:00Z")), keys=state.folder / "keys")
    red = [state.record({"double_settles": Measure("1", "count", 412)}) for _ in range(9)]
    state.clean()
    strict = gate(criterion(automatic_no_go=True))
    gonogo.refused(state.judge(strict), 1, "a run of this week on this build, which a later run does not undo")
    gates = ("--gates", state.gate_file(strict))
    build = ("scorecard", "build", *gates, "--build", BUILD, "--now", NOW)
    explain = ("scorecard", "explain-red", *gates, "--reason", "the runner lost its disk", "--as", "ada")
    gonogo.refused(gonogo(*explain, red[0].digest), 5, "it needs 1 more person")
    for number, item in enumerate(red):
        assert gonogo(*build, "--out", state.folder / f"card-{number}").code == 1
        assert gonogo(*explain, "--as", "grace", item.digest).code == 0
    assert gonogo(*build, "--out", state.folder / "explained").code == 0


@way("U13")
def test_no_command_that_measures_takes_a_moment_by_hand(gonogo, state) -> None:
    """Evidence is dated by the clock."""
    ahead = ("--now", "2036-01-01T00:00:00Z")
    for command in (("gate", "probe", "secret-scan"), ("load", "run", "smoke"), ("drill", "run", "crash")):
        gonogo.refused(gonogo(*command, *ahead), 2, "No such option")


@way("U14")
@pytest.mark.process
def test_evidence_about_another_build_than_the_service_reports_is_refused(gonogo, state) -> None:
    """It is read from the service, and the difference is named."""
    out = ("--out", state.folder / "out")
    with elsewhere(state.folder) as service:
        target = write_document(state.folder, "Target", "fake", service.target(Commands()))
        ending = gonogo("gate", "probe", "secret-scan", state.gate_file(), *out, "--target", target, "--build", OTHER_BUILD)
    gonogo.refused(ending, 2, f"the service reports the build {'ab' * 32}, not {OTHER_BUILD}")


@way("U15")
def test_a_run_on_a_mock_of_the_same_name_and_build_is_stale(gonogo, state) -> None:
    """Another address, another target file, another profile, another tool: each by itself."""
    fits = state.reviewed()
    mock = Subject("local", {"build": BUILD, "instance": "a" * 64})
    state.clean(about=mock)
    gonogo.refused(state.judge(), 3, "is about another instance of the service")
    changed = {
        "another content of the target file": {"inputs": Inputs(target=TARGET, profile=fits.profile)},
        "another load profile": {"inputs": Inputs(target=fits.target, profile="a" * 64)},
        "another release of the toolkit": {"producer": msgspec.structs.replace(producer("a test"), sha256="a" * 64)},
    }
    for text, members in changed.items():
        state.clean(**members)
        gonogo.refused(state.judge(), 3, f"is about {text}")


@way("U17")
@pytest.mark.process
def test_receipts_are_not_verified_with_the_services_own_keys(gonogo, state) -> None:
    """Everything holds under the keys that the service gave, and that is nobody's word but its own; pinned keys verify it."""
    service = fake_payments.FakeService()
    with loopback.serving(service) as url:
        named = target_of(url)
        with TargetClient(named, "test") as client:
            pay(client)
        target = write_document(state.folder, "Target", "fake", named.target)
        probe = ("gate", "probe", "receipt-verification", "--target", target, "--out", state.folder / "out")
        gonogo.refused(gonogo(*probe), 3, "the service's own word")
        pinned = state.trust_file(service.signer)
        assert gonogo(*probe, "--trust", pinned).code == 0
        gonogo.refused(gonogo(*probe, "--trust", state.trust_file(signer(STRANGE))), 1, "unverified_receipts")


@way("U23")
def test_a_scan_of_nothing_and_statements_that_cannot_be_are_refused(gonogo, state) -> None:
    """An empty folder; six subjects, an end before the start, a measure twice, digits of another script."""
    (state.folder / "empty").mkdir()
    scan = ("gate", "probe", "secret-scan", state.folder / "empty", "--out", state.folder / "out", "--build", BUILD)
    gonogo.refused(gonogo(*scan), 3, "secret-scan: ")
    good = state.statement({"a": CLEAN, "b": Measure("7", "count", 9)})
    early = msgspec.structs.replace(good.predicate, finished_at="2026-11-23T07:00:00.000Z")
    script = msgspec.structs.replace(good.predicate, finished_at="\N{ARABIC-INDIC DIGIT TWO}026-11-23T09:00:00Z")
    doubled = canonical_json(good).replace(b'"b":', b'"a":')
    wrong = {
        "about 6 subjects, not about exactly one": state.signed(Statement(good.type_, good.subject * 6, KIND, good.predicate)),
        "before it started": state.signed(make_statement(KIND, good.subject[0], early)),
        "finished_at: ": state.signed(make_statement(KIND, good.subject[0], script)),
        "the member 'a' occurs twice": msgspec.json.encode(state.signer.sign(PAYLOAD_TYPE, doubled)),
    }
    for text, data in wrong.items():
        path = state.folder / "wrong.intoto.json"
        path.write_bytes(data)
        gonogo.refused(gonogo("evidence", "add", path), 8, text)
