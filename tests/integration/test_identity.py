# SPDX-License-Identifier: MIT
"""Who is asking: tokens, linked Unix users, the bridge, and polkit."""

import os
import pwd
import socket

import pytest
from gi.repository import Gio, GLib

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import ADMIN, ALEX, BRIDGE_UID, OPERATOR_UID, STRANGER_UID, SERVICE_UID
from test_sessions import audit, refused

PASSWORD = "correct horse battery"


@pytest.fixture
def stranger(sandbox, needs_root):
    """A Unix user without an account whom polkit allows nothing."""
    with sandbox.bus(STRANGER_UID) as connection:
        yield connection


@pytest.fixture
def bridge(sandbox, needs_root):
    with sandbox.bus(BRIDGE_UID) as connection:
        yield connection


# Unix users


def test_root_is_an_administrator_without_an_account(bus, needs_root, new_user):
    me = bus.Sessions.WhoAmI()
    assert (me["id"], me["username"], me["role"], me["uid"]) == (0, "root", "admin", 0)
    assert bus.Users.List()[1] > 0
    assert bus.Users.Get(new_user(folder=False).id)
    assert bus.Files.List("")[2] > 0
    refused("NotLinked", bus.Sessions.List)
    refused("NotLinked", bus.Sessions.ChangePassword, "a", PASSWORD)
    refused("NotLinked", bus.Sessions.Revoke, "a")


def test_a_unix_user_without_an_account_is_nobody(stranger):
    me = stranger.Sessions.WhoAmI()
    assert (me["id"], me["username"], me["role"], me["uid"]) == (0, "nobody", "none", STRANGER_UID)
    refused("NotLinked", stranger.Sessions.List)
    refused("NotAuthenticated", stranger.Sessions.Logout)
    assert stranger.Manager.GetHealth()["status"] == "ok"


def test_a_linked_unix_user_is_that_account(make_sandbox, needs_root):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as root, sandbox.bus(STRANGER_UID) as linked:
        alex = next(user for user in root.Users.List()[0] if user["username"] == "alex")
        root.Users.Update(alex["id"], {"uid": STRANGER_UID}, {})
        assert linked.Sessions.WhoAmI()["username"] == "alex"
        assert linked.Users.Get(alex["id"])["uid"] == STRANGER_UID
        linked.Files.CreateFolder("mine")
        assert linked.Files.Stat("mine")["owner_id"] == alex["id"]
        assert linked.Sessions.List() == []
        linked.Sessions.ChangePassword("demo123", PASSWORD)
        root.Sessions.Login("alex", PASSWORD)
        # A token says somebody else, and it is believed.
        assert linked.Sessions.WhoAmI(token=sandbox.token(*ADMIN))["username"] == "admin"

        root.Users.Update(alex["id"], {"is_active": False}, {})
        assert "disabled" in refused("NotPermitted", linked.Sessions.WhoAmI)
        refused("NotPermitted", linked.Files.List, "")
        root.Users.Update(alex["id"], {"is_active": True, "uid": -1}, {})
        assert linked.Sessions.WhoAmI()["role"] == "none"


def test_a_linked_administrator_still_needs_polkit_for_administrative_verbs(make_sandbox, needs_root):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as root, sandbox.bus(STRANGER_UID) as linked:
        admin = root.Users.List(role="admin")[0][0]
        root.Users.Update(admin["id"], {"uid": STRANGER_UID}, {})
        assert linked.Sessions.WhoAmI()["role"] == "admin"
        refused("NotPermitted", linked.Users.List)
        assert linked.Users.Get(admin["id"])["id"] == admin["id"]  # one's own
        assert linked.Users.List(token=sandbox.token(*ADMIN))[1] == 3


# The bridge


