# SPDX-License-Identifier: MIT
"""Signing in and out, over D-Bus."""

import base64
import hashlib
import hmac
import json
import re
import sqlite3
import time

import jwt as pyjwt
import pytest
from gi.repository import Gio, GLib

from support.bus import NAME, ROOT, BusError
from support.process import wait_until
from support.sandbox import ADMIN, ALEX, BRIDGE_UID, STRANGER_UID

PASSWORD = "correct horse battery"


def refused(name, call, *arguments, **options):
    """Asserts that the call is refused with that error, and returns its sentence."""
    with pytest.raises(BusError) as caught:
        call(*arguments, **options)
    assert caught.value.name == name, str(caught.value)
    assert caught.value.message
    return caught.value.message


def audit(sandbox, action):
    """Rows of the audit trail, oldest first."""
    with sqlite3.connect(f"file:{sandbox.service_state_dir}/baluhost.db?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM audit WHERE action = ? ORDER BY id", (action,))]


# Signing in


def test_login_gives_a_token_and_says_who_one_is(bus, new_user):
    user = new_user(folder=False)
    token, refresh_token, expires_in, account = bus.Sessions.Login(user.username.upper(), PASSWORD)
    assert refresh_token == ""
    assert expires_in == 43200
    assert account == {
        "id": user.id,
        "username": user.username,
        "email": "",
        "role": "user",
        "is_active": True,
        "created_usec": account["created_usec"],
        "quota_bytes": 0,
        "used_bytes": 0,
        "uid": -1,
    }
    assert bus.Sessions.WhoAmI(token=token) == account

    assert pyjwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = pyjwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == str(user.id)
    assert claims["username"] == user.username
    assert claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 43200
    assert claims["sid"] and claims["jti"]


def test_another_library_finds_the_signature_right(sandbox, bus):
    token = sandbox.token(*ALEX)
    key = (sandbox.service_state_dir / "jwt.key").read_bytes()
    assert pyjwt.decode(token, key, algorithms=["HS256"])["username"] == "alex"
    assert (sandbox.service_state_dir / "jwt.key").stat().st_mode & 0o7777 == 0o600
    assert (sandbox.service_state_dir / "baluhost.db").stat().st_mode & 0o7777 == 0o600


def test_wrong_name_wrong_password_and_disabled_account_look_the_same(bus, admin_token, new_user):
    user = new_user(folder=False)
    disabled = new_user(folder=False)
    bus.Users.Update(disabled.id, {"is_active": False}, {"auth.token": admin_token})
    messages = {
        refused("InvalidCredentials", bus.Sessions.Login, "no-such-user", PASSWORD),
        refused("InvalidCredentials", bus.Sessions.Login, user.username, PASSWORD + "x"),
        refused("InvalidCredentials", bus.Sessions.Login, user.username, ""),
        refused("InvalidCredentials", bus.Sessions.Login, disabled.username, PASSWORD),
        refused("InvalidCredentials", bus.Sessions.Login, "", ""),
        refused("InvalidCredentials", bus.Sessions.Login, "' OR 1=1 --", "x"),
    }
    assert messages == {"Invalid credentials"}


def test_overlong_and_unknown_arguments_are_refused_by_name(bus):
    assert "password" in refused("InvalidArgument", bus.Sessions.Login, "alex", "x" * 1025)
    assert "username" in refused("InvalidArgument", bus.Sessions.Login, "x" * 257, "x")
    assert "refesh" in refused("InvalidArgument", bus.Sessions.Login, "alex", "demo123", refesh=True)
    assert "refresh" in refused("InvalidArgument", bus.Sessions.Login, "alex", "demo123", refresh="yes")
    assert "client_agent" in refused("InvalidArgument", bus.Sessions.Login, "alex", "demo123", client_agent="x" * 513)
    for call in (bus.Sessions.WhoAmI, bus.Sessions.List, bus.Sessions.Logout, bus.Manager.GetHealth):
        assert "“colour”" in refused("InvalidArgument", call, colour="green")
    # A name that cannot be shown whole is not cut in the middle of a letter.
    refused("InvalidArgument", bus.Sessions.WhoAmI, **{"ö" * 5000: True})


def test_an_option_that_is_given_twice_is_refused(bus):
    builder = GLib.VariantBuilder(GLib.VariantType("a{sv}"))
    for value in ("first", "second"):
        builder.add_value(GLib.Variant.new_dict_entry(GLib.Variant("s", "auth.token"), GLib.Variant("v", GLib.Variant("s", value))))
    arguments = GLib.Variant.new_tuple(builder.end())
    with pytest.raises(GLib.Error, match="InvalidArgument.*twice"):
        bus.connection.call_sync(NAME, ROOT, f"{NAME}.Sessions", "WhoAmI", arguments, None, Gio.DBusCallFlags.NONE, -1, None)


