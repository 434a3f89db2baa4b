"""Load profiles are data: the shipped ones load, and every mistake is named with its file and path."""

from pathlib import Path

import pytest

from gates.schema.errors import UsageProblem
from loadtests.export import profile_schema_bytes
from loadtests.schema import load_profile, profile_folder, shipped_profiles

GOOD = """\
apiVersion: gonogo/v1
kind: LoadProfile
metadata: {name: mine}
spec:
  payments: 10
  arrivals: {rate_per_s: 5}
  mix: {settle: 1}
"""


def test_every_shipped_profile_is_called_as_its_file():
    """The names that people type are the names inside the documents."""
    names = [item.name for item in shipped_profiles()]
    assert names == sorted(path.stem for path in profile_folder().glob("*.yaml"))
    assert {"smoke", "crash", "rollback", "weekly"} <= set(names)


def test_a_profile_can_be_given_by_its_path(tmp_path):
    """Anything with a slash or .yaml is a file; what it leaves out has defaults."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    assert load_profile(str(path)).profile.retry.max_attempts == 12


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("payments: 10", "payments: 0", r"\$\.spec\.payments"),
        ("payments: 10", "payments: many", r"\$\.spec\.payments"),
        ("rate_per_s: 5", "rate_per_second: 5", "unknown key 'rate_per_second'"),
        ("settle: 1", "settle: 0", "every weight is zero"),
        ("settle: 1", "setle: 1", "unknown key 'setle'"),
        ("payments: 10", 'payments: 10\n  amounts: {smallest: "500", largest: "100"}', "largest must be more than smallest"),
        ("payments: 10", 'payments: 10\n  amounts: {smallest: "1", largest: "100"}', "cannot be settled"),
        ("payments: 10", "payments: 10\n  amounts: {smallest: 1.5}", r"\$\.spec\.amounts\.smallest"),
        ("payments: 10", "payments: 10\n  abandoned: {percent: 101}", r"\$\.spec\.abandoned\.percent"),
        ("kind: LoadProfile", "kind: Drill", r"\$\.kind"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_file_and_path(tmp_path, old, new, words):
    """Misspelt keys, impossible numbers and other kinds are refused; nothing is guessed."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageProblem, match=words) as caught:
        load_profile(str(path))
    assert str(path) in caught.value.message


def test_an_unknown_name_is_answered_with_the_names_there_are():
    """A misspelt profile is not an empty storm."""
    with pytest.raises(UsageProblem, match="no load profile is called 'smokey'") as caught:
        load_profile("smokey")
    assert "smoke" in caught.value.next_step


def test_the_schema_that_editors_read_is_in_step_with_the_types():
    """`gonogo load schema` prints the shipped file."""
    shipped = Path(profile_folder().parent, "schemas", "loadprofile.schema.json")
    assert shipped.read_bytes() == profile_schema_bytes()
