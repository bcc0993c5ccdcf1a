#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Another program of the desktop, for dragging files to and from.

usage: peer.py FILE...

Its window is one field: what is dragged out of it are the files of the command line. It writes lines of JSON: {"selected": action} when the program below
the pointer says what it would do with what is dragged; {"moved": true} when something is dragged over the field; {"dropped": [path, ...]}.
"""

import json
import sys

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, Gtk  # noqa: E402


def say(**event):
    print(json.dumps(event), flush=True)


def on_prepare(_source, _x, _y):
    files = [Gio.File.new_for_commandline_arg(path) for path in sys.argv[1:]]
    return Gdk.ContentProvider.new_for_value(Gdk.FileList.new_from_list(files)) if files else None


def on_drag_begin(_source, drag):
    drag.connect("notify::selected-action", lambda *_: say(selected=drag.get_selected_action().first_value_nick))


def on_motion(_target, _x, _y):
    say(moved=True)
    return Gdk.DragAction.COPY


def on_drop(_target, files, _x, _y):
    say(dropped=[file.get_path() for file in files.get_files()])
    return True


def on_activate(application):
    field = Gtk.Label(label="Drag from here, drop here")
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY | Gdk.DragAction.MOVE)
    source.connect("prepare", on_prepare)
    source.connect("drag-begin", on_drag_begin)
    field.add_controller(source)
    target = Gtk.DropTarget.new(Gdk.FileList, Gdk.DragAction.COPY)
    target.connect("motion", on_motion)
    target.connect("drop", on_drop)
    field.add_controller(target)
    Gtk.ApplicationWindow(application=application, title="Peer", child=field, default_width=200, default_height=300).present()


application = Gtk.Application(application_id="org.baluhost.Tests.Peer", flags=Gio.ApplicationFlags.NON_UNIQUE)
application.connect("activate", on_activate)
application.run([])
