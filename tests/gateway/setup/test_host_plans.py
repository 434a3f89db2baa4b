"""Our entry comes into a host's file and out of it again, and no other byte or value changes."""

import json
import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.edits import changed
from gateway.setup.hosts.entry import Server, entry_of
from gateway.setup.hosts.plan import insert_plan, removal_plan, snippet
from gateway.setup.hosts.table import BY_ID, HOSTS, Format

SERVER = Server("/opt/gonogo/bin/gonogo", "http://127.0.0.1:8080", "/keys/api.key")
JSON_HOSTS = [host for host in HOSTS if host.format is not Format.TOML]
ids = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.id)


def _insert(host, raw, name="gonogo"):
    plan = insert_plan(host, "file", name, SERVER, raw)
    return plan, changed(raw, plan.edits)


def _value(host, raw):
    return tomllib.loads(raw.decode()) if host.format is Format.TOML else json.loads(raw.decode("utf-8-sig"))


@ids
@pytest.mark.parametrize("raw", [b"", b"\n", b"  \r\n"])
def test_an_empty_file_becomes_the_snippet(host, raw):
    """The snippet that people paste is what the plan writes into a file that has nothing."""
    _, after = _insert(host, raw)
    assert after.decode() == snippet(host, "gonogo", SERVER)
    assert _value(host, after) == {host.container: {"gonogo": entry_of(host, SERVER)}}


@ids
def test_the_same_file_gives_the_same_plan(host):
    """Byte for byte, and once it is applied there is nothing left to do."""
    raw = b"[a]\nb = 1\n" if host.format is Format.TOML else b'{\n  "a": {"b": 1}\n}\n'
    plan, after = _insert(host, raw)
    assert msgspec.json.encode(plan) == msgspec.json.encode(_insert(host, raw)[0])
    assert insert_plan(host, "file", "gonogo", SERVER, after).edits == ()
    assert removal_plan(host, "file", "gonogo", raw).edits == ()


@ids
def test_no_plan_holds_a_key(host):
    """The entry names the variable, or the file, in which the key is."""
    text = snippet(host, "gonogo", SERVER)
    assert ("GONOGO_API_KEY" in text) is (host.reference is not None or host.format is Format.TOML)
    assert ("/keys/api.key" in text) is (host.reference is None and host.format is not Format.TOML)


STYLES = [
    ('{"a":1}', ', "mcpServers": {'),
    ('{\n\t"a": 1\n}', '\n\t"mcpServers": {\n\t\t"gonogo": {\n\t\t\t"command"'),
    ('{\r\n    "a": 1\r\n}\r\n', '\r\n    "mcpServers": {\r\n        "gonogo": {\r\n            "command"'),
    ('{\n  "mcpServers": {}\n}', '{\n  "mcpServers": {\n    "gonogo": {\n      "command"'),
    ('{\n  "mcpServers": {\n    "x": {}\n  }\n}', '"x": {},\n    "gonogo": {\n      "command"'),
    ('{"mcpServers": {"x": {}}}', '"x": {}, "gonogo": {"command"'),
    ('{"mcpServers": {}}', '{"mcpServers": {"gonogo": {"command"'),
]


@pytest.mark.parametrize(("raw", "written"), STYLES)
def test_the_entry_is_written_in_the_files_own_style(raw, written):
    """Indentation, line ends and files on one line are kept."""
    _, after = _insert(BY_ID["claude-code"], raw.encode())
    assert written in after.decode()
    assert "\r\n" not in raw or "\n" not in after.decode().replace("\r\n", "")


COMMENTED = b"""// top
{
  /* servers, "mcpServers": {} */
  "mcpServers": {
    "x": {"command": "y//z"}, // mine
  },
  "list": [1, 2,],
}
"""


def test_comments_and_trailing_commas_stay_where_they_are():
    """A comment at the end of a line stays with what it is about."""
    host = BY_ID["gemini"]
    _, after = _insert(host, COMMENTED)
    assert b'"x": {"command": "y//z"}, // mine\n    "gonogo": {' in after
    assert after.replace(after[after.index(b'\n    "gonogo"') : after.index(b'\n  },\n  "list"')], b"", 1) == COMMENTED
    assert changed(after, removal_plan(host, "file", "gonogo", after).edits) == COMMENTED


TOML = b"""model = "m" # the best
[mcp_servers.x]
command = "y"

# about nothing
[tui]
theme = "dark"
"""


def test_a_toml_file_gets_a_table_of_its_own():
    """At the end; taken out again, the former bytes are back, comments too."""
    host = BY_ID["codex"]
    _, after = _insert(host, TOML)
    assert after.startswith(TOML)
    assert changed(after, removal_plan(host, "file", "gonogo", after).edits) == TOML