# Tokens


def forged(claims, header=None, key=b"guess"):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    text = encode(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()) + "." + encode(json.dumps(claims).encode())
    return text + "." + encode(hmac.new(key, text.encode(), hashlib.sha256).digest())


def test_tokens_that_are_not_ours_are_rejected(sandbox, bus):
    token = sandbox.token(*ADMIN)
    header, payload, signature = token.split(".")
    claims = pyjwt.decode(token, options={"verify_signature": False})
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    key = (sandbox.service_state_dir / "jwt.key").read_bytes()
    hostile = [
        "",
        "x",
        "..",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{none}.{payload}.",
        f"{none}.{payload}.{signature}",
        f"{header}.{payload}.{signature}=",
        f" {token}",
        f"Bearer {token}",
        token[:-1],
        token + "A",
        token.replace(".", ".."),
        forged(claims),
        forged(claims | {"role": "admin", "sub": "1"}, key=b""),
        forged(claims, {"alg": "HS512", "typ": "JWT"}, key),
        forged(claims, {"alg": "HS256", "typ": "JWT", "kid": "../../dev/null"}, key),
        forged(claims | {"exp": int(time.time()) - 1}, key=key),
        forged(claims | {"sid": "AAAA"}, key=key),
        forged({k: v for k, v in claims.items() if k != "exp"}, key=key),
        forged({k: v for k, v in claims.items() if k != "sid"}, key=key),
        forged(claims | {"sub": "2"}, key=key),
    ]
    for bad in hostile:
        refused("InvalidToken", bus.Sessions.WhoAmI, token=bad)
        refused("InvalidToken", bus.Users.List, token=bad)
        refused("InvalidToken", bus.Manager.GetHealth, token=bad)
    assert "auth.token" in refused("InvalidArgument", bus.Sessions.WhoAmI, token="x" * 5000)
    # With the very key the token is genuine: the above was rejected for what it is.
    assert bus.Sessions.WhoAmI(token=forged(claims, key=key))["username"] == "admin"


def test_a_token_ends_when_it_expires(make_sandbox):
    sandbox = make_sandbox(service_config={"sessions": {"access-lifetime": 1}}, with_bridge=False)
    with sandbox.bus() as bus:
        token = sandbox.token(*ALEX)

        def has_ended():
            try:
                bus.Sessions.WhoAmI(token=token)
                return False
            except BusError as error:
                assert error.name == "InvalidToken"
                return True

        wait_until(has_ended, "the token to expire")