def test_the_bridge_is_nobody_without_a_token(bridge):
    for call in (
        bridge.Sessions.WhoAmI,
        bridge.Sessions.List,
        bridge.Users.List,
        lambda: bridge.Users.Get(1),
        lambda: bridge.Users.Create("x", PASSWORD),
        lambda: bridge.Users.Update(1, {}, {}),
        lambda: bridge.Users.Delete(1, "keep"),
        lambda: bridge.Sessions.ChangePassword("x", PASSWORD),
        lambda: bridge.Sessions.Revoke("x"),
        bridge.Sessions.Logout,
        lambda: bridge.Files.List(""),
        lambda: bridge.Files.Stat(""),
        lambda: bridge.Files.Open("Notes.txt"),
        lambda: bridge.Files.CreateFolder("x"),
        lambda: bridge.Files.Rename("Notes.txt", "x"),
        lambda: bridge.Files.Move("Notes.txt", "x"),
        lambda: bridge.Files.Copy("Notes.txt", "x"),
        lambda: bridge.Files.Delete("Notes.txt"),
        bridge.Files.ListTrash,
        lambda: bridge.Files.RestoreTrash("x"),
        lambda: bridge.Files.PurgeTrash("x"),
        lambda: bridge.Files.BeginUpload("x", 0),
        lambda: bridge.Files.ExplainAccess(0, ""),
        bridge.Files.GetUsage,
    ):
        assert refused("NotAuthenticated", call) == "Not authenticated"


def test_the_bridge_can_do_without_a_token_what_needs_none(bridge):
    assert bridge.Manager.GetHealth()["status"] == "ok"
    assert bridge.get_property(ROOT, "Manager", "State") == "running"
    token, refresh_token, _, _ = bridge.Sessions.Login(*ALEX, refresh=True)
    assert bridge.Sessions.WhoAmI(token=token)["username"] == "alex"
    refresh_token = bridge.Sessions.Refresh(refresh_token)[1]
    refused("RegistrationClosed", bridge.Sessions.Register, "x", "", PASSWORD)
    refused("Conflict", bridge.Users.CreateFirstAdmin, "x", PASSWORD, "guess")
    bridge.Sessions.Logout(refresh_token=refresh_token)


def test_the_bridge_is_whom_its_token_says(bridge, sandbox):
    refused("AdminRequired", bridge.Users.List, token=sandbox.token(*ALEX))
    assert bridge.Users.List(token=sandbox.token(*ADMIN))[1] >= 3


# polkit


def test_polkit_decides_about_unix_users(sandbox, stranger, new_user):
    user = new_user(folder=False)
    with sandbox.bus(OPERATOR_UID) as operator:
        assert operator.Users.List()[1] >= 3
        created = operator.Users.Create(f"made-by-{user.username}", PASSWORD)
        assert operator.Users.Update(created["id"], {"email": "a@example.org"}, {})["email"] == "a@example.org"
        operator.Users.Delete(created["id"], "keep")
        assert operator.Files.List("")[2] > 0
        assert operator.Sessions.WhoAmI()["role"] == "none"  # allowed the verb, not made an administrator
        row = [row for row in audit(sandbox, "user-create") if row["target"] == created["username"]][0]
        assert (row["user_id"], row["username"], row["uid"]) == (0, "games", OPERATOR_UID)

    for call in (
        stranger.Users.List,
        lambda: stranger.Users.Get(user.id),
        lambda: stranger.Users.Create("x", PASSWORD),
        lambda: stranger.Users.Update(user.id, {"role": "admin"}, {}),
        lambda: stranger.Users.Delete(user.id, "trash"),
        lambda: stranger.Files.List(""),
        lambda: stranger.Files.Delete("Notes.txt"),
    ):
        refused("NotPermitted", call)


def test_without_polkit_only_root_administers(make_sandbox, needs_root):
    sandbox = make_sandbox(with_bridge=False)
    sandbox.stop_polkit()
    with sandbox.bus() as root, sandbox.bus(OPERATOR_UID) as operator:
        assert "polkit" in refused("NotAvailable", operator.Users.List)
        refused("NotAvailable", operator.Files.List, "")
        assert root.Users.List()[1] == 3
        assert operator.Users.List(token=sandbox.token(*ADMIN))[1] == 3


class Authority:
    """Stands in for polkit: remembers what it is asked, and answers when it is told to."""

    XML = """<node><interface name="org.freedesktop.PolicyKit1.Authority">
        <method name="CheckAuthorization">
          <arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/><arg type="a{ss}" direction="in"/>
          <arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
        </method>
        <method name="CancelCheckAuthorization"><arg type="s" direction="in"/></method>
      </interface></node>"""

    def __init__(self, sandbox):
        self.asked, self.cancelled, self.pending = [], [], []
        self.connection = sandbox.bus(pwd.getpwnam("polkitd").pw_uid).connection
        info = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object("/org/freedesktop/PolicyKit1/Authority", info, self._on_call, None, None)
        reply = self.connection.call_sync(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "RequestName",
            GLib.Variant("(su)", ("org.freedesktop.PolicyKit1", 4)),
            None,
            0,
            -1,
            None,
        )
        assert reply.unpack() == (1,)

    def _on_call(self, _connection, _sender, _path, _interface, method, arguments, invocation):
        if method == "CancelCheckAuthorization":
            self.cancelled.append(arguments.unpack()[0])
            invocation.return_value(None)
        else:
            self.asked.append(arguments.unpack())
            self.pending.append(invocation)

    def answer(self, allowed, challenge=False):
        self.pending.pop(0).return_value(GLib.Variant("((bba{ss}))", ((allowed, challenge, {}),)))

    def close(self):
        self.connection.close_sync(None)


