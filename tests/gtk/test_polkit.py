# SPDX-License-Identifier: MIT
"""A Unix user who is no administrator, and polkit's own prompt: the real polkitd asks the authentication agent of the desktop."""

import re

import pytest

from support.sandbox import STRANGER_UID

from polkit_agent import PASSWORD, Agent

USER_MANAGE = "org.baluhost.nas1.user-manage"
ARRAY_REPAIR = "org.baluhost.nas1.array-repair"
FILES_MANAGE = "org.baluhost.nas1.files-manage"


@pytest.fixture
def sandbox(needs_root, make_sandbox):
    made = make_sandbox(linked=False)
    if not made.has_real_polkit:
        pytest.skip("polkitd cannot run here")
    return made


@pytest.fixture
def start_desktop(start_app, sandbox, tmp_path):
    """The app and the authentication agent of the same Unix user: start_desktop(answer) → Screen, Agent."""
    agents = []

    def start(answer=None):
        app = start_app(sandbox, uid=STRANGER_UID)
        agents.append(Agent(sandbox, app.process, STRANGER_UID, tmp_path, answer))
        return app, agents[-1]

    yield start
    for agent in agents:
        agent.close()


@pytest.fixture
def linked(sandbox):
    """The Unix user has the account of alex, who is no administrator."""
    sandbox.link_user(STRANGER_UID, "alex", sandbox.token("admin", "changeme"))


def test_a_dismissed_prompt_is_a_clear_refusal_and_the_next_try_asks_again(start_desktop, linked):
    app, agent = start_desktop()
    app.row("Notes.txt")
    assert agent.asked == []  # one's own files need no administrator
    app.show_page("Users")
    app.find("panel", "The Users Cannot Be Shown")
    app.find("label", re.compile("is not permitted to do this$"))
    assert len(agent.asked) == 1
    assert agent.asked[0]["action"] == USER_MANAGE
    assert agent.asked[0]["message"] == "Authentication is required to manage the accounts of the NAS"
    assert agent.asked[0]["details"]["polkit.subject-pid"] == str(app.process.pid)
    assert agent.asked[0]["identities"] == [("unix-user", {"uid": 0})]
    assert not app.has("list item", "maria")

    agent.answer = PASSWORD
    app.keys("F5")
    app.row("maria")
    assert len(agent.asked) == 2
    assert "SUCCESS" in agent.asked[1]["said"]


def test_a_wrong_password_opens_nothing(start_desktop, linked):
    app, agent = start_desktop("a guess")
    app.row("Notes.txt")
    app.show_page("Users")
    app.find("panel", "The Users Cannot Be Shown")
    app.find("label", re.compile("is not permitted to do this$"))
    assert "FAILURE" in agent.asked[0]["said"]
    assert not app.has("list item", "maria")


def test_who_has_no_account_may_continue_as_administrator_by_password(start_desktop):
    app, agent = start_desktop()
    app.press("Continue as This Computer’s Administrator")
    app.find("alert", "The Unix user nobody is not permitted to do this")
    assert [question["action"] for question in agent.asked] == [FILES_MANAGE]
    agent.answer = PASSWORD
    app.press("Continue as This Computer’s Administrator")
    app.row("Notes.txt")
    assert [question["action"] for question in agent.asked] == [FILES_MANAGE] * 2


def test_a_repair_is_refused_without_the_password_of_an_administrator_and_asks_again(start_desktop, linked, sandbox):
    app, agent = start_desktop()
    app.row("Notes.txt")
    with sandbox.disks() as disks:
        disks.Fail("sdb")
    app.show_page("Storage")
    app.find("list item", "md0, Degraded")
    assert agent.asked == []  # to look needs no administrator
    app.press("Repair…")
    dialog = app.dialog("Repair Array")
    app.find("panel", "This Cannot Be Done", dialog)
    assert [question["action"] for question in agent.asked] == [ARRAY_REPAIR]

    agent.answer = PASSWORD
    app.press("Try Again", dialog)
    app.find("label", "Failed: take it out", dialog)
    assert [question["action"] for question in agent.asked] == [ARRAY_REPAIR, ARRAY_REPAIR]