def test_an_entry_of_ours_is_replaced_and_nothing_else():
    """From a gonogo elsewhere, for another gateway: in JSON and in TOML, its sub-tables too."""
    old = b'{"mcpServers": {"gonogo": {"command": "/old/gonogo", "args": ["mcp", "serve"]}, "z": 1}}'
    _, after = _insert(BY_ID["claude-code"], old)
    assert json.loads(after)["mcpServers"] == {"gonogo": entry_of(BY_ID["claude-code"], SERVER), "z": 1}
    old = (
        b'[mcp_servers.gonogo]\ncommand="/old/gonogo"\nargs=["mcp","serve"]\n[mcp_servers.gonogo.env]\nA="1"\n# of z\n[z]\na=1\n'
    )
    _, after = _insert(BY_ID["codex"], old)
    assert tomllib.loads(after.decode()) == {"mcp_servers": {"gonogo": entry_of(BY_ID["codex"], SERVER)}, "z": {"a": 1}}
    assert b"# of z\n[z]" in after


HOSTILE_JSON = {
    "half": (b'{"a": ', SetupCode.HOST_FILE_UNPARSABLE, "line 1, column"),
    "two values": (b"{} {}", SetupCode.HOST_FILE_UNPARSABLE, "line 1, column 4"),
    "a number that is none": (b'{"a": NaN}', SetupCode.HOST_FILE_UNPARSABLE, "NaN"),
    "single quotes": (b"{'a': 1}", SetupCode.HOST_FILE_UNPARSABLE, "line 1, column 2"),
    "utf-16": ('{"a": 1}'.encode("utf-16"), SetupCode.HOST_FILE_UNPARSABLE, "not UTF-8"),
    "latin-1": (b'{\n"a": "\xe9"}', SetupCode.HOST_FILE_UNPARSABLE, "line 2, column 7"),
    "a zero byte": (b'{"a": 1}\x00', SetupCode.HOST_FILE_UNPARSABLE, "line 1, column 9"),
    "too deep": (b"[" * 200_000, SetupCode.HOST_FILE_UNPARSABLE, "recursion"),
    "a list": (b"[]", SetupCode.HOST_FILE_SHAPE, "the file is array"),
    "a word": (b'"a"', SetupCode.HOST_FILE_SHAPE, "the file is string"),
    "no object": (b'{"LIST": []}', SetupCode.HOST_FILE_SHAPE, "is array"),
    "null": (b'{"LIST": null}', SetupCode.HOST_FILE_SHAPE, "is null"),
    "the list twice": (b'{"LIST": {}, "LIST": {}}', SetupCode.HOST_FILE_SHAPE, "there twice"),
    "the list twice, escaped": (b'{"LIST": {}, "\\u00LIST": {}}', SetupCode.HOST_FILE_SHAPE, "there twice"),
    "the entry twice": (b'{"LIST": {"gonogo": 1, "gonogo": 2}}', SetupCode.HOST_FILE_SHAPE, "there twice"),
    "another's entry": (b'{"LIST": {"gonogo": {"command": "evil", "args": []}}}', SetupCode.HOST_FOREIGN_ENTRY, "line 1"),
    "an entry that is no object": (b'{"LIST": {"gonogo": "x"}}', SetupCode.HOST_FOREIGN_ENTRY, "line 1"),
}
HOSTILE_TOML = {
    "half": (b"a = ", SetupCode.HOST_FILE_UNPARSABLE, "at end of document"),
    "one key twice": (b"a = 1\na = 2\n", SetupCode.HOST_FILE_UNPARSABLE, "line 2"),
    "one table twice": (b"[a]\n[a]\n", SetupCode.HOST_FILE_UNPARSABLE, "line 2"),
    "json": (b'{"a": 1}', SetupCode.HOST_FILE_UNPARSABLE, "line 1"),
    "utf-16": ("a = 1".encode("utf-16"), SetupCode.HOST_FILE_UNPARSABLE, "utf-8"),
    "latin-1": (b'a = "\xe9"', SetupCode.HOST_FILE_UNPARSABLE, "utf-8"),
    "a zero byte": (b"a = 1\x00", SetupCode.HOST_FILE_UNPARSABLE, "line 1"),
    "a byte order mark": (b"\xef\xbb\xbfa = 1", SetupCode.HOST_FILE_UNPARSABLE, "line 1"),
    "too deep": (b"a = " + b"[" * 200_000, SetupCode.HOST_FILE_UNPARSABLE, ""),
    "in line": (b'mcp_servers = {a = {command = "x"}}', SetupCode.HOST_FILE_SHAPE, "written in line"),
    "in line and empty": (b"mcp_servers = {}", SetupCode.HOST_FILE_SHAPE, "written in line"),
    "an array": (b"mcp_servers = []", SetupCode.HOST_FILE_SHAPE, "not a table"),
    "tables of an array": (b"[[mcp_servers]]\na = 1\n", SetupCode.HOST_FILE_SHAPE, "not a table"),
    "a word": (b'mcp_servers = "x"', SetupCode.HOST_FILE_SHAPE, "not a table"),
    "another's entry": (b'[mcp_servers.gonogo]\ncommand = "evil"\n', SetupCode.HOST_FOREIGN_ENTRY, "starts something other"),
    "another's entry, quoted": (b'[mcp_servers."gonogo"]\ncommand = "evil"\n', SetupCode.HOST_FOREIGN_ENTRY, "starts something"),
    "ours as dotted keys": (
        b'mcp_servers.gonogo.command = "gonogo"\nmcp_servers.gonogo.args = ["mcp", "serve"]\n',
        SetupCode.HOST_FILE_SHAPE,
        "not written as a table of its own",
    ),
}