@pytest.fixture
def asked(make_sandbox, needs_root):
    """A sandbox whose polkit is in the hands of the test."""
    sandbox = make_sandbox(with_bridge=False)
    sandbox.stop_polkit()
    wait_until(lambda: sandbox.bus().name_owner("org.freedesktop.PolicyKit1") is None, "the end of polkit")
    sandbox.authority = Authority(sandbox)
    yield sandbox
    sandbox.authority.close()


def list_users(connection, outcome, interactive, **options):
    """Users.List() without waiting; what came of it is added to outcome."""

    def finished(source, result):
        try:
            outcome.append(source.call_finish(result).unpack()[1])
        except GLib.Error as error:
            outcome.append((Gio.DBusError.get_remote_error(error) or "").rsplit(".", 1)[-1])

    flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if interactive else Gio.DBusCallFlags.NONE
    arguments = GLib.Variant("(a{sv})", ({key: GLib.Variant("b", value) for key, value in options.items()},))
    connection.call(NAME, ROOT, f"{NAME}.Users", "List", arguments, None, flags, -1, None, finished)


def until(condition, what):
    """Handles what comes from the bus until the condition holds."""

    def look():
        while GLib.MainContext.default().iteration(False):
            pass
        return condition()

    wait_until(look, what)


def test_polkit_is_asked_about_the_caller_and_nobody_waits_for_its_answer(asked):
    authority = asked.authority
    with asked.bus(STRANGER_UID) as stranger, asked.bus() as root:
        outcome = []
        list_users(stranger.connection, outcome, True)
        until(lambda: authority.asked, "the question")
        subject, action, details, flags, cancellation_id = authority.asked[0]
        assert subject == ("system-bus-name", {"name": stranger.connection.get_unique_name()})
        assert (action, details, flags) == ("org.baluhost.nas1.user-manage", {}, 1)
        assert cancellation_id

        # While somebody looks for their password, everyone else is served, and the same peer too.
        for _ in range(10):
            assert root.Users.List()[1] == 3
            assert stranger.Sessions.WhoAmI()["role"] == "none"
        assert outcome == []
        authority.answer(True)
        until(lambda: outcome, "the reply")
        assert outcome == [3]


def test_polkit_may_ask_for_a_password_only_when_the_call_allows_it(asked):
    authority = asked.authority
    with asked.bus(STRANGER_UID) as stranger:
        outcome = []
        list_users(stranger.connection, outcome, False)
        list_users(stranger.connection, outcome, True, **{"auth.no_interaction": True})
        list_users(stranger.connection, outcome, True, **{"auth.no_interaction": False})
        until(lambda: len(authority.asked) == 3, "three questions")
        assert sorted(question[3] for question in authority.asked) == [0, 0, 1]
        for allowed, challenge in ((False, True), (False, False), (True, False)):
            authority.answer(allowed, challenge)
        until(lambda: len(outcome) == 3, "three replies")
        assert outcome == ["NotPermitted", "NotPermitted", 3]


def test_the_question_is_taken_back_when_the_caller_leaves(asked):
    authority = asked.authority
    stranger = asked.bus(STRANGER_UID)
    list_users(stranger.connection, [], True)
    until(lambda: authority.asked, "the question")
    stranger.close()
    until(lambda: authority.cancelled, "the question to be taken back")
    assert authority.cancelled == [authority.asked[0][4]]
    authority.answer(True)  # too late, and for nobody
    with asked.bus() as root:
        assert root.Users.List()[1] == 3


