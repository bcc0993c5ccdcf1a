# SPDX-License-Identifier: MIT
"""Simulated time: seconds that pass at a settable rate, also while the simulator is not running, as they do for disks while udisksd is not.

Everybody else lives in real time. So what goes on the bus as a time of the day is the real one (real_usec), and what goes on the bus as a rate or as
time left is as observed from there.
"""

import itertools
import time

from gi.repository import GLib


def real_usec():
    return int(time.time() * 1_000_000)


class Timer:
    """Something to do at a simulated time. cancel() takes it back."""

    def __init__(self, clock, deadline, callback):
        self.clock = clock
        self.deadline = deadline
        self.callback = callback
        self.source = None

    def arm(self):
        self.disarm()
        wait = max(0.0, self.deadline - self.clock.now()) / self.clock.rate
        # Rounded up: a timer that fires early would find that nothing has happened yet.
        self.source = GLib.timeout_add(min(int(wait * 1000) + 1, 2**31 - 1), self._on_timeout)

    def disarm(self):
        if self.source is not None:
            GLib.source_remove(self.source)
            self.source = None

    def cancel(self):
        self.disarm()
        self.clock.timers.pop(id(self), None)

    def _on_timeout(self):
        self.source = None
        if self.clock.now() < self.deadline:
            self.arm()
        else:
            self.cancel()
            self.callback()
        return GLib.SOURCE_REMOVE


class Clock:
    """For one thread, that of the main loop."""

    def __init__(self):
        self.rate = 1.0
        self.timers = {}
        self._base = time.time()
        self._since = time.monotonic()

    def now(self):
        """Simulated seconds since the epoch; never goes back."""
        return self._base + (time.monotonic() - self._since) * self.rate

    def after(self, seconds, callback):
        """Calls callback once, when that many simulated seconds have passed."""
        timer = Timer(self, self.now() + seconds, callback)
        self.timers[id(timer)] = timer
        timer.arm()
        return timer

    def set_rate(self, rate):
        """How many simulated seconds pass in a real one."""
        self._rebase(self.now())
        self.rate = rate
        self._rearm()

    def advance(self, seconds):
        """Lets that much time pass at once, stopping on the way at every moment at which something is due."""
        target = self.now() + seconds
        for _step in itertools.count():
            due = min(self.timers.values(), key=lambda timer: timer.deadline, default=None)
            if due is None or due.deadline > target:
                break
            self._rebase(max(self.now(), due.deadline))
            due.cancel()
            due.callback()
        self._rebase(max(self.now(), target))
        self._rearm()

    def restart(self):
        """As when it was new; nothing may be due."""
        self.rate = 1.0
        self._rebase(time.time())

    def save(self):
        return {"now": self.now(), "real": time.time(), "rate": self.rate}

    def load(self, saved):
        self.rate = saved["rate"]
        self._rebase(saved["now"] + max(0.0, time.time() - saved["real"]) * self.rate)

    def _rebase(self, now):
        self._base = now
        self._since = time.monotonic()

    def _rearm(self):
        for timer in list(self.timers.values()):
            timer.arm()