def test_sessions_survive_a_restart_and_their_end_does_too(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus:
        kept, ended = sandbox.token(*ALEX), sandbox.token(*ALEX)
        _, refresh_token, _, _ = bus.Sessions.Login(*ALEX, refresh=True)
        bus.Sessions.Logout(token=ended)
        sandbox.restart_service()
        assert bus.Sessions.WhoAmI(token=kept)["username"] == "alex"
        refused("InvalidToken", bus.Sessions.WhoAmI, token=ended)
        assert bus.Sessions.Refresh(refresh_token)[3]["username"] == "alex"
        sandbox.kill_service()
        sandbox.start_service()
        assert bus.Sessions.WhoAmI(token=kept)["username"] == "alex"
        refused("InvalidToken", bus.Sessions.WhoAmI, token=ended)


# Refreshing


def test_a_refresh_token_renews_the_session_once(bus, new_user):
    user = new_user(folder=False)
    access, refresh_token, expires_in, _ = bus.Sessions.Login(user.username, PASSWORD, refresh=True)
    assert expires_in == 900
    renewed, second, expires_in, account = bus.Sessions.Refresh(refresh_token)
    assert expires_in == 900
    assert account["id"] == user.id
    assert second not in ("", refresh_token)
    assert renewed != access
    for token in (access, renewed):
        assert bus.Sessions.WhoAmI(token=token)["id"] == user.id
    sessions = bus.Sessions.List(token=renewed)
    assert [s["is_current"] for s in sessions].count(True) == 1

    # Somebody has stolen it: neither they nor we go on.
    refused("InvalidToken", bus.Sessions.Refresh, refresh_token)
    refused("InvalidToken", bus.Sessions.WhoAmI, token=renewed)
    refused("InvalidToken", bus.Sessions.Refresh, second)
    assert bus.Sessions.WhoAmI(token=user.token)["id"] == user.id


def test_unknown_refresh_tokens_are_rejected_and_end_nothing(bus, user):
    for token in ("", "x", user.token, "' OR '1'='1"):
        if len(token) <= 256:
            refused("InvalidToken", bus.Sessions.Refresh, token)
    assert "refresh_token" in refused("InvalidArgument", bus.Sessions.Refresh, "x" * 257)
    assert bus.Sessions.WhoAmI(token=user.token)["id"] == user.id


def test_no_token_and_no_password_is_in_the_database(sandbox, bus, new_user):
    user = new_user(folder=False)
    token, refresh_token, _, _ = bus.Sessions.Login(user.username, PASSWORD, refresh=True)
    refused("InvalidCredentials", bus.Sessions.Login, user.username, "a very secret guess")
    wait_until(lambda: any(row["target"] == user.username and row["result"] for row in audit(sandbox, "login")), "the audit row")
    stored = b"".join(path.read_bytes() for path in sandbox.service_state_dir.glob("baluhost.db*"))
    assert user.username.encode() in stored
    for secret in (token, token.split(".")[2], refresh_token, PASSWORD, "a very secret guess"):
        assert secret.encode() not in stored


# Signing out


def test_logout_ends_the_session_at_once(bus, new_user):
    user = new_user(folder=False)
    other = bus.Sessions.Login(user.username, PASSWORD)[0]
    bus.Sessions.Logout(token=user.token)
    refused("InvalidToken", bus.Sessions.WhoAmI, token=user.token)
    refused("InvalidToken", bus.Sessions.Logout, token=user.token)
    assert bus.Sessions.WhoAmI(token=other)["id"] == user.id


def test_logout_by_refresh_token_ends_the_session_too(bus, new_user):
    user = new_user(folder=False)
    access, refresh_token, _, _ = bus.Sessions.Login(user.username, PASSWORD, refresh=True)
    refused("InvalidToken", bus.Sessions.Logout, refresh_token="unknown")
    bus.Sessions.Logout(refresh_token=refresh_token)
    refused("InvalidToken", bus.Sessions.WhoAmI, token=access)
    refused("InvalidToken", bus.Sessions.Refresh, refresh_token)


def test_logout_without_a_session_is_not_authenticated(bus):
    refused("NotAuthenticated", bus.Sessions.Logout)


def test_sessions_are_listed_and_revoked_by_their_owner_only(bus, new_user):
    user, other = new_user(folder=False), new_user(folder=False)
    second = bus.Sessions.Login(user.username, PASSWORD)[0]
    sessions = bus.Sessions.List(token=second)
    assert len(sessions) == 2
    assert [session["is_current"] for session in sessions] == [True, False]
    assert sessions[0]["created_usec"] >= sessions[1]["created_usec"]
    for session in sessions:
        assert session["expires_usec"] > session["last_used_usec"] >= session["created_usec"] > 0
    refused("NotFound", bus.Sessions.Revoke, sessions[1]["session_id"], token=other.token)
    refused("NotFound", bus.Sessions.Revoke, "unknown", token=second)
    refused("NotFound", bus.Sessions.Revoke, "", token=second)
    bus.Sessions.Revoke(sessions[1]["session_id"], token=second)
    refused("InvalidToken", bus.Sessions.WhoAmI, token=user.token)
    refused("NotFound", bus.Sessions.Revoke, sessions[1]["session_id"], token=second)
    assert len(bus.Sessions.List(token=second)) == 1
    assert len(bus.Sessions.List(token=other.token)) == 1


# Passwords


def test_changing_the_password_ends_all_other_sessions(bus, new_user):
    user = new_user(folder=False)
    other, refresh_token, _, _ = bus.Sessions.Login(user.username, PASSWORD, refresh=True)
    change = bus.Sessions.ChangePassword
    refused("InvalidCredentials", change, "guess", "something entirely new", token=user.token)
    refused("InvalidArgument", change, PASSWORD, PASSWORD, token=user.token)
    refused("InvalidArgument", change, PASSWORD, "seven77", token=user.token)
    refused("InvalidArgument", change, PASSWORD, "x" * 1025, token=user.token)
    assert bus.Sessions.WhoAmI(token=other)["id"] == user.id

    change(PASSWORD, "something entirely new", token=user.token)
    assert bus.Sessions.WhoAmI(token=user.token)["id"] == user.id
    refused("InvalidToken", bus.Sessions.WhoAmI, token=other)
    refused("InvalidToken", bus.Sessions.Refresh, refresh_token)
    refused("InvalidCredentials", bus.Sessions.Login, user.username, PASSWORD)
    bus.Sessions.Login(user.username, "something entirely new")


def test_new_password_disabling_and_deleting_end_sessions_at_once(bus, admin_token, new_user):
    admin = {"auth.token": admin_token}
    for change in ({"password": "something entirely new"}, {"is_active": False}):
        user = new_user(folder=False)
        _, refresh_token, _, _ = bus.Sessions.Login(user.username, PASSWORD, refresh=True)
        bus.Users.Update(user.id, change, admin)
        refused("InvalidToken", bus.Sessions.WhoAmI, token=user.token)
        refused("InvalidToken", bus.Sessions.Refresh, refresh_token)
    user = new_user(folder=False)
    bus.Users.Delete(user.id, "keep", admin)
    refused("UserGone", bus.Sessions.WhoAmI, token=user.token)
    refused("InvalidCredentials", bus.Sessions.Login, user.username, PASSWORD)


def test_another_role_counts_at_once(bus, admin_token, new_user):
    user = new_user(folder=False)
    refused("AdminRequired", bus.Users.List, token=user.token)
    bus.Users.Update(user.id, {"role": "admin"}, {"auth.token": admin_token})
    bus.Users.List(token=user.token)
    bus.Users.Update(user.id, {"role": "user"}, {"auth.token": admin_token})
    refused("AdminRequired", bus.Users.List, token=user.token)


# Registering


def test_registering_is_closed_by_default(bus):
    refused("RegistrationClosed", bus.Sessions.Register, "newcomer", "", PASSWORD)


def test_registering_opens_an_ordinary_account_where_it_is_allowed(make_sandbox):
    sandbox = make_sandbox(service_config={"sessions": {"registration": True}}, with_bridge=False)
    with sandbox.bus() as bus:
        assert bus.get_property(ROOT, "Manager", "RegistrationOpen") is True
        token, refresh_token, _, account = bus.Sessions.Register("newcomer", "new@example.org", PASSWORD, refresh=True)
        assert (account["username"], account["email"], account["role"]) == ("newcomer", "new@example.org", "user")
        assert bus.Sessions.WhoAmI(token=token)["id"] == account["id"]
        assert bus.Sessions.Refresh(refresh_token)
        refused("Exists", bus.Sessions.Register, "Newcomer", "", PASSWORD)
        refused("InvalidArgument", bus.Sessions.Register, "bad name", "", PASSWORD)
        refused("InvalidArgument", bus.Sessions.Register, "another", "nonsense", PASSWORD)
        refused("InvalidArgument", bus.Sessions.Register, "another", "", "short")
        refused("AdminRequired", bus.Users.List, token=token)


# Limits


def retry_after(message):
    match = re.search(r"\(retry after (\d+) s\)$", message)
    assert match, message
    return int(match[1])


def test_attempts_are_limited_for_each_account(make_sandbox):
    limits = {"login-attempts-per-account": 3, "login-attempts-per-address": 1000, "window-seconds": 600}
    sandbox = make_sandbox(service_config={"limits": limits}, with_bridge=False)
    with sandbox.bus() as bus:
        for _ in range(2):
            refused("InvalidCredentials", bus.Sessions.Login, "alex", "guess")
        bus.Sessions.Login(*ALEX)  # the right person is forgiven the attempts before
        for _ in range(3):
            refused("InvalidCredentials", bus.Sessions.Login, "alex", "guess")
        assert 1 <= retry_after(refused("TooManyRequests", bus.Sessions.Login, *ALEX)) <= 200
        refused("TooManyRequests", bus.Sessions.Login, "ALEX", "demo123")
        bus.Sessions.Login("maria", "demo123")

        # An unknown name is limited like a known one, and guessing by ChangePassword like guessing by Login.
        for _ in range(3):
            refused("InvalidCredentials", bus.Sessions.Login, "nobody", "guess")
        refused("TooManyRequests", bus.Sessions.Login, "nobody", "guess")
        token = bus.Sessions.Login("maria", "demo123")[0]
        for _ in range(3):
            refused("InvalidCredentials", bus.Sessions.ChangePassword, "guess", "something new", token=token)
        retry_after(refused("TooManyRequests", bus.Sessions.ChangePassword, "demo123", "something new", token=token))


def test_attempts_are_limited_for_each_address_that_the_bridge_names(make_sandbox, needs_root):
    limits = {"login-attempts-per-account": 1000, "login-attempts-per-address": 3, "window-seconds": 600}
    sandbox = make_sandbox(service_config={"limits": limits}, with_bridge=False)
    with sandbox.bus(BRIDGE_UID) as bridge, sandbox.bus(STRANGER_UID) as stranger:
        for i in range(3):
            refused("InvalidCredentials", bridge.Sessions.Login, f"user{i}", "guess", client_address="192.0.2.1")
        retry_after(refused("TooManyRequests", bridge.Sessions.Login, *ALEX, client_address="192.0.2.1"))
        bridge.Sessions.Login(*ALEX, client_address="192.0.2.2")

        # Whoever is not the bridge cannot choose an address.
        for i in range(3):
            refused("InvalidCredentials", stranger.Sessions.Login, f"user{i}", "guess", client_address=f"198.51.100.{i}")
        refused("TooManyRequests", stranger.Sessions.Login, *ALEX, client_address="198.51.100.99")


def test_where_a_browser_came_from_is_believed_from_the_bridge_only(sandbox, needs_root, new_user):
    user = new_user(folder=False)
    where = {"client_address": "192.0.2.77", "client_agent": "Browser/1.0"}
    with sandbox.bus(BRIDGE_UID) as bridge, sandbox.bus(STRANGER_UID) as stranger:
        token = bridge.Sessions.Login(user.username, PASSWORD, **where)[0]
        stranger.Sessions.Login(user.username, PASSWORD, **where)
        sessions = bridge.Sessions.List(token=token)
        assert [session["client_address"] for session in sessions] == ["", "192.0.2.77", ""]
        assert sessions[1]["client_agent"] == "Browser/1.0"
        rows = [row for row in audit(sandbox, "login") if row["target"] == user.username]
        assert [(row["uid"], row["client_address"]) for row in rows][1:] == [(BRIDGE_UID, "192.0.2.77"), (STRANGER_UID, None)]

        # What is done with the token later is known to come from there too.
        bridge.Sessions.ChangePassword(PASSWORD, "something entirely new", token=token)
        assert audit(sandbox, "password-change")[-1]["client_address"] == "192.0.2.77"


def test_the_audit_trail_knows_who_tried_what(sandbox, bus, new_user):
    user = new_user(folder=False)
    refused("InvalidCredentials", bus.Sessions.Login, user.username, "guess")
    refused("AdminRequired", bus.Users.List, token=user.token)
    bus.Sessions.Logout(token=user.token)

    def rows(action):
        return [row for row in audit(sandbox, action) if user.username in (row["target"], row["username"])]

    wait_until(lambda: len(rows("login")) == 2 and rows("Users.List"), "the audit rows of refusals")
    success, failure = rows("login")
    assert success["result"] == 0 and failure["result"] != 0
    assert success["pid"] > 0 and success["event_type"] == "SECURITY"
    assert rows("Users.List")[0]["user_id"] == user.id
    assert rows("logout")[0]["result"] == 0


# Under load


def test_logins_neither_block_others_nor_take_all_memory(make_sandbox):
    """With the real cost of passwords: two are hashed at once, few wait, the rest is sent away, and everybody else is served meanwhile."""
    sandbox = make_sandbox(
        fast_passwords=False,
        with_bridge=False,
        service_config={
            "passwords": {"opslimit": 8, "memlimit-kib": 19456},
            "limits": {"login-attempts-per-account": 1000, "login-attempts-per-address": 1000},
        },
    )
    with sandbox.bus() as bus:
        token = sandbox.token(*ALEX)
        outcomes = []

        def finished(connection, result):
            try:
                connection.call_finish(result)
                outcomes.append("ok")
            except GLib.Error as error:
                outcomes.append(Gio.DBusError.get_remote_error(error).rsplit(".", 1)[1])

        arguments = GLib.Variant("(ssa{sv})", ("alex", "demo123", {}))
        for _ in range(60):
            bus.connection.call(NAME, ROOT, f"{NAME}.Sessions", "Login", arguments, None, 0, -1, None, finished)
        bus.connection.flush_sync(None)
        for _ in range(20):
            assert bus.Sessions.WhoAmI(token=token)["username"] == "alex"
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        assert outcomes.count("ok") < 18, "the calls above were answered while logins were waiting"
        while len(outcomes) < 60:
            context.iteration(True)
        assert outcomes.count("ok") >= 18
        assert outcomes.count("ok") + outcomes.count("TooManyRequests") == 60
        status = open(f"/proc/{sandbox.service_pid}/status", encoding="utf-8").read()
        if "san" not in str(sandbox.build_dir):
            assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) < 64 * 1024
