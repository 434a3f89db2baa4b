"""Where gonogo keeps its state: `.gonogo/` in the working folder, or GONOGO_HOME."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The state folder, made if absent with access for its owner only."""
    env = os.environ if environ is None else environ
    folder = Path(env.get("GONOGO_HOME") or ".gonogo").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
