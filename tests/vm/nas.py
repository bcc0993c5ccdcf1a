# SPDX-License-Identifier: MIT
"""BaluHost on a virtual machine: installed as a package would, asked as people ask it."""

import json
import subprocess

from support.process import wait_until
from support.shell import plain
from support.web import Web

from machine import MachineError

NAME = "org.baluhost.NAS1"
ROOT = "/org/baluhost/NAS1"
UDISKS = "org.freedesktop.UDisks2"
# An ordinary Unix user, without an account of BaluHost.
STRANGER = "alex"
ADMIN = ("anna", "a long password")
# What the scripts of a package do after it has been unpacked, and the bridge made to listen where the host's port leads.
AFTER_INSTALLING = """
systemd-sysusers baluhost.conf
systemd-tmpfiles --create baluhost.conf
systemctl daemon-reload
busctl --quiet call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
printf '[web]\\nlisten=0.0.0.0\\n' > /etc/baluhost/baluhost-web.conf
"""


def seconds_of_patience(machine):
    """Emulated processors take their time."""
    return 120 if "tcg,thread=multi" in machine.accelerator else 30


class Refused(Exception):
    """An error that came instead of a reply, as busctl prints it."""


class Nas:
    def __init__(self, machine):
        self.machine = machine
        self.run = machine.run
        self.output = machine.output

    def install(self, directory):
        """Puts a tree of what was built into the running machine."""
        pack = ["tar", "--create", "--gzip", "--owner=0", "--group=0", "-C", directory, "."]
        archive = subprocess.run(pack, check=True, capture_output=True).stdout
        self.run(["tar", "--extract", "--gzip", "--keep-directory-symlink", "-C", "/"], stdin=archive)
        self.run(AFTER_INSTALLING)
        self.run(["useradd", "--user-group", STRANGER])

    # On the bus of the guest

    def busctl(self, destination, path, interface, method, signature="", *arguments, user=None, token=None, options=(), timeout=None):
        """Calls a method as root, or as a Unix user, and returns the values of the reply. options: key, type, value, key, …"""
        words = ["busctl", "--system", "--json=short", f"--timeout={timeout or seconds_of_patience(self.machine)}", "--", "call", destination, path]
        options = [*(["auth.token", "s", token] if token else []), *options]
        words += [interface, method, signature + "a{sv}", *map(str, arguments), str(len(options) // 3), *map(str, options)]
        if user:
            words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--", *words]
        reply = self.run(words, check=False, timeout=(timeout or 0) + 180)
        if reply.status != 0:
            raise Refused(reply.stderr.strip())
        return plain(json.loads(reply.stdout)["data"]) if reply.stdout.strip() else None

    def call(self, interface, method, signature="", *arguments, path=ROOT, **kwargs):
        """Calls the service."""
        return self.busctl(NAME, path, f"{NAME}.{interface}", method, signature, *arguments, **kwargs)

    def properties(self, path, interface, destination=NAME):
        """All properties of an object's interface."""
        words = ["busctl", "--system", "--json=short", "call", destination, path, "org.freedesktop.DBus.Properties", "GetAll", "s", f"{destination}.{interface}"]
        return plain(json.loads(self.output(words))["data"][0])

    def udisks(self, path, interface, method, signature="", *arguments, **kwargs):
        """Calls UDisks2 as the service's user."""
        return self.busctl(UDISKS, f"/org/freedesktop/UDisks2/{path}", f"{UDISKS}.{interface}", method, signature, *arguments, user="baluhost", **kwargs)

    def wait_for(self, look, what, timeout=None):
        """Waits until look() returns something true; refusals and commands that fail count as false."""

        def ask():
            try:
                return look()
            except (Refused, MachineError):
                if not self.machine.is_running:
                    raise
                return None

        return wait_until(ask, what, timeout or seconds_of_patience(self.machine), said=lambda: f"\n{self.journal_text()}")

    def journal(self, unit="baluhostd"):
        """Entries of this boot, each a dictionary of its fields."""
        return [json.loads(line) for line in self.output(["journalctl", "-b", "-u", unit, "-o", "json"]).splitlines()]

    def journal_text(self):
        return self.output(["journalctl", "-b", "-n", "60", "--no-pager", "-u", "baluhostd", "-u", "baluhost-web", "-u", "udisks2"])

    # Through the web

    def web(self):
        """A client of the bridge on the forwarded port, when it answers. Nobody is signed in."""
        web = Web(f"http://127.0.0.1:{self.machine.port()}")

        def is_there():
            try:
                return web.get("health").status_code == 200
            except OSError:
                return False

        self.wait_for(is_there, "the web bridge")
        return web

    def make_first_admin(self):
        return self.call("Users", "CreateFirstAdmin", "sss", *ADMIN, "")
