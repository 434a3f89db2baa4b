"""`gonogo signer`: from nothing to Signers in force, a change, a second machine, and every refusal with its exit code."""

import json
import shutil

import pytest
from signing import ADA, jwk_of, put_signers, signer

PEOPLE = ("--person", "Ada Lovelace <ada>", "--person", "Grace Hopper <grace>")


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    """A folder of private keys."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


def digest_in(out: str) -> str:
    """The document's sha256 that a command printed."""
    return next(line.removeprefix("document: ") for line in out.splitlines() if line.startswith("document: "))


@pytest.fixture
def in_force(gonogo):
    """Ada, Grace and a machine, in force."""
    digest = digest_in(gonogo("signer", "init", *PEOPLE, "--machine", "laptop")[1])
    assert gonogo("signer", "sign", "--trust", digest)[0] == 0
    return digest


def test_two_commands_put_the_first_signers_into_force(gonogo, tmp_path):
    """A newcomer on one machine: init, sign."""
    code, out, err = gonogo("signer", "init", "--person", "Ada Lovelace <ada@example.org>", "--machine", "laptop")
    assert (code, "note: with one person there is no change of Signers" in err) == (0, True)
    code, out, _ = gonogo("signer", "sign", "--trust", digest_in(out))
    assert (code, out.startswith("in force: ")) == (0, True)
    assert not (tmp_path / "home" / "signers.proposal.json").exists()
    rows = json.loads(gonogo("signer", "list", "--format", "json")[1])
    assert [(row["id"], row["private key"], row["may sign"]) for row in rows] == [
        ("ada@example.org", "here", "late_review, loosen, waiver, attestation, explanation, freeze_exception, finding, change"),
        ("laptop", "here", "evidence, official"),
    ]


def test_without_trust_nothing_comes_into_force(gonogo):
    """Exit 5 with the command that trusts the document; the signatures are kept."""
    out = gonogo("signer", "init", *PEOPLE)[1]
    code, _, err = gonogo("signer", "sign")
    assert (code, "signed by all its people, but not trusted here yet" in err) == (5, True)
    assert f"--trust {digest_in(out)}" in err
    assert "no Signers are in force" in gonogo("signer", "list")[2]


def test_the_digest_that_is_trusted_has_to_be_the_documents(gonogo):
    """Exit 2 for another one."""
    gonogo("signer", "init", *PEOPLE)
    code, _, err = gonogo("signer", "sign", "--trust", "0" * 64)
    assert (code, f"not {'0' * 64}" in err) == (2, True)


def test_people_sign_on_their_own_machines(gonogo, keys, tmp_path, monkeypatch):
    """Ada begins, Grace adds herself and signs elsewhere, and the file comes back."""
    file = tmp_path / "proposal.json"
    gonogo("signer", "init", "--person", "Ada Lovelace <ada>", "--machine", "laptop", "--proposal", file)
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "grace-keys"))
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "grace-home"))
    out = gonogo("signer", "add", "--person", "Grace Hopper <grace>", "--proposal", file)[1]
    code, _, err = gonogo("signer", "sign", file)
    assert (code, "not signed by ada; the first document needs all its people" in err) == (5, True)
    monkeypatch.setenv("GONOGO_KEYS", str(keys))
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    assert gonogo("signer", "sign", file, "--trust", digest_in(out))[0] == 0


def test_a_change_needs_two_people_of_the_document_in_force(gonogo, in_force):
    """A signer added by one person is not one: exit 5, naming who else could sign."""
    gonogo("signer", "add", "--person", "Ines <ines>")
    code, _, err = gonogo("signer", "sign", "--as", "ada")
    assert (code, "signed by ada alone; a change needs 2 people of the document in force: grace" in err) == (5, True)
    assert len(json.loads(gonogo("signer", "list", "--format", "json")[1])) == 3
    code, out, _ = gonogo("signer", "sign", "--as", "grace")
    assert (code, ", number 2" in out) == (0, True)
    assert len(json.loads(gonogo("signer", "list", "--format", "json")[1])) == 4


def test_who_is_only_proposed_cannot_sign_the_change(gonogo, in_force):
    """Exit 5: nobody with that id is in the document in force."""
    gonogo("signer", "add", "--person", "Ines <ines>")
    code, _, err = gonogo("signer", "sign", "--as", "ines")
    assert (code, "nobody with the id 'ines' can sign it" in err) == (5, True)


def test_one_person_named_twice_signs_nothing(gonogo, in_force):
    """Exit 2, whatever the case."""
    gonogo("signer", "add", "--person", "Ines <ines>")
    code, _, err = gonogo("signer", "sign", "--as", "ada", "--as", "ADA")
    assert (code, "ada is named twice" in err) == (2, True)


def test_a_signer_without_a_private_key_here_is_refused(gonogo, in_force, keys):
    """Exit 5, naming the folder and the next step."""
    (keys / "grace.key").unlink()
    gonogo("signer", "add", "--person", "Ines <ines>")
    code, _, err = gonogo("signer", "sign", "--as", "grace")
    assert (code, f"{keys}: holds no private key of grace that is in use" in err) == (5, True)
    assert "next: sign on the machine that holds it" in err


def test_a_key_is_retired_by_two_people(gonogo, in_force):
    """By the name of its machine; it is listed with its end."""
    gonogo("signer", "retire", "laptop")
    assert gonogo("signer", "sign")[0] == 0
    rows = json.loads(gonogo("signer", "list", "--format", "json")[1])
    assert [row["state"].split()[0] for row in rows] == ["in", "in", "retired"]
    code, _, err = gonogo("signer", "retire", "laptop")
    assert (code, "laptop is retired already" in err) == (2, True)


