# SPDX-License-Identifier: MIT
"""The first administrator of a new NAS is made in the app."""

import re

import pytest

from support.sandbox import STRANGER_UID

from screen import states

PASSWORD = "correct horse battery"
TOKEN = "Setup Token (from “journalctl -u baluhostd” on the NAS)"


@pytest.fixture
def sandbox(make_sandbox):
    """A NAS as after its installation: nobody has an account."""
    return make_sandbox(linked=False, service_config={"service": {"development-mode": False}})


@pytest.fixture
def guest(needs_root, start_app, sandbox):
    """The app of somebody who is not root."""
    return start_app(sandbox, uid=STRANGER_UID)


def setup_token(sandbox):
    return re.findall(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){7}", (sandbox.log_dir / "service.log").read_text(encoding="utf-8"))[-1]


def fill(app, **fields):
    names = {"token": TOKEN, "name": "User Name", "email": "E-Mail Address (optional)", "password": "Password", "repeated": "Repeat the Password"}
    for field, text in fields.items():
        app.enter(names[field], text)


def can_create(app):
    return "sensitive" in states(app.find("push button", "Create Administrator"))


def test_the_token_of_the_journal_makes_the_first_administrator_who_is_signed_in(guest, sandbox):
    guest.find("label", "Welcome to BaluHost")
    fill(guest, token=setup_token(sandbox), name="boss", email="boss@example.org", password=PASSWORD, repeated=PASSWORD)
    guest.press("Create Administrator")
    guest.find("label", "boss")
    guest.find("list item", "Users")
    token = sandbox.token("boss", PASSWORD)
    with sandbox.bus() as bus:
        user = bus.Sessions.WhoAmI(token=token)
        assert (user["role"], user["email"]) == ("admin", "boss@example.org")


def test_says_below_each_field_what_is_wrong_with_it(guest, sandbox):
    fill(guest, token="0000-1111", name="_boss", email="nobody", password="short", repeated="other")
    for problem in (
        "A user name begins with a letter (a to z) or digit.",
        "This is not an e-mail address.",
        "The password needs at least 8 characters.",
        "The passwords differ.",
    ):
        guest.find("alert", problem)
    assert not can_create(guest)
    fill(guest, name="boss", email="", password=PASSWORD, repeated=PASSWORD)
    guest.gone("alert")
    guest.press("Create Administrator")
    guest.find("alert", "This is not the setup token in the journal of the service")
    assert not can_create(guest)
    fill(guest, token=setup_token(sandbox))
    guest.gone("alert")
    guest.press("Create Administrator")
    guest.find("label", "boss")


def test_follows_what_is_set_up_elsewhere(guest, sandbox):
    fill(guest, name="slow")
    with sandbox.bus() as bus:
        bus.Users.CreateFirstAdmin("boss", PASSWORD, "")
    guest.find("label", "Who Are You?")
    guest.gone("label", "Welcome to BaluHost")
    guest.enter("User Name", "boss")
    guest.enter("Password", PASSWORD)
    guest.press("Sign In")
    guest.find("label", "boss")


def test_too_many_guesses_are_told_and_the_form_stays(needs_root, start_app, make_sandbox):
    config = {"service": {"development-mode": False}, "limits": {"login-attempts-per-address": 1, "window-seconds": 600}}
    sandbox = make_sandbox(linked=False, service_config=config)
    guest = start_app(sandbox, uid=STRANGER_UID)
    fill(guest, token="0000", name="boss", password=PASSWORD, repeated=PASSWORD)
    guest.press("Create Administrator")
    guest.find("alert", "This is not the setup token in the journal of the service")
    fill(guest, token="0001")
    guest.press("Create Administrator")
    guest.find("alert", re.compile("Too many"))
    assert guest.has("text", TOKEN)


def test_root_needs_no_token(needs_root, start_app, sandbox):
    app = start_app(sandbox)
    app.find("label", "Welcome to BaluHost")
    assert not app.has("text", TOKEN)
    fill(app, name="boss", password=PASSWORD, repeated=PASSWORD)
    app.press("Create Administrator")
    app.find("label", "boss")
    assert sandbox.token("boss", PASSWORD)
