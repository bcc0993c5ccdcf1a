# SPDX-License-Identifier: MIT
"""Whoever cannot see the screen, or has no mouse, or a narrow screen."""

import re

import pytest

from screen import CLASS_NAME, extents, is_shown, name, nodes, role, states

# What one does something with. A widget without a name of its own is called after its class.
CONTROLS = {"push button", "toggle button", "check box", "radio button", "text", "entry", "password text", "spin button", "switch", "table row", "list item", "menu item", "combo box"}


def nameless(app):
    """Shown controls that a screen reader could not tell apart."""
    found = []
    for window in app.windows():
        for node in nodes(window):
            if role(node) in CONTROLS and is_shown(node) and (not name(node).strip() or CLASS_NAME.match(name(node))):
                parent = node.get_parent()
                found.append(f"{role(node)} {name(node)!r} in {role(parent)} {name(parent)!r}")
    return found


def open_files(app):
    app.select("Notes.txt")


def open_new_folder(app):
    app.keys("ctrl+shift+n")
    app.dialog("New Folder")


def open_move(app):
    app.select("Notes.txt")
    app.press("Move to…")
    app.find("list item", "Demo", app.dialog("Move To"))


def open_search(app):
    app.keys("ctrl+f")
    app.find("entry", "Find in this folder")


def open_toast(app):
    app.select("Notes.txt")
    app.keys("Delete")
    app.toast("“Notes.txt” moved to the trash")


def open_trash(app):
    open_toast(app)
    app.show_page("Trash")
    app.find("label", "Notes.txt")


def open_users(app):
    app.show_page("Users")
    app.row("alex")


def open_editor(app):
    open_users(app)
    app.click(app.row("alex"))
    app.dialog("alex")


def open_delete_user(app):
    open_editor(app)
    app.press("Delete User…")
    app.dialog("Delete the User “alex”?")


def open_storage(app):
    app.show_page("Storage")
    app.row("md0, Optimal")


def open_what_if(app):
    open_storage(app)
    app.press("What If a Disk Dies?")
    app.find("status bar", re.compile("^Choose a disk above"))
    app.click(app.find("list item", re.compile("^sda · ")))
    app.find("label", "Still available")


def open_disk(app):
    open_storage(app)
    app.click(app.find("list item", re.compile("^sdc · ")))
    app.enter("Bay", "Bay 3", app.dialog("sdc"))
    app.find("push button", "Apply")


def open_new_array(app):
    open_storage(app)
    app.keys("ctrl+n")
    dialog = app.dialog("New Array")
    app.tick(re.compile("^sdc · "), dialog)
    app.tick(re.compile("^sdd · "), dialog)


def open_levels(app):
    open_new_array(app)
    app.press("Next")
    app.find("check box", re.compile("^RAID 1,"))


def open_plan(app):
    open_levels(app)
    app.tick(re.compile("^RAID 1,"))
    app.press("Next")
    app.find("push button", re.compile("Create Array"))


def open_members(app):
    open_storage(app)
    app.choose("What to do with md0", re.compile("Take out Disk"))
    app.find("check box", re.compile("^sda · "), app.dialog("Take a Disk out of “md0”"))


def open_sign_in(app):
    app.activate("win.sign-in")
    app.find("label", "Who Are You?")


def open_transfers(app):
    app.select("Notes.txt")
    app.press("Copy to…")
    app.press("Copy Here", app.dialog("Copy To"))
    app.row("Notes (2).txt")
    app.press("Transfers")
    app.find("label", "Copying “Notes.txt”")


def open_shortcuts(app):
    app.keys("ctrl+question")
    app.find("label", "Undo the last change")


PLACES = [
    open_files,
    open_new_folder,
    open_move,
    open_search,
    open_toast,
    open_trash,
    open_users,
    open_editor,
    open_delete_user,
    open_storage,
    open_what_if,
    open_disk,
    open_new_array,
    open_levels,
    open_plan,
    open_members,
    open_sign_in,
    open_transfers,
    open_shortcuts,
]


@pytest.mark.parametrize("go", PLACES, ids=[place.__name__.removeprefix("open_") for place in PLACES])
def test_every_control_has_a_name(app, go):
    go(app)
    assert nameless(app) == []


def test_everything_in_a_folder_can_be_done_by_keyboard(app, bus):
    app.keys("Down")  # the list has the focus from the beginning
    app.keys("Home", "Return")  # Demo
    app.row("Documents")
    app.keys("BackSpace")
    app.row("Notes.txt")
    app.keys("ctrl+a")
    app.find("label", "2 selected")
    app.keys("Delete")
    app.find("panel", "This Folder Is Empty")
    app.keys("ctrl+z")
    app.row("Notes.txt")
    assert {entry[0] for entry in bus.Files.List("")[0]} == {"Demo", "Notes.txt"}


def test_the_keyboard_goes_with_the_page(app):
    app.click(app.row("Trash"))
    app.find("panel", "The Trash Is Empty")
    app.show_page("Files")
    app.keys("ctrl+a")
    app.find("label", "2 selected")


def test_the_menu_of_a_file_opens_by_keyboard(app):
    app.select("Notes.txt")
    app.keys("shift+F10")
    app.find("menu item", re.compile("Rename"))
    app.keys("Escape")


PHONE = (360, 640)


def sticking_out(app):
    """Controls that are cut off by the edge of the window."""
    inner = extents(app.windows()[0])
    found = [] if (inner.width, inner.height) == PHONE else [f"the window is {inner.width} by {inner.height}"]
    for node in nodes(app.windows()[0]):
        if role(node) in CONTROLS and is_shown(node) and "focusable" in states(node):
            area = extents(node)
            if area.x < 0 or area.x + area.width > PHONE[0]:
                found.append(f"{role(node)} {name(node)!r} from {area.x} to {area.x + area.width}")
    return found


def fits(app, what):
    """Waits for the layout, which comes with the next frame."""
    app.wait(lambda: not sticking_out(app), f"all of {what} inside the window", lambda: "; but outside: " + "; ".join(sticking_out(app)))


def test_every_control_has_a_name_when_a_disk_has_failed(app, sandbox):
    with sandbox.disks() as disks:
        disks.Fail("sdb")
    app.show_page("Storage")
    app.find("alert")
    app.find("push button", "Repair…")
    assert nameless(app) == []


@pytest.mark.parametrize("page", ["Files", "Trash", "Storage", "Users"])
def test_fits_a_phone(app, sandbox, page):
    with sandbox.disks() as disks:
        disks.Fail("sdb")
    app.find("alert")
    app.select("Notes.txt")
    app.keys("Delete")  # so that there is something in the trash
    app.gone("table row", "Notes.txt")
    app.resize(*PHONE)
    app.show_page(page)
    app.find("push button", "Show pages")
    app.gone("label", "Owner")
    fits(app, f"the page {page}")
    assert not app.has("list", "Pages")  # what is folded away is nothing to read aloud
    app.press("Show pages")
    app.find("list", "Pages")
    fits(app, "the pages")
    assert not app.has("push button", "Show pages")
