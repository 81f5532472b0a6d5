"""Tokens in their file, and the principal that is told from a call."""

from __future__ import annotations

import getpass
import stat
from pathlib import Path

import pytest

from engine.errors import CallerError, StoreError
from server import principals
from server.principals import (
    CLOCK_SKEW_SECONDS,
    Authenticator,
    NotAuthenticated,
    Principal,
    add_token,
    list_tokens,
    revoke_token,
)
from server.roles import ALL_ROLES, Role

LOCAL = "ipv4:127.0.0.1:1"
REMOTE = "ipv4:192.0.2.1:1"


@pytest.fixture(autouse=True)
def _look_at_the_file_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principals, "TOKEN_FILE_CHECK_SECONDS", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "tokens.jsonl"


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_token_tells_its_principal(path: Path) -> None:
    token = add_token(path, "crm", ["poster", Role.AUDITOR])
    authenticator = Authenticator(path, is_loopback=True)
    principal = authenticator.principal(bearer(token), REMOTE)
    assert (principal.name, principal.roles) == ("crm", {Role.POSTER, Role.AUDITOR})
    assert authenticator.is_current(principal)


def test_budget_roles_stand_beside_the_roles_and_are_none_by_default(path: Path) -> None:
    tokens = {
        "none": add_token(path, "crm", ["poster"]),
        "one": add_token(path, "erp", ["poster"], budget_roles=["dept_head", "项目经理"]),
        "any": add_token(path, "portal", ["poster"], budget_roles=["*"]),
    }
    authenticator = Authenticator(path, is_loopback=True)
    found = {
        name: authenticator.principal(bearer(token), REMOTE).budget_roles
        for name, token in tokens.items()
    }
    assert found == {"none": frozenset(), "one": {"dept_head", "项目经理"}, "any": None}
    with pytest.raises(CallerError, match="exists with the roles poster; revoke it"):
        add_token(path, "crm", ["poster"], budget_roles=["cfo"])
    for name in ("", " ", "a\nb", "x" * 65):
        with pytest.raises(CallerError, match="cannot name a budget role"):
            add_token(path, "new", ["poster"], budget_roles=[name])


def test_token_file_from_before_budget_roles_is_read(path: Path) -> None:
    token = add_token(path, "crm", ["poster"], budget_roles=["cfo"])
    lines = path.read_text(encoding="utf-8")
    path.write_text(lines.replace(', "budget_roles": ["cfo"]', ""), encoding="utf-8")
    principal = Authenticator(path, is_loopback=True).principal(bearer(token), REMOTE)
    assert principal.budget_roles == frozenset()
    path.write_text(lines.replace('["cfo"]', '"cfo"'), encoding="utf-8")
    with pytest.raises(StoreError, match="is not an entry"):
        list_tokens(path)


def test_file_holds_no_token_and_only_its_owner_reads_it(path: Path) -> None:
    token = add_token(path, "crm", ["poster"])
    text = path.read_text(encoding="utf-8")
    assert token not in text
    assert token.removeprefix("tp_") not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(item.name for item in path.parent.iterdir()) == ["tokens.jsonl"]


def test_tokens_are_long_and_differ(path: Path) -> None:
    tokens = {add_token(path, "crm", ["poster"]) for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 40


def test_principal_may_have_two_tokens_of_which_one_is_revoked(path: Path) -> None:
    old, new = (add_token(path, "crm", ["poster"]) for _ in range(2))
    authenticator = Authenticator(path, is_loopback=True)
    told = authenticator.principal(bearer(old), LOCAL)
    assert revoke_token(path, "crm", told.token_id) == 1
    assert not authenticator.is_current(told)
    with pytest.raises(NotAuthenticated):
        authenticator.principal(bearer(old), LOCAL)
    assert authenticator.principal(bearer(new), LOCAL).name == "crm"
    assert revoke_token(path, "crm") == 1
    assert revoke_token(path, "crm") == 0
    assert list_tokens(path) == []


def test_token_added_while_running_is_known(path: Path) -> None:
    add_token(path, "crm", ["poster"])
    authenticator = Authenticator(path, is_loopback=True)
    token = add_token(path, "oa", ["reviewer"])
    assert authenticator.principal(bearer(token), LOCAL).roles == {Role.REVIEWER}


def test_expired_token_is_refused_once_the_skew_is_over(path: Path) -> None:
    token = add_token(path, "crm", ["poster"], expires=1_000)
    now = [1_000.0 + CLOCK_SKEW_SECONDS]
    authenticator = Authenticator(path, is_loopback=True, clock=lambda: now[0])
    principal = authenticator.principal(bearer(token), LOCAL)
    now[0] += 1
    assert not authenticator.is_current(principal)
    with pytest.raises(NotAuthenticated, match="expired"):
        authenticator.principal(bearer(token), LOCAL)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic dXNlcjp4", "tp_abc", "Bearer tp_abc", "Bearer \x00",
     "Bearer " + "x" * 10_000],
)  # fmt: skip
def test_call_without_a_known_token_has_no_principal(path: Path, authorization: str | None) -> None:
    add_token(path, "crm", ["poster"])
    with pytest.raises(NotAuthenticated):
        Authenticator(path, is_loopback=True).principal(authorization, LOCAL)


