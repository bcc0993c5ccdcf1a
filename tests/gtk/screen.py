# SPDX-License-Identifier: MIT
"""The desktop app as assistive technology sees it: widgets by role and name, on a display and a session bus that the test runner brings.

Buttons are pressed and text is set through AT-SPI; what GTK 4.8 does not offer there (rows of lists, shortcuts) goes through the keyboard and the
mouse, as X events. Nothing sleeps: everything waits for what it needs to see.
"""

import re
import subprocess

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

from support.process import wait_until  # noqa: E402

TIMEOUT = 20.0

MAIN_WINDOW = "BaluHost"

# How a widget without a name of its own announces itself.
CLASS_NAME = re.compile(r"^(Gtk|Adw|Bh)[A-Z]")


def nodes(node):
    """A node and all below it; those that vanish meanwhile are left out."""
    try:
        count = node.get_child_count()
    except GLib.Error:
        return
    yield node
    for index in range(count):
        try:
            child = node.get_child_at_index(index)
        except GLib.Error:
            return
        if child is not None:
            yield from nodes(child)


def extents(node):
    """Place and size in its window."""
    try:
        return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
    except GLib.Error:
        return Atspi.Rect()


def is_shown(node):
    area = extents(node)
    return area.width > 0 and area.height > 0


def role(node):
    return node.get_role_name()


def name(node):
    return node.get_name() or ""


def states(node):
    return {state.value_nick for state in node.get_state_set().get_states()}


def describe(node, depth=0):
    """The tree below a node, for the message of a test that failed."""
    try:
        lines = [f"{'  ' * depth}{role(node)} {name(node)!r}"]
        for index in range(node.get_child_count()):
            child = node.get_child_at_index(index)
            if child is not None and (is_shown(child) or child.get_role() == Atspi.Role.PANEL):
                lines += describe(child, depth + 1)
        return lines
    except GLib.Error:
        return []


def xdotool_says(*words):
    """What xdotool finds out; nothing when there is no such window, or no longer."""
    return subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, timeout=30, check=False).stdout


