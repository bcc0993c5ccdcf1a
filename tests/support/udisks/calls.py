# SPDX-License-Identifier: MIT
"""Method calls as coroutines: a handler awaits polkit's answer or the passing of time, and everything else goes on."""

import os
import pwd
import traceback

from gi.repository import Gio, GLib

from . import NAME

ERROR_PREFIX = NAME + ".Error."
POLKIT = "org.freedesktop.PolicyKit1"
ALLOW_USER_INTERACTION = 1


class Refused(Exception):
    """An error reply. name: of org.freedesktop.UDisks2.Error, or a whole name with dots."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name if "." in name else ERROR_PREFIX + name
        self.message = message


def failed(message):
    return Refused("Failed", message)


class Promise:
    """A value that comes later. Awaited by one coroutine at most."""

    def __init__(self):
        self.value = None
        self.error = None
        self.is_done = False
        self.on_done = None

    def resolve(self, value=None, error=None):
        if self.is_done:
            return
        self.value, self.error, self.is_done = value, error, True
        if self.on_done is not None:
            self.on_done()

    def __await__(self):
        if not self.is_done:
            yield self
        if self.error is not None:
            raise self.error
        return self.value


def spawn(coroutine):
    """Runs a coroutine until it ends, in turns with the main loop."""

    def step():
        try:
            waits_for = coroutine.send(None)
        except StopIteration:
            return
        waits_for.on_done = step

    step()


def later(clock, seconds):
    """Awaitable: so much simulated time."""
    promise = Promise()
    if seconds <= 0:
        promise.resolve()
    else:
        clock.after(seconds, promise.resolve)
    return promise


class Call:
    """A method call that is being answered."""

    def __init__(self, service, invocation, options):
        self.service = service
        self.invocation = invocation
        self.options = options.unpack() if options is not None else {}
        self.uid = None
        self.is_answered = False

    def reply(self, signature="()", *values):
        """Answers, after the signals about what has changed; unless an error was asked for that comes when it has been done."""
        if not self.is_answered:
            self.service.raise_injected_error(f"{self.invocation.get_method_name()}:after")
            self.is_answered = True
            self.service.flush()
            self.invocation.return_value(GLib.Variant(signature, values))

    def refuse(self, error):
        if not self.is_answered:
            self.is_answered = True
            self.service.flush()
            self.invocation.return_dbus_error(error.name, error.message)

    def user(self):
        """(uid, gid, name) of the caller."""
        try:
            entry = pwd.getpwuid(self.uid)
        except KeyError:
            raise failed(f"User with uid {self.uid} does not exist") from None
        return self.uid, entry.pw_gid, entry.pw_name

    async def find_uid(self):
        self.uid = await self._bus_call(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "GetConnectionUnixUser",
            GLib.Variant("(s)", (self.invocation.get_sender(),)),
        )

    async def authorize(self, action):
        """Asks polkit as udisksd does; raises NotAuthorized."""
        if self.uid == 0:
            return
        subject = ("system-bus-name", {"name": GLib.Variant("s", self.invocation.get_sender())})
        interactive = not self.options.get("auth.no_user_interaction", False)
        parameters = GLib.Variant(
            "((sa{sv})sa{ss}us)",
            (subject, f"org.freedesktop.udisks2.{action}", {}, ALLOW_USER_INTERACTION if interactive else 0, ""),
        )
        try:
            allowed, challenge, details = await self._bus_call(
                POLKIT, f"/{POLKIT.replace('.', '/')}/Authority", f"{POLKIT}.Authority", "CheckAuthorization", parameters
            )
        except GLib.Error as error:
            if Gio.DBusError.get_remote_error(error) == "org.freedesktop.DBus.Error.ServiceUnknown":
                text = "Not authorized to perform operation (polkit authority not available and caller is not uid 0)"
                raise Refused("NotAuthorized", text) from None
            raise failed(f"Error checking authorization: {error.message}") from None
        if allowed:
            return
        if "polkit.dismissed" in details:
            name = "NotAuthorizedDismissed"
        else:
            name = "NotAuthorizedCanObtain" if challenge else "NotAuthorized"
        raise Refused(name, "Not authorized to perform operation")

    async def authorize_unless_owner(self, action, owner):
        """What the one who started something may end without being asked."""
        if self.uid not in (0, owner):
            await self.authorize(action)

    async def _bus_call(self, destination, path, interface, method, parameters):
        promise = Promise()

        def on_reply(connection, result):
            try:
                promise.resolve(connection.call_finish(result).unpack()[0])
            except GLib.Error as error:
                promise.resolve(error=error)

        self.service.connection.call(destination, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, 2**31 - 1, None, on_reply)
        return await promise


async def answer(call, method, work):
    """Runs a handler. Whatever goes wrong in it becomes an error reply; what should not go wrong also a traceback, which the sandbox reports."""
    try:
        await call.find_uid()
        path = call.invocation.get_object_path()
        if path not in call.service.exported:
            # It went while we asked who calls: to the real one, the call would have come too late.
            raise Refused("org.freedesktop.DBus.Error.UnknownMethod", f"Object does not exist at path “{path}”")
        call.service.raise_injected_error(method)
        await work
        call.reply()
    except Refused as error:
        call.refuse(error)
    except OSError as error:
        call.refuse(failed(f"{os.strerror(error.errno) if error.errno else error}: {error.filename}"))
    except GLib.Error as error:
        # Whoever called has left the bus, or polkit has.
        call.refuse(failed(error.message))
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        call.refuse(failed(f"the simulator: {error}"))
    finally:
        work.close()
