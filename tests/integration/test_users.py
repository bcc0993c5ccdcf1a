# SPDX-License-Identifier: MIT
"""Accounts, over D-Bus."""

import re
import secrets
import threading

import pytest
from gi.repository import GLib

from support.bus import NAME, ROOT, BusError
from support.process import wait_until
from support.sandbox import ADMIN, BRIDGE_UID, STRANGER_UID
from test_sessions import audit, refused

PASSWORD = "correct horse battery"


def fresh_name():
    return f"u{secrets.token_hex(6)}"


@pytest.fixture
def admin(admin_token):
    """The options of a call by the administrator."""
    return {"auth.token": admin_token}


# Creating


def test_a_new_account_is_as_it_was_asked_for(bus, admin):
    name = fresh_name()
    user = bus.Users.Create(
        name, PASSWORD, {"email": "zoë@example.org", "role": "admin", "quota_bytes": 5000, "is_active": False, "uid": 4242, **admin}
    )
    assert user == {
        "id": user["id"],
        "username": name,
        "email": "zoë@example.org",
        "role": "admin",
        "is_active": False,
        "created_usec": user["created_usec"],
        "quota_bytes": 5000,
        "used_bytes": 0,
        "uid": 4242,
    }
    assert bus.Users.Get(user["id"], admin) == user
    bus.Users.Delete(user["id"], "keep", admin)


def test_a_new_account_is_an_ordinary_one_unless_asked_otherwise(bus, admin):
    user = bus.Users.Create(fresh_name(), PASSWORD, admin)
    assert (user["email"], user["role"], user["is_active"], user["quota_bytes"], user["uid"]) == ("", "user", True, 0, -1)


@pytest.mark.parametrize(
    "name", ["", "a b", "-a", ".a", "_a", "ä", "a/b", "a\tb", "a@b", "../etc", "x" * 65, "a\u202eb", "admin\n", "%s%n"]
)
def test_bad_names_are_refused(bus, admin, name):
    refused("InvalidArgument", bus.Users.Create, name, PASSWORD, admin)


@pytest.mark.parametrize(
    "options",
    [
        {"email": "nonsense"},
        {"email": "a b@example.org"},
        {"email": "a@b" + "c" * 260},
        {"role": "root"},
        {"role": ""},
        {"quota_bytes": 2**63},
        {"uid": -2},
        {"uid": 2**32},
        {"uid": GLib.Variant("u", 5)},
        {"quota_bytes": GLib.Variant("x", 5)},
        {"is_active": "yes"},
        {"password": "x"},
        {"isactive": True},
    ],
)
def test_bad_values_are_refused_and_nothing_is_created(bus, admin, options):
    name = fresh_name()
    refused("InvalidArgument", bus.Users.Create, name, PASSWORD, {**options, **admin})
    assert bus.Users.List({"search": name, **admin})[1] == 0


def test_passwords_have_a_least_and_a_greatest_length(bus, admin):
    refused("InvalidArgument", bus.Users.Create, fresh_name(), "seven77", admin)
    refused("InvalidArgument", bus.Users.Create, fresh_name(), "x" * 1025, admin)
    for password in ("eight888", "x" * 1024, "pässwörd 🔑"):
        name = fresh_name()
        bus.Users.Create(name, password, admin)
        bus.Sessions.Login(name, password)


def test_names_are_unique_without_regard_to_case(bus, admin, new_user):
    user = new_user(folder=False)
    assert refused("Exists", bus.Users.Create, user.username.upper(), PASSWORD, admin) == "Username already exists"
    other = new_user(folder=False)
    refused("Exists", bus.Users.Update, other.id, {"username": user.username.upper()}, admin)
    assert bus.Users.Update(user.id, {"username": user.username.upper()}, admin)["username"] == user.username.upper()


def test_a_unix_user_is_linked_to_one_account(bus, admin, new_user):
    first, second = new_user(folder=False, uid=GLib.Variant("x", 777001)), new_user(folder=False)
    refused("Exists", bus.Users.Create, fresh_name(), PASSWORD, {"uid": 777001, **admin})
    refused("Exists", bus.Users.Update, second.id, {"uid": 777001}, admin)
    bus.Users.Update(first.id, {"uid": -1}, admin)
    assert bus.Users.Update(second.id, {"uid": 777001}, admin)["uid"] == 777001
    bus.Users.Update(second.id, {"uid": -1}, admin)


def test_the_unix_user_of_the_bridge_cannot_be_linked(bus, admin, new_user, needs_root):
    refused("InvalidArgument", bus.Users.Update, new_user(folder=False).id, {"uid": BRIDGE_UID}, admin)


# Asking