def _hostile(host):
    if host.format is Format.TOML:
        return HOSTILE_TOML
    letter = f"{ord(host.container[0]):02x}{host.container[1:]}".encode()
    named = {what: (raw.replace(b"00LIST", b"00" + letter), *rest) for what, (raw, *rest) in HOSTILE_JSON.items()}
    return {what: (raw.replace(b"LIST", host.container.encode()), *rest) for what, (raw, *rest) in named.items()}


@pytest.mark.parametrize(
    ("host", "what"), [pytest.param(host, what, id=f"{host.id}-{what}") for host in HOSTS for what in _hostile(host)]
)
def test_a_hostile_file_is_refused_with_its_code(host, what):
    """Seventeen for each host: nothing is planned, and the place or the reason is said."""
    assert len(_hostile(host)) == 17
    raw, code, said = _hostile(host)[what]
    with pytest.raises(SetupProblem) as caught:
        insert_plan(host, "file", "gonogo", SERVER, raw)
    assert caught.value.code is code, caught.value.detail
    assert said in caught.value.detail


@pytest.mark.parametrize("host", JSON_HOSTS, ids=lambda host: host.id)
def test_what_a_host_would_not_read_is_not_written_to(host):
    """A comment in plain JSON, and a byte order mark where the host refuses it."""
    commented = b"// c\n{}"
    if host.format is Format.JSON:
        with pytest.raises(SetupProblem, match="line 1, column 1"):
            insert_plan(host, "file", "gonogo", SERVER, commented)
    else:
        assert changed(commented, insert_plan(host, "file", "gonogo", SERVER, commented).edits).startswith(commented[:-1])
    marked = b'\xef\xbb\xbf{"a": 1}'
    if host.reads_bom:
        assert changed(marked, insert_plan(host, "file", "gonogo", SERVER, marked).edits).startswith(marked[:-1])
    else:
        with pytest.raises(SetupProblem, match="byte order mark"):
            insert_plan(host, "file", "gonogo", SERVER, marked)


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in ("gonogo", "mcpServers"))
LEAVES = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)
FILES = st.builds(
    lambda rest, servers: rest if servers is None else {**rest, "mcpServers": servers},
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.none() | st.dictionaries(NAMES, VALUES, max_size=3),
)


@given(FILES, st.sampled_from([None, 1, 2, 4, "\t"]), st.booleans(), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_any_file_keeps_every_byte_outside_the_edits(value, indent, escaped, commented, newline):
    """Whatever it holds and however it is laid out; and taken out again, the former values are back."""
    text = json.dumps(value, indent=indent, ensure_ascii=escaped).replace("\n", newline)
    if commented and indent is not None:
        text = f"// before{newline}{text}{newline}/* after */{newline}"
    raw, host = text.encode("utf-8", "surrogatepass"), BY_ID["gemini"]
    plan, after = _insert(host, raw)
    kept = after
    for edit in reversed(plan.edits):
        begin = edit.offset + sum(len(item.insert.encode()) - item.delete for item in plan.edits if item.offset < edit.offset)
        kept = kept[:begin] + raw[edit.offset : edit.offset + edit.delete] + kept[begin + len(edit.insert.encode()) :]
    assert kept == raw
    assert newline == "\r\n" or b"\r" not in after.replace(b"\\r", b"") or b"\r" in raw
    back = changed(after, removal_plan(host, "file", "gonogo", after).edits)
    plain = json.loads("".join(part for part in back.decode().split("// before")[-1].split("/* after */")))
    assert {name: item for name, item in plain.items() if (name, item) != ("mcpServers", {})} == {
        name: item for name, item in value.items() if (name, item) != ("mcpServers", {})
    }
