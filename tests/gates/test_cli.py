"""The commands of the room: what they print, where, and how they end."""

import datetime as dt
import json
import subprocess
import sys

import msgspec
import pytest
import yaml
from signing import ADA, GRACE, act, put_act, put_signers, waiver_act

from gates.acts.act import ActKind
from gates.evidence.keys import load_signer
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import EvidenceStore
from gates.schema.time import format_utc
from gates.schema.waiver import waived_gate

NOW = "2026-11-23T10:00:00Z"
BUILD = "b" * 64


def _gates(bench, folder, *gates):
    (folder / "runbooks").mkdir(parents=True, exist_ok=True)
    (folder / "runbooks" / "x.md").touch()
    spec = {"gates": msgspec.to_builtins(gates or (bench.gate(),))}
    document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": spec}
    (folder / "mine.yaml").write_text(yaml.safe_dump(document))
    return folder


def test_gate_list_shows_the_ten_gates(gonogo):
    """One line a gate."""
    code, out, _ = gonogo("gate", "list")
    assert code == 0
    assert [line[0] for line in out.splitlines()] == list("ABCDEFGHIJ")
    assert "financial-integrity" in out


def test_gate_list_as_json_and_yaml_is_the_gate_set(gonogo):
    """Both say the same."""
    as_json, as_yaml = (gonogo("gate", "list", "--format", shape)[1] for shape in ("json", "yaml"))
    assert json.loads(as_json) == yaml.safe_load(as_yaml)
    assert len(json.loads(as_json)) == 10


@pytest.mark.parametrize("name", ["C", "c", "financial-integrity"])
def test_gate_explain_finds_a_gate_by_letter_or_id(gonogo, name):
    """Either is what people say."""
    code, out, _ = gonogo("gate", "explain", name)
    assert code == 0
    assert "Can a payment settle twice or be lost?" in out


def test_gate_explain_names_the_gates_there_are(gonogo):
    """A name that no gate has: exit 2 and the list."""
    code, out, err = gonogo("gate", "explain", "Z")
    assert (code, out) == (2, "")
    assert "no gate is called 'Z'" in err
    assert "next: use one of A onboarding-quality" in err


def test_gate_validate_accepts_the_catalog_and_refuses_a_misspelt_key(gonogo, bench, tmp_path):
    """The path inside the file is told; no traceback."""
    code, out, _ = gonogo("gate", "validate")
    assert (code, out.startswith("ok: 10 gates with ")) == (0, True)
    folder = _gates(bench, tmp_path / "gates")
    file = folder / "mine.yaml"
    file.write_text(file.read_text().replace("min_samples", "min_sample"))
    code, out, err = gonogo("gate", "validate", folder)
    assert (code, out) == (2, "")
    assert "mine.yaml: $.spec.gates[0].criteria[0]: unknown key 'min_sample'" in err
    assert "Traceback" not in err


def test_gate_run_of_one_gate_with_its_evidence_is_a_go(gonogo, bench, stored, tmp_path):
    """Evidence of the build, fresh and clean: GO, exit 0."""
    gates = _gates(bench, tmp_path / "gates")
    code, out, _ = gonogo("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW)
    assert code == 0
    assert out.startswith("GO   as of 2026-11-23T10:00:00.000Z\n")
    assert stored.digest[:12] in out


def test_gate_run_holds_a_red_run_of_the_week_until_two_people_explain_it(gonogo, bench, stored, tmp_path):
    """NO GO with exit 1 in spite of the later green run, and GO with the signed explanation."""
    home = tmp_path / "home"
    put_signers(home)
    said = stored.statement.predicate
    earlier = format_utc(bench.now - dt.timedelta(hours=2))
    found = {"measures": {"double_settles": Measure("3", "count", samples=412)}}
    before = msgspec.structs.replace(said, started_at=earlier, finished_at=earlier, **found)
    red = EvidenceStore(home / "evidence").record(load_signer(home), EvidenceKind.LOAD_RUN, stored.statement.subject[0], before)
    gates = _gates(bench, tmp_path / "gates", bench.gate(bench.criterion(automatic_no_go=True)))
    command = ("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW)
    assert gonogo(*command)[0] == 1
    put_act(home, act(ActKind.EXPLANATION, ADA, GRACE, name=red.digest, sha256=red.digest))
    assert gonogo(*command)[0] == 0


def test_gate_run_of_the_catalog_today_is_an_unknown(gonogo, stored):
    """NO GO with exit 3, and JSON on stdout all the same."""
    code, out, _ = gonogo("gate", "run", "--build", BUILD, "--now", NOW, "--format", "json")
    assert code == 3
    review = json.loads(out)
    assert review["decision"]["decision"] == "NO GO"
    assert review["builds"] == {"local": BUILD}


def test_gate_run_of_another_build_is_stale(gonogo, bench, stored, tmp_path):
    """What was shown for the last build is not shown for this one."""
    gates = _gates(bench, tmp_path / "gates")
    code, out, _ = gonogo("gate", "run", "--gates", gates, "--build", "c" * 64, "--now", NOW)
    assert code == 3
    assert "stale: the newest load-run about local is about another build than cccccccccccc" in out


def test_gate_run_without_a_build_or_a_service_says_what_to_do(gonogo):
    """Exit 3, and the way out."""
    code, out, err = gonogo("gate", "run", "--now", NOW)
    assert (code, out) == (3, "")
    assert "the build of local is not known" in err
    assert "; or name the build with --build SHA256" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--build", "abc"), "is not a sha256 of 64 lower-case hex digits"),
        (("--gates", "nowhere"), "nowhere: no such file or folder"),
        (("--target", "nobody"), "no target is called 'nobody'"),
        (("--evidence", "nowhere"), "'nowhere' does not exist"),
        (("--now", "today"), "is not a moment such as"),
        (("--fail-on", "blue"), "is not 'yellow'"),
    ],
)
def test_gate_run_refuses_what_it_cannot_read(gonogo, options, message):
    """Exit 2, naming the option's value."""
    code, out, err = gonogo("gate", "run", "--build", BUILD, *options)
    assert (code, out) == (2, "")
    assert message in err


