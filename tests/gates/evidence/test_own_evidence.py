"""The page's recipe for evidence of one's own: its script signs what the toolkit then verifies, lists and judges."""

import json
import re
import subprocess
import sys
from pathlib import Path

from gates.schema.state import KEY_FILE

PAGE = Path(__file__).parents[3] / "runbooks" / "evidence.md"
SCRIPT = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_recipe_of_the_page_makes_evidence_that_a_gate_passes_by(gonogo, stored, bench, tmp_path):
    """From the observation of the build to a criterion that no command measures."""
    listed = json.loads(gonogo("evidence", "list", "--kind", "build-observation", "--format", "json")[1])
    digest = listed[-1]["digest"]
    statement = json.loads(gonogo("evidence", "show", digest, "--format", "json")[1])
    statement["predicateType"] = "urn:gonogo:evidence:abuse-suite:v2"
    statement["predicate"] |= {
        "kind": "abuse-suite",
        "build_observation": digest,
        "measures": {"abuse_failures": {"value": "0", "unit": "count", "samples": 48, "failures": 0}},
    }
    file = tmp_path / "one.intoto.json"
    file.write_bytes(signed(tmp_path / "home" / KEY_FILE, statement))
    assert gonogo("evidence", "add", file)[0] == 0
    assert gonogo("evidence", "verify")[0] == 0
    now = statement["predicate"]["finished_at"]
    _, out, _ = gonogo("gate", "run", "--build", bench.build, "--now", now, "--format", "json")
    (i,) = [gate for gate in json.loads(out)["gates"] if gate["letter"] == "I"]
    (judged,) = [item for item in i["criteria"] if item["criterion"]["source"]["measure"] == "abuse_failures"]
    assert (judged["outcome"], judged["value"]) == ("pass", "0")


def signed(key: Path, statement: object) -> bytes:
    """What the script of the page prints."""
    (script,) = SCRIPT.findall(PAGE.read_text(encoding="utf-8"))
    argv = [sys.executable, "-P", "-c", script, str(key)]
    return subprocess.run(argv, input=json.dumps(statement).encode(), stdout=subprocess.PIPE, check=True).stdout