def test_one_unix_user_cannot_keep_the_others_out(asked):
    """Calls that wait for a password that nobody gives are bounded for each Unix user."""
    authority = asked.authority
    strangers = [asked.bus(STRANGER_UID) for _ in range(6)]
    outcome, allowed = [], []
    try:
        for stranger in strangers:
            for _ in range(100):
                list_users(stranger.connection, outcome, True)
        until(lambda: len(authority.asked) + len(outcome) == 600, "the questions and the refusals")
        assert outcome == ["TooManyRequests"] * (600 - 32)
        with asked.bus() as root, asked.bus(BRIDGE_UID) as bridge, asked.bus(OPERATOR_UID) as operator:
            assert root.Users.List()[1] == 3
            assert bridge.Sessions.Login(*ALEX)
            list_users(operator.connection, allowed, False)
            until(lambda: len(authority.asked) == 33, "the question about another user")
            authority.pending.pop().return_value(GLib.Variant("((bba{ss}))", ((True, False, {}),)))
            until(lambda: allowed, "the reply")
            assert allowed == [3]
    finally:
        for stranger in strangers:
            stranger.close()
    until(lambda: len(authority.cancelled) == 32, "the questions to be taken back")

    # What was taken back does not count any more.
    with asked.bus(STRANGER_UID) as stranger:
        list_users(stranger.connection, allowed, True)
        until(lambda: len(authority.asked) == 34, "the question")


def test_a_polkit_that_fails_or_talks_nonsense_allows_nothing(asked):
    authority = asked.authority
    with asked.bus(STRANGER_UID) as stranger:
        outcome = []
        list_users(stranger.connection, outcome, False)
        until(lambda: authority.pending, "the question")
        authority.pending.pop(0).return_dbus_error("org.freedesktop.PolicyKit1.Error.Failed", "no")
        until(lambda: outcome, "the reply")
        list_users(stranger.connection, outcome, False)
        until(lambda: authority.pending, "the question")
        authority.close()
        until(lambda: len(outcome) == 2, "the reply")
        assert outcome == ["NotAvailable", "NotAvailable"]
    asked.authority = Authority(asked)


# The process


def test_a_caller_that_leaves_in_the_middle_of_its_calls_harms_nobody(sandbox, bus):
    for _ in range(30):
        connection = sandbox.bus()
        for _ in range(20):
            connection.connection.call(
                NAME, ROOT, f"{NAME}.Sessions", "Login", GLib.Variant("(ssa{sv})", ("alex", "guess", {})), None, 0, -1, None, None
            )
            connection.connection.call(NAME, ROOT, f"{NAME}.Users", "List", GLib.Variant("(a{sv})", ({},)), None, 0, -1, None, None)
        connection.connection.flush_sync(None)
        connection.close()
    assert bus.Manager.GetHealth()["status"] == "ok"


def test_hundreds_of_peers_at_once_are_served(sandbox, bus, needs_root):
    """More than the bus allows matches to one connection."""
    peers = [sandbox.bus(uid) for uid in (STRANGER_UID, OPERATOR_UID, 0) for _ in range(200)]
    try:
        for peer in peers:
            assert peer.Manager.GetHealth()["status"] == "ok"
    finally:
        for peer in peers:
            peer.close()
    assert bus.Manager.GetHealth()["status"] == "ok"