def test_gate_run_with_tampered_evidence_ends_with_8(gonogo, stored, tmp_path):
    """A changed file is named, and nothing is judged."""
    path = tmp_path / "home" / "evidence" / "objects" / stored.digest[:2] / f"{stored.digest}.intoto.json"
    path.write_bytes(path.read_bytes().replace(b'"payload":"ey', b'"payload":"eY'))
    code, out, err = gonogo("gate", "run", "--build", BUILD, "--now", NOW)
    assert (code, out) == (8, "")
    assert path.name in err


def test_gate_run_ends_a_waiver_whose_gate_changed(gonogo, bench, stored, tmp_path):
    """It was signed for a gate that required another value: without it nothing mitigates the failing gate."""
    names = [("d", "D"), ("e", "E"), ("f", "F")]
    p1 = [bench.gate(gate_id=name, letter=letter, priority="P1", waivable=True) for name, letter in names]
    red = bench.gate(bench.criterion(measure="absent"), gate_id="h", letter="H", priority="P1", waivable=True)
    looser = msgspec.structs.replace(red.criteria[0], threshold="1")
    signed_for = msgspec.structs.replace(red, criteria=(looser,))
    gates = _gates(bench, tmp_path / "gates", bench.gate(), *p1, red)
    folder = tmp_path / "waivers"
    folder.mkdir()
    put_signers(tmp_path / "home")
    (folder / "h.json").write_bytes(msgspec.json.encode(waiver_act("h", sha256=waived_gate(signed_for))))
    code, out, _ = gonogo("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW, "--waivers", folder)
    assert (code, "waived until" in out) == (3, False)


@pytest.mark.parametrize("command", [("validate",), ("list", "--gates"), ("run", "--build", BUILD, "--now", NOW, "--gates")])
@pytest.mark.parametrize("runbook", ["javascript:alert(1)", "runbooks/absent.md"])
def test_a_runbook_that_leads_nowhere_is_refused_by_whatever_loads_gates(gonogo, bench, tmp_path, command, runbook):
    """Exit 2 names the file, the gate and the runbook."""
    gates = _gates(bench, tmp_path / "gates", bench.gate(runbook=runbook))
    code, _, err = gonogo("gate", *command, gates)
    assert (code, "mine.yaml: gate financial-integrity: runbook" in err, runbook in err) == (2, True, True)


def test_gate_run_heeds_waivers_and_fail_on_yellow(gonogo, bench, stored, tmp_path):
    """A GO with a P1 gate that does not pass is 0, and 4 with --fail-on yellow."""
    names = [("d", "D"), ("e", "E"), ("f", "F"), ("g", "G")]
    p1 = [bench.gate(gate_id=name, letter=letter, priority="P1", waivable=True) for name, letter in names]
    red = bench.gate(bench.criterion(measure="absent"), gate_id="h", letter="H", priority="P1", waivable=True)
    gates = _gates(bench, tmp_path / "gates", bench.gate(), *p1, red)
    folder = tmp_path / "waivers"
    folder.mkdir()
    put_signers(tmp_path / "home")
    (folder / "h.json").write_bytes(msgspec.json.encode(waiver_act("h", sha256=waived_gate(red))))
    options = ("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW, "--waivers", folder)
    code, out, _ = gonogo(*options)
    assert code == 0
    assert "waived until 2026-12-07T00:00:00.000Z by ada" in out
    assert gonogo(*options, "--fail-on", "yellow")[0] == 4


def test_gate_run_ends_with_9_for_a_conditional_go_and_with_0_where_that_is_accepted(gonogo, bench, stored, tmp_path):
    """Three of four P1 gates pass and the fourth has a mitigation: no script reads that as GO unless it asks for it."""
    names = [("d", "D"), ("e", "E"), ("f", "F")]
    p1 = [bench.gate(gate_id=name, letter=letter, priority="P1", waivable=True) for name, letter in names]
    red = bench.gate(bench.criterion(measure="absent"), gate_id="h", letter="H", priority="P1", waivable=True)
    gates = _gates(bench, tmp_path / "gates", bench.gate(), *p1, red)
    folder = tmp_path / "waivers"
    folder.mkdir()
    put_signers(tmp_path / "home")
    (folder / "h.json").write_bytes(msgspec.json.encode(waiver_act("h", sha256=waived_gate(red))))
    options = ("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW)
    code, out, _ = gonogo(*options, "--waivers", folder)
    assert (code, "CONDITIONAL GO" in out, "Exit code 9: CONDITIONAL GO: every P0 gate passes" in out) == (9, True, True)
    assert gonogo(*options, "--waivers", folder, "--accept", "conditional")[0] == 0
    assert gonogo(*options, "--accept", "conditional")[0] == 3


@pytest.mark.parametrize("command", [("validate",), ("list", "--gates"), ("run", "--build", BUILD, "--now", NOW, "--gates")])
def test_a_set_that_could_not_stop_a_launch_is_refused_by_whatever_loads_gates(gonogo, bench, tmp_path, command):
    """P1 gates alone: `validate` refuses what `run` refuses."""
    gates = _gates(bench, tmp_path / "gates", bench.gate(priority="P1"))
    code, _, err = gonogo("gate", *command, gates)
    assert (code, "no gate has priority P0: nothing could stop the launch; write `priority: P0`" in err) == (2, True)


def test_gate_run_refuses_a_waiver_that_nobody_has_signed(gonogo, bench, stored, tmp_path):
    """Exit 5 and no verdict, whatever the file says: here it waives a P0 gate until 9999."""
    gates = _gates(bench, tmp_path / "gates")
    folder = tmp_path / "waivers"
    folder.mkdir()
    spec = msgspec.to_builtins(bench.waiver("financial-integrity", expires_at="9999-01-01T00:00:00Z", mitigation="x"))
    document = {"apiVersion": "gonogo/v1", "kind": "Waiver", "metadata": {"name": "h"}, "spec": spec}
    (folder / "h.yaml").write_text(yaml.safe_dump(document))
    code, out, err = gonogo("gate", "run", "--gates", gates, "--build", BUILD, "--now", NOW, "--waivers", folder)
    assert (code, out, f"{folder / 'h.yaml'}: a waiver that nobody has signed" in err) == (5, "", True)
    assert "gonogo waiver add GATE" in err


def test_schema_prints_the_schema_of_a_kind(gonogo):
    """JSON on stdout; an unknown kind is exit 2."""
    code, out, _ = gonogo("schema", "GateSet")
    assert (code, json.loads(out)["properties"]["kind"]) == (0, {"const": "GateSet"})
    assert gonogo("schema", "Gateset")[0] == 2


@pytest.mark.process
@pytest.mark.parametrize("words", [(), ("gate",), ("evidence",), ("gate", "run")])
def test_help_loads_nothing_heavy(words):
    """`--help` imports no HTTP client, no YAML, no database and no cryptography."""
    heavy = {"httpx", "yaml", "sqlite_utils", "cryptography", "hypothesis"}
    program = (
        "import sys; from scorecards.cli import gonogo as main; from gates.schema.entry import run; "
        f"code = run(main, {[*words, '--help']!r}); "
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Usage:" in done.stdout


@pytest.mark.process
def test_the_room_is_a_program_of_its_own():
    """`python -m gates` ends with the code that the table documents."""
    done = subprocess.run([sys.executable, "-m", "gates", "gate", "explain", "Z"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no gate is called 'Z'" in done.stderr
