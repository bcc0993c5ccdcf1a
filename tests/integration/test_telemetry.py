# SPDX-License-Identifier: MIT
"""How busy the machine is, on the bus: compared with what the kernel itself says of the same time."""

import os
import time
from pathlib import Path

import pytest
from gi.repository import Gio, GLib

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import ALEX
from test_sessions import refused

INTERFACE = f"{NAME}.Telemetry"


def networks():
    """Bytes received and sent, of each network of this machine."""
    lines = Path("/proc/1/net/dev").read_text().splitlines()[2:]
    rows = [line.rpartition(":") for line in lines]
    return {name.strip(): (int(rest.split()[0]), int(rest.split()[8])) for name, _, rest in rows}


def disks():
    """Bytes read and written, of each block device of this machine."""
    rows = [line.split() for line in Path("/proc/diskstats").read_text().splitlines()]
    return {row[2]: (int(row[5]) * 512, int(row[9]) * 512) for row in rows}


class Watcher:
    """Hears the samples that are sent to a connection."""

    def __init__(self, bus):
        self.samples = []
        self.context = GLib.MainContext.default()
        self.subscription = bus.connection.signal_subscribe(
            None, INTERFACE, "Sample", ROOT, None, Gio.DBusSignalFlags.NONE, self.on_sample
        )

    def on_sample(self, connection, sender, path, interface, signal, parameters):
        self.samples.append(parameters.unpack()[0])

    def has(self, count):
        while self.context.iteration(False):
            pass
        return len(self.samples) >= count


def test_counters_are_those_of_the_kernel_at_that_moment(bus):
    before = networks(), disks()
    since = time.time() * 1e6
    now = wait_until(lambda: (sample := bus.Telemetry.GetCurrent())["time_usec"] >= since and sample, "a sample from then on")
    after = networks(), disks()
    assert {"lo"} <= {network["name"] for network in now["network"]}
    for network in now["network"]:
        low, high = before[0][network["name"]], after[0][network["name"]]
        assert low[0] <= network["received_bytes"] <= high[0]
        assert low[1] <= network["sent_bytes"] <= high[1]
    for disk in now["disks"]:
        low, high = before[1][disk["name"]], after[1][disk["name"]]
        assert low[0] <= disk["read_bytes"] <= high[0]
        assert low[1] <= disk["written_bytes"] <= high[1]


def test_rates_are_the_difference_of_counters_over_the_time_between(bus):
    """Whatever else the machine does, each sample has to agree with the one before."""
    watcher = Watcher(bus)
    watch = bus.Telemetry.Watch()
    wait_until(lambda: watcher.has(4), "samples")
    bus.Telemetry.Unwatch(watch)
    for before, now in zip(watcher.samples[1:], watcher.samples[2:]):
        seconds = now["interval_usec"] / 1e6
        assert 0 <= now["cpu_percent"] <= 100 and all(0 <= core <= 100 for core in now["cores"])
        earlier = {network["name"]: network for network in before["network"]}
        for network in now["network"]:
            received = network["received_bytes"] - earlier[network["name"]]["received_bytes"]
            assert network["received_rate"] * seconds == pytest.approx(received, abs=1)
        earlier = {disk["name"]: disk for disk in before["disks"]}
        for disk in now["disks"]:
            written = disk["written_bytes"] - earlier[disk["name"]]["written_bytes"]
            assert disk["write_rate"] * seconds == pytest.approx(written, abs=1)


def test_memory_and_processors_are_those_of_this_machine(bus):
    now = bus.Telemetry.GetCurrent()
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert now["memory_total"] == total
    assert now["memory_used"] + now["memory_available"] == total
    assert len(now["load"]) == 3
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert uptime - 60 < now["uptime_usec"] / 1e6 <= uptime


def test_the_main_storage_is_measured(bus):
    main = wait_until(lambda: [f for f in bus.Telemetry.GetCurrent()["filesystems"] if f["name"] == ""], "the main storage")[0]
    assert main["pool"] == "/" and 0 < main["used"] < main["total"]


def test_samples_come_each_second_to_who_watches_and_to_nobody_else(bus, sandbox):
    with sandbox.bus() as other:
        watcher, stranger = Watcher(bus), Watcher(other)
        watch = bus.Telemetry.Watch()
        wait_until(lambda: watcher.has(3), "samples")
        bus.Telemetry.Unwatch(watch)
        assert all(sample["interval_usec"] < 20e6 for sample in watcher.samples[1:])  # and not every 30 s
        assert not stranger.has(1)


def test_nobody_ends_the_watch_of_another_connection(bus, sandbox):
    with sandbox.bus() as other:
        watch = bus.Telemetry.Watch()
        assert "no such watch" in refused("NotFound", other.Telemetry.Unwatch, watch)
        bus.Telemetry.Unwatch(watch)
        refused("NotFound", bus.Telemetry.Unwatch, watch)


def test_a_connection_has_only_so_many_watches_and_they_end_with_it(sandbox):
    with sandbox.bus() as bus:
        for _ in range(16):
            bus.Telemetry.Watch()
        assert "16 watches" in refused("TooManyRequests", bus.Telemetry.Watch)
    with sandbox.bus() as bus:
        bus.Telemetry.Watch()


def test_an_unknown_option_is_refused_by_name(bus):
    for method in (bus.Telemetry.GetCurrent, bus.Telemetry.Watch):
        assert "“colour”" in refused("InvalidArgument", method, colour="green")
    assert "“colour”" in refused("InvalidArgument", bus.Telemetry.Unwatch, 1, colour="green")


def test_an_account_may_ask_and_the_bridge_without_a_token_may_not(bus, sandbox, needs_root):
    assert bus.Telemetry.GetCurrent(token=sandbox.token(*ALEX))["memory_total"] > 0
    refused("InvalidToken", bus.Telemetry.GetCurrent, token="x")
    if sandbox.bridge_uid == os.geteuid():
        pytest.skip("the bridge has no user of its own here")
    with sandbox.bus(sandbox.bridge_uid) as bridge:
        refused("NotAuthenticated", bridge.Telemetry.GetCurrent)
        refused("NotAuthenticated", bridge.Telemetry.Watch)
