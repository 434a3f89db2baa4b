"""Where gonogo keeps its state: `.gonogo/` in the working folder, or GONOGO_HOME."""

import os
from pathlib import Path


def state_dir() -> Path:
    """The state folder, which need not exist: whoever only reads makes none."""
    return Path(os.environ.get("GONOGO_HOME") or ".gonogo").absolute()


def made_state_dir() -> Path:
    """The state folder, made if absent with access for its owner only."""
    folder = state_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
