# SPDX-License-Identifier: MIT
"""A person with their files: the same story that is told in the browser and in the shell."""

import os
import re

import pytest

from support.bus import BusError

from screen import states


def entries(bus, path=""):
    return {entry[0] for entry in bus.Files.List(path)[0]}


def content(bus, path):
    descriptor, _entry = bus.Files.Open(path)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def choose_files(app, *paths):
    """Uploads through the file chooser, which takes a path as soon as one begins to type one."""
    app.keys("ctrl+u")
    app.dialog("Upload Files")
    for path in paths:
        app.type(str(path))
        app.keys("Return")


def test_sees_the_files_of_the_nas_with_size_and_owner(app):
    assert app.rows() == ["Demo", "Notes.txt"]
    app.find("label", "2 items")
    app.open("Demo")
    app.row("Documents")
    app.open("Documents")
    app.row("welcome.txt")
    app.press("Demo")  # the path bar
    app.row("Media")
    app.keys("alt+Left")
    app.row("welcome.txt")
    app.keys("alt+Up")
    app.row("Media")


def test_opens_the_folder_of_the_command_line(start_app, sandbox):
    start_app(sandbox, "Demo/Documents").row("welcome.txt")


def test_creates_a_folder(app, bus):
    app.keys("ctrl+shift+n")
    dialog = app.dialog("New Folder")
    app.enter("Name", "Photos 2026", dialog)
    app.keys("Return")
    app.row("Photos 2026")
    assert bus.Files.Stat("Photos 2026")["type"] == "directory"


def test_says_at_once_what_is_wrong_with_a_name(app):
    app.keys("ctrl+shift+n")
    dialog = app.dialog("New Folder")
    app.enter("Name", "a/b", dialog)
    app.find("alert", "A name cannot contain “/”.", dialog)
    app.enter("Name", "..", dialog)
    app.find("alert", "This name has a special meaning.", dialog)


def test_says_why_the_service_refuses(app):
    app.keys("ctrl+shift+n")
    app.enter("Name", "Demo", app.dialog("New Folder"))
    app.keys("Return")
    app.toast(re.compile("exist", re.IGNORECASE))


def test_uploads_a_file_byte_for_byte(app, bus, tmp_path):
    source = tmp_path / "holiday.bin"
    source.write_bytes(os.urandom(3_000_017))
    choose_files(app, source)
    app.row("holiday.bin")
    assert content(bus, "holiday.bin") == source.read_bytes()
    assert bus.Files.Stat("holiday.bin")["modified_usec"] == source.stat().st_mtime_ns // 1000


@pytest.mark.parametrize(("answer", "expected"), [("Replace", {"a.txt": b"new"}), ("Keep Both", {"a.txt": b"old", "a (2).txt": b"new"}), ("Skip", {"a.txt": b"old"})])
def test_asks_when_a_name_is_taken(app, bus, tmp_path, answer, expected):
    source = tmp_path / "a.txt"
    source.write_bytes(b"old")
    choose_files(app, source)
    app.row("a.txt")
    source.write_bytes(b"new")
    choose_files(app, source)
    dialog = app.dialog("Replace the File?")
    app.press(answer, dialog)
    app.gone("label", "Replace the File?")
    app.wait(lambda: {name: content(bus, name) for name in entries(bus) if name.startswith("a")} == expected, f"{expected} on the NAS")


def test_renames_and_takes_it_back(app, bus):
    app.select("Notes.txt")
    app.keys("F2")
    dialog = app.dialog("Rename File")
    app.enter("Name", "Ideas.txt", dialog)
    app.keys("Return")
    app.row("Ideas.txt")
    assert entries(bus) == {"Demo", "Ideas.txt"}
    app.toast("Renamed to “Ideas.txt”")
    app.keys("ctrl+z")
    app.row("Notes.txt")
    assert entries(bus) == {"Demo", "Notes.txt"}


def test_moves_into_a_folder(app, bus):
    app.select("Notes.txt")
    app.press("Move to…")
    dialog = app.dialog("Move To")
    app.click(app.find("list item", "Demo", dialog))
    app.find("push button", "Demo", dialog)
    app.press("Move Here", dialog)
    app.toast("“Notes.txt” moved")
    assert "Notes.txt" in entries(bus, "Demo")
    app.press("Undo")
    app.row("Notes.txt")
    assert "Notes.txt" in entries(bus)


