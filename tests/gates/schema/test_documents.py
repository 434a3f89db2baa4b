"""Documents: every mistake is refused with its file, its line or its path."""

from pathlib import Path

import pytest

from gates.schema.documents import load_document, parse_document
from gates.schema.errors import UsageProblem
from gates.schema.waiver import Waiver
from gates.schema.written import LARGEST, read_written

GOOD = """\
apiVersion: gonogo/v1
kind: Waiver
metadata:
  name: one
spec:
  gate: sre-reliability
  owner: ada
  approver: grace
  reason: small
  expires_at: 2026-12-01T00:00:00Z
"""


def _refusal(text):
    with pytest.raises(UsageProblem) as caught:
        parse_document(text, "w.yaml", "Waiver", Waiver)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_document_decodes_into_its_types():
    """Metadata and spec are typed; what looks like a date stays the text that was written."""
    document = parse_document(GOOD, "w.yaml", "Waiver", Waiver)
    assert (document.metadata.name, document.spec.expires_at) == ("one", "2026-12-01T00:00:00Z")


def test_a_misspelt_key_is_refused_with_its_path():
    """In the spec, in the metadata and at the top."""
    first, second = _refusal(GOOD.replace("  reason:", "  raeson:")).splitlines()
    assert first.startswith("w.yaml: $.spec: unknown key 'raeson'; the keys are approver, expires_at, gate, ")
    assert second == "w.yaml: $.spec: Object missing required field `reason`"
    assert _refusal(GOOD.replace("  name:", "  nmae:")).startswith(
        "w.yaml: $.metadata: unknown key 'nmae'; the keys are name, title"
    )
    assert _refusal(GOOD + "extra: 1\n") == "w.yaml: $: unknown key 'extra'; the keys are apiVersion, kind, metadata, spec"


def test_a_key_given_twice_is_refused_with_its_line():
    """YAML would silently keep the second."""
    assert _refusal(GOOD + "  reason: another\n") == "w.yaml: line 11, column 3: the key 'reason' is given twice"


def test_a_missing_key_is_refused_with_its_path():
    """A required key that is not there is named."""
    message = _refusal(GOOD.replace("  owner: ada\n", ""))
    assert message.startswith("w.yaml: $.spec:")
    assert "owner" in message


def test_a_wrong_type_is_refused_with_its_path():
    """A number is not a text."""
    message = _refusal(GOOD.replace("owner: ada", "owner: 7"))
    assert message.startswith("w.yaml: $.spec.owner:")


@pytest.mark.parametrize("version", ["gonogo/v2", "v1", ""])
def test_another_version_is_refused(version):
    """A document of another version is not guessed at."""
    assert "w.yaml: $.apiVersion: expected 'gonogo/v1'" in _refusal(GOOD.replace("gonogo/v1", version))


def test_another_kind_is_refused():
    """A GateSet is not a Waiver."""
    assert _refusal(GOOD.replace("Waiver", "GateSet")) == "w.yaml: $.kind: expected 'Waiver', found 'GateSet'"


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(text):
    """An empty file among them."""
    assert "w.yaml: $: expected a mapping" in _refusal(text)


def test_a_syntax_error_is_refused_with_its_line():
    """The line and the column, as editors count them."""
    assert _refusal("apiVersion: gonogo/v1\nkind: [Waiver\n").startswith("w.yaml: line 3, column 1:")


def test_a_python_tag_is_refused():
    """A document cannot make objects."""
    assert "could not determine a constructor" in _refusal("!!python/object/apply:os.getcwd []\n")


def test_an_absent_and_an_unreadable_file_are_refused_by_name(tmp_path):
    """A missing file, a folder, and bytes that are no UTF-8."""
    with pytest.raises(UsageProblem, match=r"none\.yaml: no such file"):
        load_document(tmp_path / "none.yaml", "Waiver", Waiver)
    with pytest.raises(UsageProblem, match="cannot be read"):
        load_document(tmp_path, "Waiver", Waiver)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageProblem, match=r"bytes\.yaml: cannot be read"):
        load_document(tmp_path / "bytes.yaml", "Waiver", Waiver)


def test_what_nobody_wrote_is_refused_without_reading_it_all(tmp_path):
    """A device has no end, and a large file was not written by a person."""
    with pytest.raises(UsageProblem, match="/dev/zero: has more than 1000000 bytes"):
        read_written(Path("/dev/zero"))
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(UsageProblem, match="has more than"):
        read_written(large)
    large.write_bytes(b"#" * LARGEST)
    assert len(read_written(large)) == LARGEST