def test_local_user_is_the_principal_where_there_is_no_file(path: Path) -> None:
    authenticator = Authenticator(path, is_loopback=True)
    principal = authenticator.principal(None, LOCAL)
    assert principal == Principal(f"os:{getpass.getuser()}", ALL_ROLES, budget_roles=None)
    assert authenticator.is_current(principal)
    with pytest.raises(NotAuthenticated, match="this machine"):
        authenticator.principal(None, REMOTE)


def test_other_users_of_the_machine_need_a_token(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "local_user", lambda peer: "mallory")
    with pytest.raises(NotAuthenticated, match="own user"):
        Authenticator(path, is_loopback=True).principal(None, LOCAL)


def test_file_made_later_ends_the_local_users_rule_for_good(path: Path) -> None:
    authenticator = Authenticator(path, is_loopback=True)
    local = authenticator.principal(None, LOCAL)
    add_token(path, "crm", ["poster"])
    assert not authenticator.is_current(local)
    with pytest.raises(NotAuthenticated):
        authenticator.principal(None, LOCAL)
    path.unlink()
    with pytest.raises(NotAuthenticated):
        authenticator.principal(None, LOCAL)


def test_slip_in_the_file_keeps_those_who_were_known(path: Path) -> None:
    token = add_token(path, "crm", ["poster"])
    authenticator = Authenticator(path, is_loopback=True)
    path.write_text("{broken", encoding="utf-8")
    assert authenticator.principal(bearer(token), LOCAL).name == "crm"


def test_server_open_to_others_needs_a_file(path: Path) -> None:
    with pytest.raises(StoreError, match="tongpin token add"):
        Authenticator(path, is_loopback=False)
    token = add_token(path, "crm", ["poster"])
    assert Authenticator(path, is_loopback=False).principal(bearer(token), REMOTE).name == "crm"


@pytest.mark.parametrize(
    "line",
    ["x", "[]", "{}", '{"name": "a", "roles": ["king"], "token_sha256": "", "created": 0}',
     '{"name": "a", "roles": [], "token_sha256": "tp_clear", "created": 0}'],
)  # fmt: skip
def test_line_that_is_no_entry_is_named_but_not_shown(path: Path, line: str) -> None:
    add_token(path, "crm", ["poster"])
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(StoreError, match="line 2 of the token file") as caught:
        Authenticator(path, is_loopback=True)
    assert "clear" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "os:root", "-a", "x" * 65, "张三", "a\n"])
def test_names_that_could_be_mistaken_are_refused(path: Path, name: str) -> None:
    with pytest.raises(CallerError, match="cannot name a principal"):
        add_token(path, name, ["poster"])


def test_roles_must_be_known_and_stay_the_same(path: Path) -> None:
    with pytest.raises(CallerError, match="roles are poster, budgeter, author"):
        add_token(path, "crm", ["king"])
    with pytest.raises(CallerError, match="at least one role"):
        add_token(path, "crm", [])
    add_token(path, "crm", ["poster"])
    with pytest.raises(CallerError, match="exists with the roles poster"):
        add_token(path, "crm", ["approver"])


def test_file_that_cannot_be_written_is_the_environments_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError):
        add_token(tmp_path / "file" / "tokens.jsonl", "crm", ["poster"])
    with pytest.raises(StoreError):
        list_tokens(tmp_path)


def test_file_beyond_its_limit_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_token(path, "crm", ["poster"])
    monkeypatch.setattr(principals, "MAX_TOKEN_FILE_BYTES", 10)
    with pytest.raises(StoreError, match="too large"):
        list_tokens(path)