def test_the_service_ends_with_an_error_when_the_bus_does(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    sandbox._bus_daemon.kill()
    wait_until(lambda: not sandbox.is_service_running(), "the end of the service")
    status = sandbox._service.stop()
    assert status == 1
    sandbox._service = None


def test_the_web_bridge_ends_with_an_error_when_the_bus_does(make_sandbox):
    sandbox = make_sandbox()
    assert sandbox.web().get("health").status_code == 200
    sandbox._bus_daemon.kill()
    wait_until(lambda: not sandbox._bridge.is_running(), "the end of the bridge")
    assert sandbox._bridge.stop() == 1
    sandbox._bridge = None
    wait_until(lambda: not sandbox.is_service_running(), "the end of the service")
    sandbox._service.stop()
    sandbox._service = None


def test_a_clean_stop_finishes_what_is_under_way(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, fast_passwords=False, service_config={"passwords": {"opslimit": 30}})
    with sandbox.bus() as bus:
        token = sandbox.token(*ALEX)
        outcome = []

        def finished(source, result):
            try:
                outcome.append(source.call_finish(result).unpack()[3]["username"])
            except GLib.Error as error:
                outcome.append(error.message)

        arguments = GLib.Variant("(ssa{sv})", ("alex", "demo123", {}))
        bus.connection.call(NAME, ROOT, f"{NAME}.Sessions", "Login", arguments, None, 0, -1, None, finished)
        assert bus.Sessions.WhoAmI(token=token)["username"] == "alex"  # the login before it has arrived
        assert outcome == []
        assert sandbox.stop_service() == 0
        until(lambda: outcome, "the reply")
        assert outcome == ["alex"]


def test_the_service_tells_systemd_how_it_is(make_sandbox, tmp_path):
    path = f"/tmp/notify-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        os.chmod(path, 0o777)
        notify.settimeout(20)
        try:
            # The watchdog counts only for the process that it names, so none is named.
            sandbox = make_sandbox(with_bridge=False, environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
            messages = notify.recv(4096).decode()
            assert "READY=1" in messages
            received = ""
            while "WATCHDOG=1" not in received:
                received = notify.recv(4096).decode()
            assert sandbox.stop_service() == 0
            while "STOPPING=1" not in received:
                received = notify.recv(4096).decode()
        finally:
            os.unlink(path)


def run_service(sandbox, *arguments, config=None):
    command = [sandbox.build_dir / "service" / "baluhostd"]
    if config is not None:
        file = sandbox.config_dir / "other.conf"
        file.write_text(config, encoding="utf-8")
        command += ["--config", file]
    return sandbox.run([*command, *arguments], timeout=30)


def test_the_command_line_is_explained_and_checked(sandbox):
    version = run_service(sandbox, "--version")
    assert (version.returncode, version.stdout.split()[0]) == (0, "baluhostd")
    usage = run_service(sandbox, "--help")
    assert usage.returncode == 0
    for option in ("--config", "--version", "--bus-address"):
        assert option in usage.stdout
    assert run_service(sandbox, "--nonsense").returncode == 2
    assert run_service(sandbox, "nonsense").returncode == 2


def test_a_bad_configuration_is_refused_by_section_and_key(sandbox):
    result = run_service(sandbox, config="[sessions]\naccess-lifetime=soon\n")
    assert result.returncode == 1
    assert "[sessions]" in result.stderr and "access-lifetime" in result.stderr and "soon" in result.stderr
    missing = sandbox.run([sandbox.build_dir / "service" / "baluhostd", "--config", "/nonexistent.conf"], timeout=30)
    assert missing.returncode == 1 and "/nonexistent.conf" in missing.stderr


def test_without_a_bus_or_with_its_name_taken_the_service_ends(sandbox, tmp_path, needs_root):
    config = f"[service]\nstate-directory={sandbox.state_dir}/other-state\n[storage]\nroot={sandbox.state_dir}/other-storage\n"
    (sandbox.state_dir / "other-storage").mkdir(exist_ok=True)
    absent = run_service(sandbox, "--bus-address", "unix:path=/nonexistent", config=config)
    assert absent.returncode == 1 and "Cannot connect" in absent.stderr
    file = sandbox.config_dir / "other.conf"
    os.chmod(file, 0o644)
    os.chown(sandbox.state_dir / "other-state", SERVICE_UID, SERVICE_UID)
    for path in (sandbox.state_dir / "other-state").iterdir():
        os.chown(path, SERVICE_UID, SERVICE_UID)
    taken = sandbox.run(
        [sandbox.build_dir / "service" / "baluhostd", "--config", file], uid=sandbox.service_uid, timeout=30
    )
    assert taken.returncode == 1 and "bus name" in taken.stderr, taken.stderr


def test_without_storage_people_can_still_sign_in_and_are_told(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus:
        sandbox.stop_service()
        sandbox.storage_dir.rename(sandbox.state_dir / "gone")
        sandbox.start_service()
        health = bus.Manager.GetHealth()
        assert health["status"] == "degraded" and health["database"] == "ok"
        assert str(sandbox.storage_dir) in health["storage"]
        token = sandbox.token(*ADMIN)
        assert bus.Users.List(token=token)[1] == 3
        refused("NotAvailable", bus.Files.List, "", token=token)
        refused("NotAvailable", bus.Files.BeginUpload, "x", 0, token=token)
        alex = next(user for user in bus.Users.List(token=token)[0] if user["username"] == "alex")
        refused("NotAvailable", bus.Users.Delete, alex["id"], "keep", token=token)
        assert bus.Sessions.Login(*ALEX)  # who is as before
        sandbox.stop_service()
        (sandbox.state_dir / "gone").rename(sandbox.storage_dir)
        sandbox.start_service()
        assert bus.Manager.GetHealth()["status"] == "ok"
        assert bus.Files.List("", token=token)[2] > 0