def test_moves_by_drag_and_drop(app, bus):
    app.drag(app.row("Notes.txt"), app.row("Demo"))
    app.toast("“Notes.txt” moved")
    assert "Notes.txt" in entries(bus, "Demo")
    app.gone("table row", "Notes.txt")


def test_copies_with_a_name_of_its_own(app, bus):
    app.select("Notes.txt")
    app.press("Copy to…")
    app.press("Copy Here", app.dialog("Copy To"))
    app.row("Notes (2).txt")
    assert content(bus, "Notes (2).txt") == content(bus, "Notes.txt")


def test_deletes_and_brings_back_from_the_toast(app, bus):
    app.select("Demo")
    app.keys("Delete")
    app.toast("“Demo” moved to the trash")
    assert entries(bus) == {"Notes.txt"}
    app.press("Undo")
    app.row("Demo")
    assert entries(bus, "Demo") == {"Documents", "Media"}


def test_restores_from_the_trash_page(app, bus):
    app.select("Notes.txt")
    app.keys("Delete")
    app.gone("table row", "Notes.txt")
    app.show_page("Trash")
    app.find("label", "Notes.txt")
    app.press("Restore")
    app.find("panel", "The Trash Is Empty")
    assert "Notes.txt" in entries(bus)


def test_empties_the_trash_only_when_it_is_confirmed(app, bus):
    app.select("Notes.txt")
    app.keys("Delete")
    app.gone("table row", "Notes.txt")
    app.show_page("Trash")
    app.press("Empty…")
    app.press("Cancel", app.dialog("Empty the Trash?"))
    app.gone("label", "Empty the Trash?")
    assert len(bus.Files.ListTrash()) == 1
    app.press("Empty…")
    app.press("Delete", app.dialog("Empty the Trash?"))
    app.find("panel", "The Trash Is Empty")
    assert bus.Files.ListTrash() == []


def test_opens_a_read_only_copy_with_the_default_application(start_app, sandbox, bus, tmp_path):
    # A default application that says what it was given.
    data = tmp_path / "home" / "data" / "applications"
    data.mkdir(parents=True, exist_ok=True)
    seen = tmp_path / "seen"
    viewer = tmp_path / "viewer"
    viewer.write_text(f'#!/bin/sh\nstat -c %a "$1" > {seen}.mode\ncat "$1" > {seen}.part\nmv {seen}.part {seen}\n')
    viewer.chmod(0o755)
    (data / "viewer.desktop").write_text(f"[Desktop Entry]\nType=Application\nName=Viewer\nExec={viewer} %f\nMimeType=text/plain;\n")
    (data / "mimeapps.list").write_text("[Default Applications]\ntext/plain=viewer.desktop\n")
    app = start_app(sandbox)
    app.open("Notes.txt")
    app.wait(seen.exists, "the viewer")
    assert seen.read_bytes() == content(bus, "Notes.txt")
    assert (tmp_path / "seen.mode").read_text().strip() == "400"


def test_shows_what_others_change(app, bus):
    bus.Files.CreateFolder("From Elsewhere")
    app.row("From Elsewhere")
    bus.Files.Delete("From Elsewhere")
    app.gone("table row", "From Elsewhere")


def test_finds_in_a_folder(app):
    app.keys("ctrl+f")
    app.enter("Find in this folder", "note")
    app.wait(lambda: app.rows() == ["Notes.txt"], "only the file that was looked for")
    app.enter("Find in this folder", "nothing like that")
    app.find("panel", "Nothing Found")


def test_what_one_may_not_change_cannot_be_deleted(app, sandbox, bus):
    sign_in(app, "alex", "demo123")
    app.select("Notes.txt")  # nobody's
    assert "sensitive" not in states_of(app, "Move to the trash")
    app.wait(lambda: "sensitive" in states_of(app, "Download"), "downloading to be possible")
    with pytest.raises(BusError):
        bus.Files.Delete("Notes.txt", token=sandbox.token("alex", "demo123"))


def states_of(app, button):
    return states(app.find("push button", button))


def sign_in(app, username, password):
    app.activate("win.sign-in")
    app.enter("User Name", username)
    app.enter("Password", password)
    app.press("Sign In")
    app.find("label", username)  # in the sidebar
