"""The rules of a rehearsal: generated from SLO documents, or the files of a folder; without some alerts, so that it must fail."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gates.schema.canonical import canonical_yaml
from gates.schema.documents import read_yaml
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.rooms import room_argv

_TOOL_S = 300


def write_rules(documents: str, rules: str, without: Sequence[str], out: Path, environ: Mapping[str, str]) -> None:
    """Write the rule files to the folder `out`.

    Raises UsageProblem for a folder without rule files, or for an alert to leave out that no file has; UnknownProblem with the
    generator's own words where it fails.
    """
    if rules:
        _copy(Path(rules), out)
    else:
        _generate(documents, out, environ)
    if without:
        _leave_out(out, without)


def _copy(folder: Path, out: Path) -> None:
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise UsageProblem(f"{folder}: holds no rule file (*.yaml)", next_step="name a folder of rule files in `rules`")
    out.mkdir(parents=True)
    for path in files:
        shutil.copyfile(path, out / path.name)


def _generate(documents: str, out: Path, environ: Mapping[str, str]) -> None:
    argv = room_argv("gates", "slo", "generate", documents, "--out", str(out))
    try:
        done = subprocess.run(argv, env=dict(environ), capture_output=True, timeout=_TOOL_S, check=False)
    except subprocess.TimeoutExpired:
        raise UnknownProblem(f"gonogo slo generate wrote no rules within {_TOOL_S} s") from None
    if done.returncode:
        raise UnknownProblem(f"gonogo slo generate wrote no rules: {done.stderr.decode(errors='replace').strip()}")


def _leave_out(out: Path, names: Sequence[str]) -> None:
    left = set(names)
    for path in sorted(out.glob("*.yaml")):
        content: Any = read_yaml(path.read_text(encoding="utf-8"), str(path))
        for group in content["groups"]:
            left -= {rule.get("alert") for rule in group["rules"]}
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert") not in names]
        content["groups"] = [group for group in content["groups"] if group["rules"]]
        path.write_bytes(canonical_yaml(content))
    if left:
        raise UsageProblem(
            f"no rule has an alert {', '.join(sorted(left))}", next_step="correct `without` in the drill's document"
        )
