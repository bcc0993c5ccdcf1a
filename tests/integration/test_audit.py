# SPDX-License-Identifier: MIT
"""The audit trail on the bus: who may read what, and whether somebody has meddled with it."""

import os
import sqlite3
import stat

import pytest

from support.bus import NAME
from support.process import wait_until
from support.sandbox import ADMIN, ALEX, STRANGER_UID
from test_sessions import refused


@pytest.fixture
def nas(make_sandbox):
    return make_sandbox(with_bridge=False, udisks=False)


def sign_in(bus, who):
    return bus.Sessions.Login(*who)[0]


def test_records_are_filtered_paged_and_counted(nas):
    with nas.bus() as bus:
        alex, admin = sign_in(bus, ALEX), sign_in(bus, ADMIN)
        for name in "abc":
            bus.Files.CreateFolder(f"{ALEX[0]}-{name}", token=alex)
        found, cursor, total = bus.Audit.Query(token=admin, user=ALEX[0], text=f"{ALEX[0]}-", count=True, limit=2)
        assert [record["target"] for record in found] == [f"{ALEX[0]}-c", f"{ALEX[0]}-b"] and total == 3
        assert found[0]["success"] is True and found[0]["error_name"] == "" and found[0]["time_usec"] > found[1]["time_usec"]
        bus.Files.CreateFolder(f"{ALEX[0]}-d", token=alex)
        rest, end, total = bus.Audit.Query(token=admin, user=ALEX[0], text=f"{ALEX[0]}-", cursor=cursor, limit=2)
        assert [record["target"] for record in rest] == [f"{ALEX[0]}-a"] and (end, total) == ("", 0)


def test_an_account_sees_its_own_records_only(nas):
    with nas.bus() as bus:
        alex = sign_in(bus, ALEX)
        admin = sign_in(bus, ADMIN)
        bus.Files.CreateFolder("of alex", token=alex)
        bus.Files.CreateFolder("of admin", token=admin)
        own = bus.Audit.Query(token=alex, limit=1000)[0]
        assert own and {record["username"] for record in own} == {ALEX[0]}
        assert bus.Audit.Query(token=alex, user=ADMIN[0], count=True) == ([], "", 0)
        assert set(bus.Audit.Statistics(0, 2**62, 1, token=alex)["by_user"]) == {ALEX[0]}
        assert set(bus.Audit.Statistics(0, 2**62, 1, token=admin)["by_user"]) > {ALEX[0], ADMIN[0]}
        refused("AdminRequired", bus.Audit.Verify, token=alex)
        wait_until(lambda: bus.Audit.Query(token=admin, action="Audit.Verify", success=False)[0], "the record of the refusal")
        assert bus.Audit.Query(token=admin, action="Audit.Verify")[0][0]["error_name"] == f"{NAME}.Error.AdminRequired"


def test_a_stranger_sees_nothing(nas):
    with nas.bus(STRANGER_UID) as bus:
        for method, arguments in ((bus.Audit.Query, ()), (bus.Audit.Verify, ()), (bus.Audit.Statistics, (0, 1, 1))):
            with pytest.raises(Exception, match="NotPermitted|NotAvailable"):
                method(*arguments)


def test_bad_arguments_are_named(nas):
    with nas.bus() as bus:
        token = sign_in(bus, ADMIN)
        for options in ({"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"cursor": "-1"}, {"cursor": "0"}, {"text": "x" * 2000}, {"colour": "red"}):
            assert f"“{next(iter(options))}”" in refused("InvalidArgument", bus.Audit.Query, token=token, **options)
        for arguments, name in (((-1, 5, 1), "from_usec"), ((5, 5, 1), "to_usec"), ((0, 5, 0), "buckets"), ((0, 5, 501), "buckets")):
            assert f"“{name}”" in refused("InvalidArgument", bus.Audit.Statistics, *arguments, token=token)


def test_the_trail_holds_over_a_restart_and_a_kill_and_an_edit_is_found(nas):
    key = nas.service_state_dir / "audit.key"
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600 and not key.with_suffix(".key.first").exists()
    with nas.bus() as bus:
        token = sign_in(bus, ADMIN)
        intact, before, bad, problem = bus.Audit.Verify(token=token)
        assert (intact, bad, problem) == (True, 0, "") and before > 0
    nas.kill_service()
    nas.start_service()
    with nas.bus() as bus:
        token = sign_in(bus, ADMIN)
        intact, checked, _, _ = bus.Audit.Verify(token=token)
        assert intact and checked > before
    nas.stop_service()
    with sqlite3.connect(nas.service_state_dir / "baluhost.db") as database:
        database.execute("UPDATE audit SET username = 'maria' WHERE id = 2")
    nas.start_service()
    with nas.bus() as bus:
        assert bus.Audit.Verify(token=sign_in(bus, ADMIN))[:3] == (False, 1, 2)