def test_everyone_may_ask_for_their_own_account_only(bus, admin, new_user):
    user, other = new_user(folder=False), new_user(folder=False)
    assert bus.Users.Get(user.id, token=user.token)["username"] == user.username
    refused("AdminRequired", bus.Users.Get, other.id, token=user.token)
    refused("AdminRequired", bus.Users.Get, 2**63, token=user.token)
    refused("AdminRequired", bus.Users.Get, 0, token=user.token)
    refused("NotFound", bus.Users.Get, 0, admin)
    refused("NotFound", bus.Users.Get, 2**64 - 1, admin)


def test_administrative_methods_are_for_administrators(bus, user, new_user):
    victim = new_user(folder=False)
    options = {"auth.token": user.token}
    refused("AdminRequired", bus.Users.List, options)
    refused("AdminRequired", bus.Users.Create, fresh_name(), PASSWORD, options)
    refused("AdminRequired", bus.Users.Update, victim.id, {"password": "something new"}, options)
    refused("AdminRequired", bus.Users.Update, user.id, {"role": "admin"}, options)
    refused("AdminRequired", bus.Users.Update, user.id, {"quota_bytes": 0}, options)
    refused("AdminRequired", bus.Users.Delete, victim.id, "trash", options)
    refused("AdminRequired", bus.Users.Delete, user.id, "trash", options)
    assert bus.Users.Get(user.id, options)["role"] == "user"


def test_the_list_is_filtered_sorted_and_counted(bus, admin):
    mark = secrets.token_hex(4)
    people = [
        (f"b{mark}", {"email": "zz@example.org", "role": "admin"}),
        (f"A{mark}", {"email": f"{mark}@example.org", "is_active": False}),
        (f"c{mark}", {"email": "AA@example.org"}),
    ]
    for name, options in people:
        bus.Users.Create(name, PASSWORD, {**options, **admin})
    refused("InvalidArgument", bus.Users.List, {"role": "boss", **admin})
    refused("InvalidArgument", bus.Users.List, {"sort_by": "password_hash", **admin})
    refused("InvalidArgument", bus.Users.List, {"sort_order": "up", **admin})

    def names(**options):
        return [user["username"][0] for user in bus.Users.List({"search": mark.upper(), **options, **admin})[0]]

    assert names() == ["A", "b", "c"]
    assert names(sort_order="desc") == ["c", "b", "A"]
    assert [n for n in names(sort_by="email") if n != "A"] == ["c", "b"]
    assert names(sort_by="role") == ["b", "A", "c"]
    assert names(sort_by="created_at") == ["b", "A", "c"]
    assert names(sort_by="created_at", sort_order="desc") == ["c", "A", "b"]
    assert names(sort_by="is_active") == ["A", "b", "c"]
    assert names(sort_by="used_bytes") == ["A", "b", "c"]
    assert names(role="user") == ["A", "c"]
    assert names(is_active=True) == ["b", "c"]
    assert names(role="user", is_active=True) == ["c"]
    assert bus.Users.List({"search": mark, **admin})[1:] == (3, 2, 1, 1)
    assert bus.Users.List({"search": f"{mark}@EXAMPLE", **admin})[0][0]["username"] == f"A{mark}"
    assert bus.Users.List({"search": "no such person", **admin}) == ([], 0, 0, 0, 0)
    assert bus.Users.List({"search": "%", **admin})[1] == 0


def test_used_bytes_follow_the_files(bus, admin, user):
    bus.upload(f"{user.folder}/a", b"x" * 1234, token=user.token)
    assert bus.Users.Get(user.id, admin)["used_bytes"] == 1234


# Changing


def test_all_changes_or_none(bus, admin, new_user):
    user = new_user(folder=False)
    before = bus.Users.Get(user.id, admin)
    for bad in ({"email": "nonsense"}, {"role": "boss"}, {"quota_bytes": 2**63}, {"uid": -7}, {"password": "short"}, {"username": "a b"}):
        refused("InvalidArgument", bus.Users.Update, user.id, {"username": fresh_name(), "email": "a@example.org", **bad}, admin)
    assert "“color”" in refused("InvalidArgument", bus.Users.Update, user.id, {"color": "green"}, admin)
    refused("InvalidArgument", bus.Users.Update, user.id, {"is_active": "no"}, admin)
    refused("NotFound", bus.Users.Update, 2**40, {"email": ""}, admin)
    assert bus.Users.Get(user.id, admin) == before
    assert bus.Users.Update(user.id, {}, admin) == before

    name = fresh_name()
    changed = bus.Users.Update(user.id, {"username": name, "email": "a@example.org", "quota_bytes": 9, "password": "something new"}, admin)
    assert changed == before | {"username": name, "email": "a@example.org", "quota_bytes": 9}
    refused("InvalidCredentials", bus.Sessions.Login, user.username, "something new")
    bus.Sessions.Login(name, "something new")


