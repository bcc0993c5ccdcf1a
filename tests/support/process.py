# SPDX-License-Identifier: MIT
"""Child processes that can be relied on to end, and waiting that looks instead of sleeping."""

import os
import signal
import subprocess
import time


class WaitError(Exception):
    """Something did not come in time, or cannot come any more."""


def wait_until(look, what, timeout=30.0, alive=None, said=None):
    """Calls look() until it returns something true, and returns that. alive() is asked in between and raises when waiting has become pointless.
    said() is what to add to the error when the time is up."""
    deadline = time.monotonic() + timeout
    pause = 0.002
    while True:
        value = look()
        if value:
            return value
        if alive is not None:
            alive()
        if time.monotonic() > deadline:
            raise WaitError(f"{what}: not within {timeout:g} s{said() if said else ''}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def start_time(pid):
    """When a process started, in clock ticks since boot: with the pid, a name that is not reused. None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def identity(uid):
    """Options of setpriv(1) to be another Unix user, with no other groups and no way to gain privileges. None: nothing changes."""
    if uid is None:
        return []
    return ["--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"]


class Child:
    """A process in a process group of its own, which ends with us: the kernel kills it when we die.

    uid: the Unix user to run as; None: as we are. view: a command that makes the view of the file system and then executes what follows. Output goes to
    the end of the file `log`.
    """

    def __init__(self, name, argv, log, env, uid=None, view=()):
        self.name = name
        self.log = log
        prefix = [*view, "setpriv", "--pdeathsig", "KILL", *identity(uid)]
        with open(log, "ab") as output:
            self.log_offset = output.tell()
            self.process = subprocess.Popen(
                prefix + [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd="/",
                start_new_session=True,
            )

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        """What it has written since it started."""
        with open(self.log, "rb") as file:
            file.seek(self.log_offset)
            return file.read().decode("utf-8", "replace")

    def wait_for(self, look, what, timeout=30.0):
        """wait_until(), for something that this process does."""
        return wait_until(look, what, timeout, self.check, lambda: f":\n{self.output()[-4000:]}")

    def is_running(self):
        return self.process.poll() is None

    def check(self):
        """Raises with its last words when it has ended."""
        status = self.process.poll()
        if status is not None:
            raise WaitError(f"{self.name} has ended with status {status}:\n{self.output()[-4000:]}")

    def signal_group(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        """Ends it as a crash would, with all that it started. Returns when it is gone."""
        self.signal_group(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=20.0):
        """Asks it to end and returns its exit status; one that does not end in time is killed, and its status is None."""
        if self.is_running():
            try:
                os.kill(self.process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        return status
