# SPDX-License-Identifier: MIT
"""A D-Bus client that knows the interfaces from dbus/*.xml.

    bus = Bus(address)
    entries, cursor, total, version = bus.Files.List("Demo", limit=10)
    bus.Files.Rename("Notes.txt", "Ideas.txt", token=token)

Keyword arguments become the options of the call; `token` is the option "auth.token". Descriptors go in and come back as Python file descriptors,
which are then the caller's to close. Errors are raised as BusError with the short name of dbus/errors.h.
"""

import contextlib
import os
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.baluhost.NAS1"
ROOT = "/org/baluhost/NAS1"
ERROR_PREFIX = "org.baluhost.NAS1.Error."
TIMEOUT_MS = 120_000

DBUS_DIR = Path(__file__).resolve().parents[2] / "dbus"

# D-Bus types of the options and dictionary members that are not strings, booleans or GLib.Variant already.
OPTION_TYPES = {
    "limit": "u",
    "size": "t",
    "modified_usec": "x",
    "quota_bytes": "t",
    "uid": "x",
}


class BusError(Exception):
    """An error reply. name is short ("NotFound") for BaluHost's own errors and whole for others."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Interfaces:
    """The interface descriptions in dbus/, by short name."""

    def __init__(self, directory=DBUS_DIR):
        self.by_name = {}
        for path in sorted(directory.glob(f"{NAME}.*.xml")):
            for interface in Gio.DBusNodeInfo.new_for_xml(path.read_text(encoding="utf-8")).interfaces:
                self.by_name[interface.name.removeprefix(NAME + ".")] = interface

    def __getitem__(self, name):
        return self.by_name[name]

    def names(self):
        return sorted(self.by_name)


INTERFACES = Interfaces()


@contextlib.contextmanager
def effective_uid(uid):
    """Acts as another Unix user for the length of a with block. Needs root. None: as oneself."""
    if uid is None or uid == os.geteuid():
        yield
        return
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def connect(address, uid=None):
    """Opens a connection to the bus as that Unix user: the bus takes the identity from the socket's peer credentials at this moment."""
    with effective_uid(uid):
        return Gio.DBusConnection.new_for_address_sync(
            address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None,
            None,
        )


def variant(key, value):
    """value as the variant that the option or dictionary member `key` is."""
    if isinstance(value, GLib.Variant):
        return value
    if isinstance(value, bool):
        return GLib.Variant("b", value)
    if isinstance(value, str):
        return GLib.Variant("s", value)
    if key in OPTION_TYPES:
        return GLib.Variant(OPTION_TYPES[key], value)
    raise TypeError(f"give {key} as a GLib.Variant: its D-Bus type is not known")


def dictionary(values):
    return {key: variant(key, value) for key, value in values.items()}


class Interface:
    """The methods of one interface on one object."""

    def __init__(self, bus, name, path):
        self._bus = bus
        self._name = name
        self._path = path

    def __getattr__(self, method):
        info = INTERFACES[self._name].lookup_method(method)
        if info is None:
            raise AttributeError(f"{self._name} has no method {method}")

        def call(*arguments, token=None, **options):
            if token is not None:
                options["auth.token"] = token
            signature = [argument.signature for argument in info.in_args]
            values = list(arguments)
            if len(values) == len(signature) - 1:
                values.append(options)
            elif options:
                raise TypeError("options were given twice")
            if len(values) != len(signature):
                raise TypeError(f"{self._name}.{method} takes {len(signature) - 1} arguments and options")
            values = [dictionary(v) if s == "a{sv}" else v for v, s in zip(values, signature)]
            return self._bus.call(self._path, f"{NAME}.{self._name}", method, "(" + "".join(signature) + ")", tuple(values))

        return call


class Bus:
    """A connection to the bus as one Unix user, with the interfaces of the service as attributes."""

    def __init__(self, address, uid=None):
        self.address = address
        self.connection = connect(address, uid)

    def __getattr__(self, name):
        if name not in INTERFACES.by_name:
            raise AttributeError(name)
        return Interface(self, name, ROOT)

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync(None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def at(self, path, name):
        """The interface `name` of another object, such as an upload or a job."""
        return Interface(self, name, path)

    def call(self, path, interface, method, signature, values, destination=NAME, timeout_ms=TIMEOUT_MS):
        """One call. Returns None, the value, or a tuple of the values of the reply."""
        try:
            reply, fds = self.connection.call_with_unix_fd_list_sync(
                destination,
                path,
                interface,
                method,
                GLib.Variant(signature, values),
                None,
                Gio.DBusCallFlags.NONE,
                timeout_ms,
                None,
                None,
            )
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            if name is None:
                raise
            message = error.message.removeprefix(f"GDBus.Error:{name}: ")
            raise BusError(name.removeprefix(ERROR_PREFIX), message) from None
        results = [
            os.dup(fds.peek_fds()[child.get_handle()]) if child.get_type_string() == "h" else child.unpack()
            for child in (reply.get_child_value(i) for i in range(reply.n_children()))
        ]
        if not results:
            return None
        return results[0] if len(results) == 1 else tuple(results)

    def get_property(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)", (f"{NAME}.{interface}", name))

    def name_owner(self, name=NAME):
        """Unique name of who owns a name, or None."""
        try:
            return self._driver("GetNameOwner", "(s)", (name,))
        except BusError as error:
            if error.name == "org.freedesktop.DBus.Error.NameHasNoOwner":
                return None
            raise

    def name_pid(self, name=NAME):
        """Process id of who owns a name, or None."""
        try:
            return self._driver("GetConnectionUnixProcessID", "(s)", (name,))
        except BusError as error:
            if error.name == "org.freedesktop.DBus.Error.NameHasNoOwner":
                return None
            raise

    def _driver(self, method, signature, values):
        return self.call(
            "/org/freedesktop/DBus", "org.freedesktop.DBus", method, signature, values, destination="org.freedesktop.DBus"
        )

    # The two things that take more than one call.

    def upload(self, path, content, **options):
        """Writes content (bytes, or an iterable of bytes) to a path; returns the entry."""
        chunks = [content] if isinstance(content, bytes) else content
        size = len(content) if isinstance(content, bytes) else 2**64 - 1
        token = options.pop("token", None)
        upload, descriptor = self.Files.BeginUpload(path, size, token=token, **options)
        with open(descriptor, "wb", closefd=True) as file:
            for chunk in chunks:
                file.write(chunk)
        return self.at(upload, "Upload").Commit(token=token)

    def read(self, path, **options):
        """The whole content of a file."""
        descriptor, _entry = self.Files.Open(path, **options)
        with open(descriptor, "rb", closefd=True) as file:
            return file.read()