def test_a_new_key_takes_the_place_of_a_lost_one(gonogo, in_force, keys):
    """Retire and add in one proposal: the machine has a key again."""
    (keys / "laptop.key").unlink()
    gonogo("signer", "retire", "laptop")
    gonogo("signer", "add", "--machine", "laptop")
    assert gonogo("signer", "sign")[0] == 0
    rows = [row for row in json.loads(gonogo("signer", "list", "--format", "json")[1]) if row["id"] == "laptop"]
    assert [row["private key"] for row in rows] == ["elsewhere", "here"]


def test_another_machine_takes_the_chain_over_by_its_digest(gonogo, in_force, tmp_path, monkeypatch):
    """With the sha256 that its people report; exit 8 for another."""
    copy = tmp_path / "signers.json"
    shutil.copy(tmp_path / "home" / "signers.json", copy)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "ci"))
    code, _, err = gonogo("signer", "init", "--from", copy, "--trust", "0" * 64)
    assert (code, "does not hold the document" in err) == (8, True)
    assert gonogo("signer", "init", "--from", copy, "--trust", in_force)[0] == 0
    assert len(json.loads(gonogo("signer", "list", "--format", "json")[1])) == 3


def test_an_older_chain_does_not_replace_a_newer_one(gonogo, in_force, tmp_path):
    """Exit 5: a change that its people signed would be undone."""
    copy = tmp_path / "signers.json"
    shutil.copy(tmp_path / "home" / "signers.json", copy)
    gonogo("signer", "retire", "laptop")
    gonogo("signer", "sign")
    code, _, err = gonogo("signer", "init", "--from", copy, "--trust", in_force)
    assert (code, "the document in force" in err) == (5, True)


def test_signers_in_force_are_not_begun_again(gonogo, in_force):
    """Exit 5, naming the commands that change them."""
    code, _, err = gonogo("signer", "init", *PEOPLE)
    assert (code, "has Signers already" in err, "gonogo signer add" in err) == (5, True, True)


def test_a_proposal_that_was_overtaken_is_refused(gonogo, in_force, tmp_path):
    """It replaces a document that is not in force any more: exit 5, nothing lost."""
    stale = tmp_path / "stale.json"
    gonogo("signer", "add", "--machine", "ci", "--proposal", stale)
    gonogo("signer", "retire", "laptop")
    gonogo("signer", "sign")
    code, _, err = gonogo("signer", "sign", stale)
    assert (code, "does not replace the document in force" in err) == (5, True)


@pytest.mark.parametrize(
    "change", [("add", "--machine", "laptop"), ("add", "--person", "Grace <grace>"), ("retire", "ada")], ids=str
)
def test_one_persons_document_cannot_be_changed(gonogo, change):
    """There is no second person: said before a key is made that could never come into force; the runbook says what to do."""
    digest = digest_in(gonogo("signer", "init", "--person", "Ada <ada>")[1])
    gonogo("signer", "sign", "--trust", digest)
    code, out, err = gonogo("signer", *change)
    assert (code, "has one person, and a change needs 2" in err, "runbooks/signers.md" in err) == (5, True, True)
    assert "private key" not in out


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("init",), "nobody is named"),
        (("init", "--person", "Ada"), "'Ada' is not a name with an id"),
        (("init", "--person", "Ada <../ada>"), "people[0].id: '../ada' is not an id"),
        (("init", "--person", "Ada <ada>", "--person", "Byron < ADA >"), "the id 'ADA' is given twice"),
        (("init", "--person", "Ada <ada>", "--machine", "ada"), "the id 'ada' is given twice"),
        (("init", "--person", "Ada <ada>", "--role", "boss"), "no role is called 'boss'"),
        (("init", "--person", "Ada <ada>", "--role", "official"), "a person cannot hold the role official"),
        (("init", "--machine", "laptop"), "$.spec.people: names nobody"),
        (("init", "--from", "signers.json"), "--from and --trust go together"),
        (("sign",), "no such proposal"),
        (("sign", "nowhere.json"), "no such proposal"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_no_key(gonogo, keys, words, fault):
    """Exit 2, naming it."""
    code, _, err = gonogo("signer", *words)
    assert (code, fault in err) == (2, True), err
    assert not keys.exists()


def test_a_public_key_is_brought_in_a_file(gonogo, tmp_path, keys):
    """And no private key is made; a private one in that file is refused, and one that is in use already."""
    file = tmp_path / "ada.jwk"
    own = {"kty": "OKP", "crv": "Ed25519", "x": jwk_of(signer(ADA)).x}
    file.write_text(json.dumps(own))
    assert gonogo("signer", "add", "--person", "Ada <ada>", "--public-key", file)[0] == 0
    assert not keys.exists()
    code, _, err = gonogo("signer", "add", "--machine", "ci", "--public-key", file)
    assert (code, "a person and a machine never share a key" in err) == (2, True)
    file.write_text(json.dumps({**own, "d": "secret"}))
    code, _, err = gonogo("signer", "add", "--machine", "ci", "--public-key", file)
    assert (code, "$.d: this is a private key" in err) == (2, True)


def test_a_broken_chain_ends_with_8(gonogo, tmp_path):
    """Also for listing."""
    put_signers(tmp_path / "home")
    (tmp_path / "home" / "signers.json").write_bytes(b"[]")
    assert gonogo("signer", "list")[0] == 8
