# SPDX-License-Identifier: MIT
"""An administrator and the accounts."""

import re

import pytest

from support.bus import BusError

PASSWORD = "correct horse battery"


def account(bus, username):
    return next((user for user in bus.Users.List()[0] if user["username"] == username), None)


@pytest.fixture
def users(app):
    app.show_page("Users")
    app.row("alex")
    return app


def test_lists_and_finds(users):
    users.find("label", "3 users, 3 active")
    users.keys("ctrl+f")
    users.enter("Find a user", "mar")
    users.gone("list item", "alex")
    users.row("maria")


def test_creates(users, bus):
    users.press("New user")
    dialog = users.dialog("New User")
    users.enter("User Name", "nora", dialog)
    users.enter("E-Mail Address", "nora@example.org", dialog)
    users.enter("Password", "short", dialog)
    users.find("alert", "The password needs at least 8 characters.", dialog)
    users.enter("Password", PASSWORD, dialog)
    users.press("Create", dialog)
    users.row("nora")
    assert account(bus, "nora")["email"] == "nora@example.org"
    assert account(bus, "nora")["role"] == "user"


def test_says_in_the_dialog_why_the_service_refuses(users, bus):
    users.press("New user")
    dialog = users.dialog("New User")
    users.enter("User Name", "alex", dialog)
    users.enter("Password", PASSWORD, dialog)
    users.press("Create", dialog)
    users.find("alert", re.compile("exists", re.IGNORECASE), dialog)
    assert len(bus.Users.List()[0]) == 3


def test_changes_only_what_was_changed(users, bus):
    before = account(bus, "alex")
    users.click(users.row("alex"))
    dialog = users.dialog("alex")
    users.enter("E-Mail Address", "alex@example.org", dialog)
    users.tick("Active", dialog)
    users.press("Save", dialog)
    users.find("label", "3 users, 2 active")
    after = account(bus, "alex")
    assert after["is_active"] is False
    assert after["email"] == "alex@example.org"
    assert {key: after[key] for key in ("role", "quota_bytes", "uid", "username")} == {key: before[key] for key in ("role", "quota_bytes", "uid", "username")}


def test_links_a_user_of_this_computer(users, bus):
    users.click(users.row("alex"))
    dialog = users.dialog("alex")
    users.enter("Linked User of This Computer", "no-such-user-here", dialog)
    users.find("alert", "This computer has no such user.", dialog)
    users.enter("Linked User of This Computer", "games", dialog)
    users.press("Save", dialog)
    users.gone("push button", "Save")
    assert account(bus, "alex")["uid"] == 5


@pytest.mark.parametrize(("choice", "in_root"), [("Keep the files, for an administrator", True), ("Move the files to the trash", False)])
def test_deletes_and_asks_for_the_files(users, sandbox, bus, choice, in_root):
    bus.Files.CreateFolder("Of Alex", token=sandbox.token("alex", "demo123"))
    users.click(users.row("alex"))
    users.press("Delete User…", users.dialog("alex"))
    question = users.dialog("Delete the User “alex”?")
    users.tick(choice, question)
    users.press("Delete User", question)
    users.gone("list item", "alex")
    assert account(bus, "alex") is None
    assert ("Of Alex" in {entry[0] for entry in bus.Files.List("")[0]}) is in_root


def test_the_last_administrator_stays(users, bus):
    users.click(users.row("admin"))
    dialog = users.dialog("admin")
    users.tick("Administrator", dialog)
    users.press("Save", dialog)
    users.find("alert", None, dialog)
    assert account(bus, "admin")["role"] == "admin"
    with pytest.raises(BusError):
        bus.Users.Update(account(bus, "admin")["id"], {"role": "user"}, {})