def test_nobody_harms_their_own_account(bus, new_user):
    boss = new_user(role="admin", folder=False)
    own = {"auth.token": boss.token}
    refused("Conflict", bus.Users.Update, boss.id, {"is_active": False}, own)
    refused("Conflict", bus.Users.Update, boss.id, {"role": "user"}, own)
    refused("Conflict", bus.Users.Delete, boss.id, "keep", own)
    assert bus.Users.Update(boss.id, {"email": "boss@example.org"}, own)["role"] == "admin"


def test_the_last_active_administrator_stays_one(make_sandbox, needs_root):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus:  # as root, who has no account here
        admin = bus.Users.List(role="admin")[0][0]
        second = bus.Users.Create("second", PASSWORD, role="admin", is_active=False)
        for change in ({"is_active": False}, {"role": "user"}):
            refused("Conflict", bus.Users.Update, admin["id"], change, {})
        refused("Conflict", bus.Users.Delete, admin["id"], "trash")
        bus.Users.Update(second["id"], {"is_active": True}, {})
        bus.Users.Update(admin["id"], {"is_active": False}, {})
        refused("Conflict", bus.Users.Delete, second["id"], "trash")
        assert bus.Sessions.Login("second", PASSWORD)


def test_two_administrators_cannot_remove_each_other_at_the_same_time(make_sandbox, needs_root):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus:
        first = bus.Users.List(role="admin")[0][0]
        second = bus.Users.Create("second", PASSWORD, role="admin")
        for _ in range(20):
            outcomes = []

            def demote(user_id, outcomes=outcomes):
                with sandbox.bus() as connection:
                    try:
                        connection.Users.Update(user_id, {"role": "user"}, {})
                        outcomes.append("ok")
                    except BusError as error:
                        outcomes.append(error.name)

            threads = [threading.Thread(target=demote, args=(user["id"],)) for user in (first, second)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(outcomes) == ["Conflict", "ok"]
            for user in (first, second):
                bus.Users.Update(user["id"], {"role": "admin"}, {})


# Deleting


def test_files_of_the_deleted_are_kept_for_the_administrator(bus, admin_token, new_user):
    boss, user = new_user(role="admin", folder=False), new_user()
    bus.upload(f"{user.folder}/letter.txt", b"Dear all", token=user.token)
    bus.Users.Delete(user.id, "keep", token=boss.token)
    refused("NotFound", bus.Users.Get, user.id, token=boss.token)
    entry = bus.Files.Stat(f"{user.folder}/letter.txt", token=boss.token)
    assert entry["owner_id"] == boss.id
    assert bus.read(f"{user.folder}/letter.txt", token=boss.token) == b"Dear all"
    assert bus.Users.Get(boss.id, token=boss.token)["used_bytes"] == 8


def test_files_of_the_deleted_go_to_the_trash_and_can_be_restored(bus, new_user):
    boss, user = new_user(role="admin", folder=False), new_user()
    bus.upload(f"{user.folder}/letter.txt", b"Dear all", token=user.token)
    bus.Users.Delete(user.id, "trash", token=boss.token)
    refused("NotFound", bus.Files.Stat, user.folder, token=boss.token)
    items = bus.Files.ListTrash(token=boss.token)
    assert [(item[1], item[6]) for item in items] == [(user.folder, boss.id)]
    bus.Files.RestoreTrash(items[0][0], token=boss.token)
    assert bus.read(f"{user.folder}/letter.txt", token=boss.token) == b"Dear all"


def test_deleting_refuses_what_makes_no_sense(bus, admin, new_user):
    user = new_user()
    refused("InvalidArgument", bus.Users.Delete, user.id, "burn", admin)
    refused("InvalidArgument", bus.Users.Delete, user.id, "", admin)
    refused("NotFound", bus.Users.Delete, 2**50, "keep", admin)
    assert bus.Sessions.WhoAmI(token=user.token)["id"] == user.id
    bus.Users.Delete(user.id, "keep", admin)
    refused("NotFound", bus.Users.Delete, user.id, "keep", admin)


def test_a_name_can_be_given_again_but_not_the_id_nor_the_token(bus, admin, new_user):
    user = new_user(folder=False)
    bus.Users.Delete(user.id, "trash", admin)
    again = bus.Users.Create(user.username, PASSWORD, admin)
    assert again["id"] > user.id
    refused("UserGone", bus.Sessions.WhoAmI, token=user.token)


def test_changes_are_in_the_audit_trail(sandbox, bus, admin, new_user):
    user = new_user(folder=False)
    bus.Users.Update(user.id, {"role": "admin", "quota_bytes": 7, "password": "something new"}, admin)
    bus.Users.Delete(user.id, "keep", admin)

    def rows(action):
        return [row for row in audit(sandbox, action) if row["target"] == user.username]

    assert [row["username"] for row in rows("user-create")] == ["admin"]
    update = rows("user-update")[0]
    assert "role to admin" in update["message"] and "password" in update["message"] and "something new" not in update["message"]
    assert rows("user-delete")[0]["result"] == 0


# The first administrator


def installed(make_sandbox, **config):
    """A service as after its installation: nobody has an account."""
    return make_sandbox(service_config={"service": {"development-mode": False}, **config}, with_bridge=False)


def setup_token(sandbox):
    tokens = re.findall(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){7}", (sandbox.log_dir / "service.log").read_text(encoding="utf-8"))
    return tokens[-1] if tokens else None


def test_the_token_of_the_journal_makes_the_first_administrator_once(make_sandbox, needs_root):
    sandbox = installed(make_sandbox)
    token = setup_token(sandbox)
    with sandbox.bus(STRANGER_UID) as bus, sandbox.bus() as watcher:
        assert bus.get_property(ROOT, "Manager", "SetupRequired") is True
        assert bus.Manager.GetHealth()["setup_required"] is True
        refused("InvalidCredentials", bus.Sessions.Login, *ADMIN)
        changes = []
        watcher.connection.signal_subscribe(
            NAME,
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            ROOT,
            f"{NAME}.Manager",
            0,
            lambda *arguments: changes.append(arguments[5].unpack()),
        )
        create = bus.Users.CreateFirstAdmin
        for wrong in ("", "guess", token[:-1], token + "0", "0000-" * 7 + "0000"):
            refused("InvalidToken", create, "boss", PASSWORD, wrong)
        refused("InvalidArgument", create, "bad name", PASSWORD, token)
        refused("InvalidArgument", create, "boss", "short", token)
        refused("InvalidArgument", create, "boss", PASSWORD, token, role="user")
        user = create("boss", PASSWORD, f" {token.upper()} ", email="boss@example.org")
        assert (user["role"], user["email"], user["is_active"]) == ("admin", "boss@example.org", True)
        refused("Conflict", create, "second", PASSWORD, token)
        refused("Conflict", create, "second", PASSWORD, "guess")
        assert bus.get_property(ROOT, "Manager", "SetupRequired") is False
        assert bus.Users.List(token=sandbox.token("boss", PASSWORD))[1] == 1
        context = GLib.MainContext.default()
        wait_until(lambda: [context.iteration(False), (f"{NAME}.Manager", {"SetupRequired": False}, []) in changes][1], "the signal")

    (sandbox.log_dir / "service.log").write_text("", encoding="utf-8")
    sandbox.restart_service()
    assert setup_token(sandbox) is None


def test_every_start_without_an_administrator_has_a_token_of_its_own(make_sandbox, needs_root):
    sandbox = installed(make_sandbox)
    first = setup_token(sandbox)
    sandbox.restart_service()
    second = setup_token(sandbox)
    assert first and second and first != second
    with sandbox.bus(STRANGER_UID) as bus:
        refused("InvalidToken", bus.Users.CreateFirstAdmin, "boss", PASSWORD, first)
        bus.Users.CreateFirstAdmin("boss", PASSWORD, second)


def test_root_needs_no_setup_token(make_sandbox, needs_root):
    sandbox = installed(make_sandbox)
    with sandbox.bus() as bus:
        assert bus.Users.CreateFirstAdmin("boss", PASSWORD, "", {"uid": 0})["uid"] == 0
        refused("Conflict", bus.Users.CreateFirstAdmin, "second", PASSWORD, "")
        assert bus.Sessions.WhoAmI()["username"] == "boss"


def test_the_bridge_can_set_up_with_the_token_only(make_sandbox, needs_root):
    sandbox = installed(make_sandbox)
    with sandbox.bus(BRIDGE_UID) as bridge:
        refused("InvalidToken", bridge.Users.CreateFirstAdmin, "boss", PASSWORD, "")
        bridge.Users.CreateFirstAdmin("boss", PASSWORD, setup_token(sandbox))


def test_guessing_the_setup_token_is_limited(make_sandbox, needs_root):
    sandbox = installed(make_sandbox, limits={"login-attempts-per-address": 3, "window-seconds": 600})
    with sandbox.bus(STRANGER_UID) as bus:
        for _ in range(3):
            refused("InvalidToken", bus.Users.CreateFirstAdmin, "boss", PASSWORD, "guess")
        wait_until(lambda: len(audit(sandbox, "user-create-first-admin")) == 3, "the audit rows")
        assert "retry after" in refused("TooManyRequests", bus.Users.CreateFirstAdmin, "boss", PASSWORD, setup_token(sandbox))
