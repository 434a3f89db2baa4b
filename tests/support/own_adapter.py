"""An installed package with an adapter of one's own, in an environment of its own; the module is the page's example."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MODULE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def example() -> str:
    """The example module of runbooks/adapters.md."""
    page = (ROOT / "runbooks" / "adapters.md").read_text(encoding="utf-8")
    found = _MODULE.findall(page)
    assert len(found) == 1, "the page has one Python example"
    return found[0]


def install(folder: Path, module: str) -> Path:
    """An environment with gonogo, its libraries, and the package `stock-adapter`; gives its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "gonogo.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    (site / "stock_adapter.py").write_text(module)
    info = site / "stock_adapter-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stock-adapter\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[gonogo.adapters]\nstock = stock_adapter\n")
    return folder / "bin" / "python"


def run(python: Path, home: Path, *argv: object) -> "subprocess.CompletedProcess[str]":
    """`gonogo ...` of the gates with that Python, in the working folder."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COVERAGE_PROCESS_START")}
    words = [str(item) for item in argv]
    whole = [python, "-P", "-m", "scorecards", *words]
    return subprocess.run(
        whole, env={**environ, "GONOGO_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=120
    )
