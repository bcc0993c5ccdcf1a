# SPDX-License-Identifier: MIT
"""The service comes and goes; the app says so and finds back."""

import re

from support.sandbox import ADMIN


def test_says_that_the_service_is_absent_and_finds_it_when_it_comes(app, sandbox):
    sandbox.stop_service()
    app.find("label", "The NAS Service Is Not Running")
    app.find("push button", "Start the Service")
    app.gone("table row", "Notes.txt")
    sandbox.start_service()
    app.row("Notes.txt")


def test_survives_a_crash_of_the_service_and_keeps_its_place(app, sandbox):
    app.open("Demo")
    app.row("Documents")
    sandbox.kill_service()
    app.find("label", "The NAS Service Is Not Running")
    sandbox.start_service()
    app.row("Documents")


def test_starts_the_service_on_request(start_app, make_sandbox):
    sandbox = make_sandbox(activatable=True)
    sandbox.stop_service()
    app = start_app(sandbox)
    app.press("Start the Service")
    app.row("Notes.txt")


def test_says_why_the_service_cannot_be_started(start_app, sandbox):
    sandbox.stop_service()
    app = start_app(sandbox)
    app.press("Start the Service")
    # The sandbox's bus has no activation file: the bus says so in its own words, below ours.
    app.find("label", re.compile("Your files are safe.*org.baluhost.NAS1", re.DOTALL))
    app.find("push button", "Start the Service")


def test_says_that_there_is_no_bus(start_app, sandbox):
    app = start_app(sandbox, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent/bus")
    app.find("label", "No System Bus")
    app.press("Try Again")
    app.find("label", "No System Bus")


def test_signs_in_with_an_account_and_out_again(app, sandbox, bus):
    app.activate("win.sign-in")
    app.find("push button", "Cancel")
    app.enter("User Name", "maria")
    app.enter("Password", "not this one")
    app.press("Sign In")
    app.find("alert", "Invalid credentials")
    app.enter("Password", "demo123")
    app.press("Sign In")
    app.find("label", "maria")
    app.row("Notes.txt")
    assert not app.has("list item", "Users")  # an account's token says all: no polkit
    app.activate("win.sign-out")
    app.find("label", "admin")
    app.find("list item", "Users")


def test_an_ended_session_leads_back_to_signing_in(app, sandbox, bus):
    app.activate("win.sign-in")
    app.enter("User Name", "maria")
    app.enter("Password", "demo123")
    app.press("Sign In")
    app.find("label", "maria")
    token = sandbox.token(*ADMIN)
    account = next(user for user in bus.Users.List(token=token)[0] if user["username"] == "maria")
    bus.Users.Update(account["id"], {"is_active": False}, {"auth.token": token})
    app.keys("F5")
    app.find("alert", "Your session has ended. Sign in again.")


def test_a_session_is_renewed_before_it_expires(start_app, make_sandbox):
    sandbox = make_sandbox(service_config={"sessions": {"access-lifetime-with-refresh": 4}})
    app = start_app(sandbox)
    app.row("Notes.txt")
    app.activate("win.sign-in")
    app.enter("User Name", "maria")
    app.enter("Password", "demo123")
    app.press("Sign In")
    app.find("label", "maria")
    token = sandbox.token("maria", "demo123")
    with sandbox.bus() as bus:

        def first_end():
            return min(session["expires_usec"] for session in bus.Sessions.List(token=token) if not session["is_current"])

        before = first_end()
        app.wait(lambda: first_end() > before, "a renewed session")
    app.keys("F5")
    app.find("label", "2 items")
    app.find("label", "maria")
