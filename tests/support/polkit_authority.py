#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A polkit authority for private buses on which polkitd cannot run, because that needs root.

usage: polkit_authority.py ACTIONS SERVICE-UID=RULES UID...

Owns org.freedesktop.PolicyKit1 on the bus of DBUS_SYSTEM_BUS_ADDRESS, knows the actions of the policy files in the directory ACTIONS, and allows
every one of them to root and to the Unix users that are named; to the service, those that its file of rules names as strings. Others would have to
authenticate, which nobody can here: they get "challenge", as from polkitd without an authentication agent, and an action that the policy does not
know is an error, as from polkitd.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.freedesktop.PolicyKit1"
PATH = "/org/freedesktop/PolicyKit1/Authority"
IMPLICIT = {
    "no": 0,
    "auth_self": 1,
    "auth_admin": 2,
    "auth_self_keep": 3,
    "auth_admin_keep": 4,
    "yes": 5,
}

XML = """
<node>
  <interface name="org.freedesktop.PolicyKit1.Authority">
    <method name="EnumerateActions">
      <arg name="locale" type="s" direction="in"/>
      <arg name="action_descriptions" type="a(ssssssuuua{ss})" direction="out"/>
    </method>
    <method name="CheckAuthorization">
      <arg name="subject" type="(sa{sv})" direction="in"/>
      <arg name="action_id" type="s" direction="in"/>
      <arg name="details" type="a{ss}" direction="in"/>
      <arg name="flags" type="u" direction="in"/>
      <arg name="cancellation_id" type="s" direction="in"/>
      <arg name="result" type="(bba{ss})" direction="out"/>
    </method>
    <method name="CancelCheckAuthorization">
      <arg name="cancellation_id" type="s" direction="in"/>
    </method>
    <signal name="Changed"/>
    <property name="BackendName" type="s" access="read"/>
    <property name="BackendVersion" type="s" access="read"/>
    <property name="BackendFeatures" type="u" access="read"/>
  </interface>
</node>
"""


def read_actions(path):
    actions = {}
    for action in ElementTree.parse(path).getroot().iter("action"):
        text = {child.tag: child.text or "" for child in action}
        defaults = {child.tag: IMPLICIT[child.text] for child in action.find("defaults")}
        actions[action.get("id")] = (
            action.get("id"),
            text.get("description", ""),
            text.get("message", ""),
            "",
            "",
            "",
            defaults.get("allow_any", 0),
            defaults.get("allow_inactive", 0),
            defaults.get("allow_active", 0),
            {annotation.get("key"): annotation.text for annotation in action.iter("annotate")},
        )
    return actions


class Authority:
    def __init__(self, connection, actions, allowed, granted):
        """allowed: uids that may do everything. granted: pairs of a uid and an action."""
        self.connection = connection
        self.actions = actions
        self.allowed = allowed
        self.granted = granted

    def uid_of(self, subject):
        kind, details = subject
        if kind == "system-bus-name":
            reply = self.connection.call_sync(
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "GetConnectionUnixUser",
                GLib.Variant("(s)", (details["name"],)),
                None,
                Gio.DBusCallFlags.NONE,
                -1,
                None,
            )
            return reply.unpack()[0]
        if kind == "unix-process":
            return os.stat(f"/proc/{details['pid']}").st_uid
        raise ValueError(f"subject of an unknown kind: {kind}")

    def on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        if method == "EnumerateActions":
            invocation.return_value(GLib.Variant("(a(ssssssuuua{ss}))", (list(self.actions.values()),)))
        elif method == "CancelCheckAuthorization":
            invocation.return_value(None)
        else:
            subject, action, *_rest = parameters.unpack()
            if action not in self.actions:
                invocation.return_dbus_error(NAME + ".Error.Failed", f"Action {action} is not registered")
                return
            try:
                uid = self.uid_of(subject)
            except (GLib.Error, OSError, ValueError) as error:
                invocation.return_dbus_error(NAME + ".Error.Failed", str(error))
                return
            allowed = uid == 0 or uid in self.allowed or (uid, action) in self.granted
            invocation.return_value(GLib.Variant("((bba{ss}))", ((allowed, not allowed, {}),)))

    def on_get(self, _connection, _sender, _path, _interface, name):
        return {
            "BackendName": GLib.Variant("s", "test authority"),
            "BackendVersion": GLib.Variant("s", "1"),
            "BackendFeatures": GLib.Variant("u", 0),
        }[name]


def main():
    directory, service_rules, *uids = sys.argv[1:]
    actions = {}
    for policy in Path(directory).glob("*.policy"):
        actions |= read_actions(policy)
    service_uid, rules = service_rules.split("=", 1)
    granted = {(int(service_uid), action) for action in re.findall(r'"([a-z0-9.-]+)"', Path(rules).read_text(encoding="utf-8"))}
    loop = GLib.MainLoop()
    connection = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    authority = Authority(connection, actions, {int(uid) for uid in uids}, granted)
    interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    connection.register_object(PATH, interface, authority.on_call, authority.on_get, None)
    Gio.bus_own_name_on_connection(connection, NAME, Gio.BusNameOwnerFlags.NONE, None, lambda *_: loop.quit())
    loop.run()


if __name__ == "__main__":
    main()
