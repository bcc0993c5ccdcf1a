# SPDX-License-Identifier: MIT
"""Files that are dragged from another program to the app and from the app to another program."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.bus import BusError

from screen import Screen

PEER = Path(__file__).with_name("peer.py")
ROOM = 1050  # where the app's window ends, and the other one begins


class Peer:
    """The other program: what can be dragged are these files."""

    def __init__(self, directory, files):
        env = os.environ | {"HOME": str(directory), "GSETTINGS_BACKEND": "memory", "GTK_A11Y": "atspi", "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo"}
        self.output = directory / "dropped"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([sys.executable, PEER, *map(str, files)], env=env, stdout=output)
        self.screen = Screen(self.process)
        self.field = self.screen.find("label", "Drag from here, drop here")
        window = self.screen.x_window(self.screen.windows()[0])["WINDOW"]
        self.screen.xdotool("windowmove", "--sync", window, ROOM, 100)

    def said(self, event):
        events = [json.loads(line) for line in self.output.read_text(encoding="utf-8").splitlines()]
        return [line[event] for line in events if event in line]

    def is_taken_from(self):
        """Whether the program below the pointer would copy what is dragged from here; it must not take it away."""
        said = self.said("selected")
        assert "move" not in said
        return bool(said) and said[-1] == "copy"

    def is_over(self):
        """Whether something is dragged over the field, and its program knows that we take it: it goes on telling us only after our answer."""
        return len(self.said("moved")) > 2

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def start_peer(tmp_path):
    started = []

    def start(*files):
        started.append(Peer(tmp_path, files))
        return started[-1]

    yield start
    for peer in started:
        peer.stop()


def is_there(bus, path):
    try:
        return bus.Files.Stat(path)
    except BusError:
        return None


def test_files_that_are_dragged_in_are_uploaded(app, bus, start_peer, tmp_path):
    source = tmp_path / "holiday.bin"
    source.write_bytes(os.urandom(100_003))
    peer = start_peer(source)
    app.drag_between(peer.screen, peer.field, app.row("Notes.txt"), is_accepted=peer.is_taken_from)
    app.row("holiday.bin")
    assert bus.read("holiday.bin") == source.read_bytes()


def test_a_folder_that_is_dragged_onto_a_folder_goes_into_it(app, bus, start_peer, tmp_path):
    folder = tmp_path / "Photos"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "one.txt").write_bytes(b"one")
    peer = start_peer(folder)
    app.drag_between(peer.screen, peer.field, app.find("label", "Demo"), is_accepted=peer.is_taken_from)
    app.wait(lambda: is_there(bus, "Demo/Photos/2026/one.txt"), "the folder on the NAS, with the file in it")
    assert bus.read("Demo/Photos/2026/one.txt") == b"one"


def test_a_file_that_is_dragged_out_arrives_with_its_content(app, bus, start_peer):
    peer = start_peer()
    app.drag_between(app, app.row("Notes.txt"), peer.field, to=peer.screen, is_accepted=peer.is_over)
    (path,) = app.wait(lambda: peer.said("dropped"), "what was dropped")[0]
    assert Path(path).name == "Notes.txt"
    assert Path(path).read_bytes() == bus.read("Notes.txt")
    assert "Notes.txt" in {entry[0] for entry in bus.Files.List("")[0]}  # a copy, the file stays