class Screen:
    """The windows of one process."""

    def __init__(self, process):
        self.process = process
        self.n_clicks = 0

    def check(self):
        status = self.process.poll()
        assert status is None, f"the app has ended with status {status}"

    def wait(self, look, what, said=lambda: ""):
        """Waits until look() returns something true. said() is what the error adds to what is on screen."""

        def safe_look():
            try:
                return look()
            except GLib.Error:
                return None  # a widget went away while we looked

        return wait_until(safe_look, what, TIMEOUT, self.check, lambda: f"{said()}; on screen:\n" + "\n".join(self.describe()))

    def describe(self):
        application = self.application()
        return describe(application) if application else ["nothing"]

    def application(self):
        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            application = desktop.get_child_at_index(index)
            if application is not None and application.get_process_id() == self.process.pid:
                return application
        return None

    def windows(self):
        application = self.application()
        count = application.get_child_count() if application else 0
        return [window for window in (application.get_child_at_index(index) for index in range(count)) if window is not None]

    def all(self, wanted_role=None, wanted_name=None, within=None):
        """What is shown of a role and a name (a string or a compiled pattern), in all windows or below a node."""
        found = []
        for root in [within] if within is not None else self.windows():
            for node in nodes(root):
                try:
                    if wanted_role and role(node) != wanted_role:
                        continue
                    if isinstance(wanted_name, re.Pattern) and not wanted_name.search(name(node)):
                        continue
                    if isinstance(wanted_name, str) and name(node) != wanted_name:
                        continue
                    if is_shown(node):
                        found.append(node)
                except GLib.Error:
                    continue
        return found

    def has(self, wanted_role=None, wanted_name=None, within=None):
        return bool(self.all(wanted_role, wanted_name, within))

    def find(self, wanted_role=None, wanted_name=None, within=None):
        """Waits for something and returns it."""
        what = f"{wanted_role or 'something'} {getattr(wanted_name, 'pattern', wanted_name)!r}"
        return self.wait(lambda: self.all(wanted_role, wanted_name, within), what)[0]

    def gone(self, wanted_role=None, wanted_name=None):
        self.wait(lambda: not self.has(wanted_role, wanted_name), f"no {wanted_role} {wanted_name!r} any more")

    def press(self, wanted_name, within=None, wanted_role="push button"):
        """Presses a button as soon as it can be pressed. One with an access key is called "_Delete Delete" here."""
        pattern = re.compile(rf"(^|\s){re.escape(wanted_name)}$")

        def ready():
            for button in self.all(wanted_role, pattern, within):
                if "sensitive" in states(button) and Atspi.Action.get_n_actions(button) > 0:
                    return button
            return None

        button = self.wait(ready, f"a button {wanted_name!r} that can be pressed")
        Atspi.Action.do_action(button, 0)

    def choose(self, menu, item):
        """Opens the menu of a button and chooses the entry that matches a pattern, by keyboard."""

        def at():
            return next((name(found) for found in self.all("menu item") if "focused" in states(found)), None)

        self.press(menu)
        self.find("menu item", item)
        for _ in range(len(self.all("menu item")) + 1):
            before = at()
            if before and item.search(before):
                break
            self.keys("Down")
            self.wait(lambda before=before: at() != before, "the next entry of the menu")
        self.keys("Return")

    def tick(self, wanted_name, within=None):
        """Clicks a check box, radio button or switch; not all of them can be pressed through AT-SPI."""
        self.click(self.find("check box", wanted_name, within))

    def dialog(self, title=None):
        """Waits for a dialog, by what is written in it."""

        def look():
            for window in self.windows():
                if name(window) != MAIN_WINDOW and (title is None or name(window) == title or self.has("label", title, window)):
                    return window
            return None

        return self.wait(look, f"a dialog {title!r}")

    def enter(self, field, text, within=None):
        """Replaces the text of an entry."""
        entry = self.wait(lambda: self.all("text", field, within) or self.all("entry", field, within), f"an entry {field!r}")[0]
        assert Atspi.EditableText.set_text_contents(entry, text)

    def activate(self, action):
        """Does something that menus offer, by the name of its action."""
        frame = next(window for window in self.windows() if name(window) == MAIN_WINDOW)

        def look():
            names = [Atspi.Action.get_action_name(frame, index) for index in range(Atspi.Action.get_n_actions(frame))]
            return names.index(action) + 1 if action in names else None

        Atspi.Action.do_action(frame, self.wait(look, f"the action {action}") - 1)

    # Keyboard and mouse

    def xdotool(self, *words):
        subprocess.run(["xdotool", *map(str, words)], check=True, capture_output=True, timeout=30)

    def wait_for_keyboard(self):
        """Waits until keys arrive where a person would expect them: in a dialog as long as there is one. Before that they are lost."""

        def look():
            shown = [window for window in self.windows() if is_shown(window)]
            dialogs = [window for window in shown if name(window) != MAIN_WINDOW]
            outer = [str(found["WINDOW"]) for found in map(self.x_window_now, dialogs or shown) if found]
            if xdotool_says("getwindowfocus").strip() not in outer:
                if outer:
                    # There is no window manager that would give the keyboard back when a dialog is closed.
                    xdotool_says("windowfocus", outer[-1])
                return False
            # Only the main window tells assistive technology that it is active.
            return dialogs or any("active" in states(window) for window in shown)

        self.wait(look, "a window that has the keyboard")

    def keys(self, *chords):
        for chord in chords:
            self.wait_for_keyboard()
            self.xdotool("key", chord)

    def type(self, text):
        self.wait_for_keyboard()
        self.xdotool("type", "--delay", "5", text)

    def point(self, node):
        """The middle of a widget, on the display."""
        frame = node
        while frame.get_parent() != self.application():
            frame = frame.get_parent()
        outer = self.x_window(frame)
        inner, area = extents(frame), extents(node)
        return (
            outer["X"] + (outer["WIDTH"] - inner.width) // 2 + area.x + area.width // 2,
            outer["Y"] + (outer["HEIGHT"] - inner.height) // 2 + area.y + area.height // 2,
        )

    def x_window(self, window):
        """Waits for the X window with the widgets of a window."""
        return self.wait(lambda: self.x_window_now(window), f"the window {name(window)!r} on the display")

    def x_window_now(self, window):
        """The X window of a window, None: there is none yet. The frame that GTK draws belongs to the X window and not to the widgets."""
        size = extents(window)
        for number in xdotool_says("search", "--onlyvisible", "--pid", self.process.pid).split():
            values = {key: int(value) for key, value in (line.split("=") for line in xdotool_says("getwindowgeometry", "--shell", number).split())}
            if values and 0 <= values["WIDTH"] - size.width <= 100 and 0 <= values["HEIGHT"] - size.height <= 100:
                return values
        return None

    def resize(self, width, height):
        """Makes the widgets of the main window that large."""

        window = self.windows()[0]
        outer = self.x_window(window)
        inner = extents(window)
        frame = (outer["WIDTH"] - inner.width, outer["HEIGHT"] - inner.height)

        def try_it():
            # Again until it has come to rest: folding is animated, and asks for more room on the way.
            self.xdotool("windowsize", outer["WINDOW"], width + frame[0], height + frame[1])
            area = extents(self.windows()[0])
            return (area.width, area.height) == (width, height)

        self.wait(try_it, f"a window of {width} by {height}")

    def click(self, node, *, button=1, times=1):
        x, y = self.point(node)
        # The time between the clicks of a double click is long, see conftest.py. What tells apart those that are not meant as one is their place.
        self.n_clicks += 1
        room = max(extents(node).width // 2 - 2, 0)
        x += min(max((self.n_clicks % 5 - 2) * 8, -room), room)
        self.xdotool("mousemove", x, y, "click", "--repeat", times, "--delay", 60, button)

    def drag(self, node, target):
        """Drags one widget onto another."""
        self.drag_between(self, node, target)

    def drag_between(self, source, node, target, to=None, is_accepted=lambda: True):
        """Drags a widget of the screen source onto one of the screen to, or of this one, and drops it there once it is accepted."""
        x, y = source.point(node)
        to_x, to_y = (to or self).point(target)
        before = source.x_windows()
        rounds = iter(range(1000))
        self.xdotool("mousemove", x, y, "mousedown", 1)
        # A drag begins after some way, and a target must be entered before it is dropped on.
        for step in range(1, 11):
            self.xdotool("mousemove", x + (to_x - x) * step // 10, y + (to_y - y) * step // 10)

        def hover():
            self.xdotool("mousemove", to_x + 2, to_y + 2, "mousemove", to_x, to_y)
            # What is dragged has a window of its own, below the pointer. What is let go before the app has answered the first motion over its target is given up.
            return source.x_windows() - before and is_accepted() and next(rounds) >= 5

        self.wait(hover, "somebody who takes what is dragged")
        self.xdotool("mousemove", to_x + 2, to_y + 2, "mousemove", to_x, to_y, "mouseup", 1)

    def x_windows(self):
        """The numbers of all X windows of the process that are shown."""
        return set(xdotool_says("search", "--onlyvisible", "--pid", self.process.pid).split())

    # What the app is made of

    def row(self, text):
        """Waits for the row of a list that has this name."""

        def look():
            return self.all("table row", text) or self.all("list item", text)

        return self.wait(look, f"a row {text!r}")[0]

    def rows(self):
        return [name(row) for row in self.all("table row") if name(row) != "Column titles"]

    def select(self, text):
        """Selects a file by a click, and waits until the page knows."""
        self.click(self.row(text))
        self.find("label", "1 selected")

    def open(self, text):
        """Opens a file or folder by a double click."""
        self.click(self.row(text), times=2)

    def show_page(self, text):
        self.keys({"Files": "alt+1", "Trash": "alt+2", "Storage": "alt+3", "Users": "alt+4"}[text])
        self.wait(lambda: self.is_page(text), f"the page {text}")

    def is_page(self, text):
        """Whether that page is the one shown. Others are hidden, and so is the list of pages when it is folded away."""
        return any(role(node) == "panel" and name(node) == text for node in nodes(self.windows()[0]))

    def toast(self, text):
        """Waits for a toast that says this."""
        return self.find("label", text)
