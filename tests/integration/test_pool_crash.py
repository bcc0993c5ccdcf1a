# SPDX-License-Identifier: MIT
"""kill -9 of the service while files go into a pool, and while pools are changed: nothing acknowledged is lost, and every pool comes back.

BALUHOST_POOL_CRASH_ROUNDS says how often (default 25), BALUHOST_CRASH_SEED makes a run repeat its choices.
"""

import os
import random
import threading
import time

import pytest
from gi.repository import GLib

from support.bus import BusError
from support.process import wait_until
from test_crash import CLIENTS, SEED, Client, Ledger, counted, counted_trash, digest_on_disk, is_about_the_crash

ROUNDS = int(os.environ.get("BALUHOST_POOL_CRASH_ROUNDS", "25"))


def wait_until_writable(nas, name):
    """After a crash the files are counted first."""

    def is_writable():
        try:
            nas.bus.Files.CreateFolder(f"{name}/after", parents=True, token=nas.token)
        except BusError as error:
            if error.name == "Exists":
                return True
            assert error.name == "NotAvailable", str(error)
            return False
        return True

    wait_until(is_writable, f"the pool {name} being writable")


def check(nas, ledger, token):
    place = nas.place("Photos")
    assert os.listdir(place / ".baluhost" / "staging") == []
    for path, possible in ledger.possible.items():
        found = digest_on_disk(place.parent / path)
        assert found in possible, f"{path} is {found}, and not one of {possible}"
        ledger.possible[path] = {found}
    usage = nas.bus.Files.GetUsage(token=token)
    trash = counted_trash(place / ".baluhost" / "trash")
    assert usage["used_bytes"] == sum(counted(place / f"client-{number}") for number in range(CLIENTS)) + trash
    assert (usage["trash_bytes"], usage["reserved_bytes"]) == (trash, 0)


def test_no_acknowledged_upload_into_a_pool_is_lost_or_torn(pool_nas):
    print(f"BALUHOST_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    pool_nas.create("sdc", "Photos")
    token = pool_nas.sandbox.token("maria", "demo123")
    ledger, acknowledged = Ledger(), 0
    for _ in range(ROUNDS):
        clients = [Client(pool_nas.sandbox, number, chance.randrange(2**32), token, ledger, "Photos/") for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.0, 0.25))  # the moment of the crash: the randomness is the point
        pool_nas.sandbox.kill_service()
        for client in clients:
            client.join()
        surprises = [client.surprise for client in clients if client.surprise]
        assert not surprises, surprises
        acknowledged += sum(client.acknowledged for client in clients)
        pool_nas.sandbox.start_service()
        wait_until_writable(pool_nas, "Photos")
        check(pool_nas, ledger, token)
    assert acknowledged > ROUNDS, "hardly anything was acknowledged, so hardly anything was tested"


def crash_during(nas, chance, call, *arguments):
    """Calls, and kills the service at some moment of it."""
    errors = []

    def act():
        try:
            call(*arguments)
        except (GLib.Error, BusError) as error:
            if not is_about_the_crash(error):
                errors.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    time.sleep(chance.uniform(0.0, 0.15))  # as above
    nas.sandbox.kill_service()
    thread.join()
    assert not errors, errors
    nas.sandbox.start_service()
    nas.wait()


def test_a_pool_comes_back_from_a_crash_while_it_is_renamed(pool_nas):
    print(f"BALUHOST_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    pool_nas.create("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    names = ["Photos", "Pictures"]
    for _ in range(ROUNDS):
        (pool,) = pool_nas.all("Pool").values()
        other = names[1 - names.index(pool["Name"])]
        pool_nas.wait_for_state(pool["Name"], "ready")
        crash_during(pool_nas, chance, pool_nas.call, pool["Name"], "Rename", other)
        (pool,) = pool_nas.all("Pool").values()
        assert pool["Name"] in names
        pool_nas.wait_for_state(pool["Name"], "ready")
        assert pool_nas.read(f"{pool['Name']}/a.txt") == b"hello"
        place = str(pool_nas.place(pool["Name"]))
        assert pool_nas.mounts()["sdc"] == [place] and pool_nas.fstab()[pool["Uuid"]] == [place]
        assert set(names) & pool_nas.names("") == {pool["Name"]}


def test_a_pool_is_there_or_can_be_adopted_after_a_crash_while_it_is_made(pool_nas):
    print(f"BALUHOST_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    for _ in range(ROUNDS):
        token, _plan = pool_nas.plan_format("sdc", "Photos")
        crash_during(pool_nas, chance, lambda token=token: pool_nas.finish(pool_nas.apply(token)))
        if not pool_nas.all("Pool") and pool_nas.disks.get(pool_nas.disks.block("sdc"), "Block", "IdType") == "ext4":
            try:
                pool_nas.adopt("sdc", "Photos")
            except BusError as error:
                assert "must belong to" in error.message, error  # not yet ours when it was interrupted
                pool_nas.disks.format("sdc", "empty")
        if pool_nas.all("Pool"):
            pool_nas.wait_for_state("Photos", "ready")
            wait_until_writable(pool_nas, "Photos")
            assert pool_nas.succeed(pool_nas.apply(pool_nas.plan_delete("Photos")[0])) == ""
        wait_until(lambda: any(d["Name"] == "sdc" and d["Usage"] == "free" for d in pool_nas.all("Disk").values()), "the disk being free")
        assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "sdc" not in pool_nas.mounts()


@pytest.mark.parametrize("verb", ["Unmount", "Mount", "Detach"])
def test_a_pool_is_whole_after_a_crash_while_it_is_changed(pool_nas, verb):
    print(f"BALUHOST_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    pool_nas.create("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    for _ in range(max(ROUNDS // 3, 1)):
        pool_nas.wait_for_state("Photos", "ready")
        if verb == "Mount":
            pool_nas.call("Photos", "Unmount")
        crash_during(pool_nas, chance, pool_nas.call, "Photos", verb)
        if not pool_nas.all("Pool"):
            pool_nas.adopt("sdc", "Photos")
        pool_nas.wait_for_any("Photos", "ready", "unmounted")
        wait_until(lambda: pool_nas.pool("Photos")["StateText"] != "It is being mounted", "the end of mounting")
        if pool_nas.pool("Photos")["State"] == "unmounted":
            pool_nas.call("Photos", "Mount")
        assert pool_nas.read("Photos/a.txt") == b"hello"
