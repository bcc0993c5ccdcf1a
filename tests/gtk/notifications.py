# SPDX-License-Identifier: MIT
"""The part of a desktop that shows notifications: org.freedesktop.Notifications on the session bus."""

import threading

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"

INTERFACE = f"""<node><interface name="{NAME}">
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation">
  <arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/>
</method>
<method name="Notify">
  <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="as" direction="in"/><arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
</method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""

CLOSED_BY_CALL = 3


class Notifications:
    """shown: what is on screen, {id: (title, body, actions)}."""

    def __init__(self):
        self.shown = {}
        self._count = 0
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait()

    def close(self):
        self._context.invoke_full(GLib.PRIORITY_DEFAULT, self._loop.quit)
        self._thread.join()
        self._bus.close_sync(None)

    def choose(self, number):
        """Clicks on a notification."""
        self._bus.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (number, "default")))

    def _serve(self):
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SESSION, None)
        self._bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self._bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], self._on_call, None, None)
        arguments = GLib.Variant("(su)", (NAME, 0))
        self._bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", arguments, None, Gio.DBusCallFlags.NONE, -1, None)
        self._ready.set()
        self._loop.run()
        self._context.pop_thread_default()

    def _on_call(self, _connection, _sender, _path, _interface, method, arguments, invocation):
        values = arguments.unpack()
        if method == "GetCapabilities":
            invocation.return_value(GLib.Variant("(as)", (["actions", "body"],)))
        elif method == "GetServerInformation":
            invocation.return_value(GLib.Variant("(ssss)", ("BaluHost tests", "BaluHost", "1", "1.2")))
        elif method == "Notify":
            _app, replaces, _icon, title, body, actions, _hints, _timeout = values
            if not replaces:
                self._count += 1
            number = replaces or self._count
            self.shown[number] = (title, body, actions)
            invocation.return_value(GLib.Variant("(u)", (number,)))
        else:
            (number,) = values
            self.shown.pop(number, None)
            invocation.return_value(None)
            self._bus.emit_signal(None, PATH, NAME, "NotificationClosed", GLib.Variant("(uu)", (number, CLOSED_BY_CALL)))
