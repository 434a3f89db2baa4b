"""Release folders."""

import subprocess
import sys

import pytest

from drills.releases import load_release, make_release
from drills.schema import Change, Release
from gates.schema.errors import UsageProblem
from gateway import package_dir
from gateway.build import build_sha256


@pytest.fixture
def package(tmp_path):
    """A package of two files and a cache."""
    package = tmp_path / "shop"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "a.pyc").write_bytes(b"")
    (package / "a.py").write_text("limit = 1\nprint(limit)\n")
    (package / "b.py").write_text("limit = 1\nlimit = 1\n")
    return package


def _change(file, old, new="limit = 2"):
    return Release((Change(file=file, why="to test", old=old, new=new),))


def test_a_release_is_a_copy_with_its_changes(package, tmp_path):
    """The original stays, caches are left behind."""
    folder = make_release(package, _change("a.py", "limit = 1"), tmp_path / "candidate")
    assert (folder / "shop" / "a.py").read_text() == "limit = 2\nprint(limit)\n"
    assert (package / "a.py").read_text().startswith("limit = 1")
    assert not (folder / "shop" / "__pycache__").exists()


def test_a_change_without_an_old_text_adds_a_file(package, tmp_path):
    """What exists is never overwritten that way."""
    folder = make_release(package, _change("c.py", ""), tmp_path / "candidate")
    assert (folder / "shop" / "c.py").read_text() == "limit = 2"
    with pytest.raises(UsageProblem, match="exists already"):
        make_release(package, _change("a.py", ""), tmp_path / "other")


@pytest.mark.parametrize(
    ("file", "old", "message"),
    [
        ("a.py", "limit = 9", "occurs 0 times"),
        ("b.py", "limit = 1", "occurs 2 times"),
        ("z.py", "limit = 1", "does not have"),
        ("../outside.py", "", "outside of the package"),
    ],
    ids=["absent", "twice", "no file", "outside"],
)
def test_a_change_that_does_not_fit_exactly_once_is_refused(package, tmp_path, file, old, message):
    """And no half-made release is left."""
    with pytest.raises(UsageProblem, match=message):
        make_release(package, _change(file, old), tmp_path / "candidate")
    assert not (tmp_path / "candidate").exists()


def test_the_shipped_releases_fit_the_gateway_as_it_is(tmp_path):
    """Stable is the package itself, the candidate another build whose files still compile."""
    stable = make_release(package_dir(), load_release("stable"), tmp_path / "stable") / "gateway"
    candidate = make_release(package_dir(), load_release("candidate"), tmp_path / "candidate") / "gateway"
    assert build_sha256(stable) == build_sha256(package_dir())
    assert build_sha256(candidate) != build_sha256(stable)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(candidate)], check=True)


def test_a_release_that_is_not_shipped_is_named(tmp_path):
    """The file is in the message."""
    with pytest.raises(UsageProblem, match=r"ghost\.yaml: no such file"):
        load_release("ghost")
