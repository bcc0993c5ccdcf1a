# SPDX-License-Identifier: MIT
"""The authentication agent of a desktop, without a dialog: polkit's own helper checks the password through PAM, against a password file of the test's."""

import os
import subprocess
import threading
import time
import warnings

from gi.repository import Gio, GLib

from support.bus import connect
from support.process import identity, start_time

POLKIT = "org.freedesktop.PolicyKit1"
HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
PATH = "/org/baluhost/Tests/AuthenticationAgent"
PASSWORD = "the password of root"

INTERFACE = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
<method name="BeginAuthentication">
  <arg type="s" name="action_id" direction="in"/><arg type="s" name="message" direction="in"/><arg type="s" name="icon_name" direction="in"/>
  <arg type="a{ss}" name="details" direction="in"/><arg type="s" name="cookie" direction="in"/><arg type="a(sa{sv})" name="identities" direction="in"/>
</method>
<method name="CancelAuthentication"><arg type="s" name="cookie" direction="in"/></method>
</interface></node>"""

# The helper, as the person whom it asks, becomes root by its own mode; it knows one address of the bus, and one file of passwords.
HELPER_VIEW = """
helper=$1 socket=$2 shadow=$3
shift 3
mount --bind "$shadow" /etc/shadow && mount -t tmpfs tmpfs /run && mkdir /run/dbus && : >/run/dbus/system_bus_socket &&
mount --bind "$socket" /run/dbus/system_bus_socket && exec "$@" "$helper" root
"""


def digest(password):
    """As it stands in a password file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it goes in Python 3.13, Debian 12 has 3.11
        import crypt
    return crypt.crypt(password)


class Agent:
    """Answers for one process of one Unix user. answer: what is typed as the password of root; None: the dialog is dismissed.

    asked: what polkit has asked for so far, as dictionaries. Needs root and the real polkitd.
    """

    def __init__(self, sandbox, process, uid, directory, answer=None):
        self.answer = answer
        self.asked = []
        self._socket = sandbox.bus_address.removeprefix("unix:path=")
        self._uid = uid
        self._shadow = directory / "shadow"
        self._shadow.write_text(f"root:{digest(PASSWORD)}:{int(time.time()) // 86400}:0:99999:7:::\n", encoding="utf-8")
        self._shadow.chmod(0o600)
        self._connection = connect(sandbox.bus_address, uid)
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait()
        subject = ("unix-process", {"pid": GLib.Variant("u", process.pid), "start-time": GLib.Variant("t", start_time(process.pid))})
        self._connection.call_sync(
            POLKIT,
            "/org/freedesktop/PolicyKit1/Authority",
            f"{POLKIT}.Authority",
            "RegisterAuthenticationAgent",
            GLib.Variant("((sa{sv})ss)", (subject, "C", PATH)),
            None,
            Gio.DBusCallFlags.NONE,
            -1,
            None,
        )

    def close(self):
        self._context.invoke_full(GLib.PRIORITY_DEFAULT, self._loop.quit)
        self._thread.join()
        self._connection.close_sync(None)

    def _serve(self):
        self._context.push_thread_default()
        self._connection.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], self._on_call, None, None)
        self._ready.set()
        self._loop.run()
        self._context.pop_thread_default()

    def _on_call(self, _connection, _sender, _path, _interface, method, arguments, invocation):
        if method != "BeginAuthentication":
            invocation.return_value(None)
            return
        action, message, _icon, details, cookie, identities = arguments.unpack()
        answer = self.answer
        self.asked.append({"action": action, "message": message, "details": details, "identities": identities})
        if answer is None:
            invocation.return_dbus_error(f"{POLKIT}.Error.Cancelled", "The dialog was dismissed")
            return
        self._authenticate(cookie, answer)
        invocation.return_value(None)

    def _authenticate(self, cookie, password):
        """What the helper finds is between it and polkit; as in a desktop, the agent only passes on what was typed."""
        command = ["unshare", "-m", "--propagation", "private", "sh", "-c", HELPER_VIEW, "sh", HELPER, self._socket, self._shadow]
        as_user = ["setpriv", *(word for word in identity(self._uid) if word != "--no-new-privs")]
        said = subprocess.run([*command, *as_user], input=f"{cookie}\n{password}\n", capture_output=True, text=True, timeout=60, check=False, cwd="/", env={"PATH": os.defpath})
        self.asked[-1]["said"] = said.stdout + said.stderr
