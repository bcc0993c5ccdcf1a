# SPDX-License-Identifier: MIT
"""Quotas, reservations and what the counters say."""

import os

import pytest

from support.bus import BusError
from support.process import wait_until
from support.refusals import refused


def usage(bus, token):
    return bus.Files.GetUsage(token=token)


def test_usage_follows_the_files(bus, new_user):
    user = new_user(quota_bytes=1000)
    bus.upload(f"{user.folder}/a", b"x" * 300, token=user.token)
    now = usage(bus, user.token)
    assert set(now) == {
        "used_bytes", "trash_bytes", "reserved_bytes", "quota_bytes", "total_used_bytes", "total_quota_bytes",
        "available_bytes", "filesystem_bytes", "filesystem_free_bytes",
        "all_used_bytes", "all_filesystem_bytes", "all_filesystem_free_bytes",
    }  # fmt: skip
    assert (now["used_bytes"], now["quota_bytes"], now["available_bytes"]) == (300, 1000, 700)
    assert now["total_quota_bytes"] == 5 * 1024**3
    assert now["total_used_bytes"] >= 300
    assert now["filesystem_bytes"] > now["filesystem_free_bytes"] > 0
    bus.Files.Delete(f"{user.folder}/a", token=user.token)
    assert usage(bus, user.token)["used_bytes"] == 300


def test_all_usage_is_that_of_the_main_root_and_the_pools(pool_nas):
    def used_bytes():
        now = usage(pool_nas.bus, pool_nas.token)
        return now["total_used_bytes"], now["all_used_bytes"]

    before = usage(pool_nas.bus, pool_nas.token)["total_used_bytes"]
    pool_nas.bus.upload("a", b"x" * 300, token=pool_nas.token)
    assert used_bytes() == (before + 300, before + 300)
    now = usage(pool_nas.bus, pool_nas.token)
    assert now["all_filesystem_bytes"] == now["filesystem_bytes"] > 0

    pool_nas.create("sdg", "Photos")
    pool_nas.bus.upload("Photos/b", b"x" * 500, token=pool_nas.token)
    assert used_bytes() == (before + 300, before + 800)
    now = usage(pool_nas.bus, pool_nas.token)
    # In the simulation the pool's filesystem is the one of the main root.
    assert now["all_filesystem_bytes"] == 2 * now["filesystem_bytes"]
    assert now["all_filesystem_free_bytes"] > now["filesystem_free_bytes"]


def test_upload_that_exceeds_the_quota_leaves_nothing_behind(bus, new_user):
    user = new_user(quota_bytes=1000)
    with refused("QuotaExceeded"):
        bus.upload(f"{user.folder}/a", b"x" * 1001, token=user.token)
    with refused("QuotaExceeded"):
        bus.upload(f"{user.folder}/a", (b"x" * 501 for _ in range(2)), token=user.token)
    assert bus.Files.List(user.folder, token=user.token)[0] == []
    now = usage(bus, user.token)
    assert (now["used_bytes"], now["reserved_bytes"]) == (0, 0)
    bus.upload(f"{user.folder}/a", b"x" * 1000, token=user.token)
    with refused("QuotaExceeded"):
        bus.upload(f"{user.folder}/b", b"x", token=user.token)
    bus.upload(f"{user.folder}/empty", b"", token=user.token)


def test_parallel_uploads_cannot_overshoot(bus, new_user):
    user = new_user(quota_bytes=1000)
    upload, descriptor = bus.Files.BeginUpload(f"{user.folder}/a", 600, token=user.token)
    assert usage(bus, user.token)["reserved_bytes"] == 600
    with refused("QuotaExceeded"):
        bus.Files.BeginUpload(f"{user.folder}/b", 600, token=user.token)
    os.close(descriptor)
    bus.at(upload, "Upload").Abort(token=user.token)
    os.close(bus.Files.BeginUpload(f"{user.folder}/b", 600, token=user.token)[1])


def test_replaced_bytes_can_be_used_again(bus, new_user):
    user = new_user(quota_bytes=1000)
    bus.upload(f"{user.folder}/a", b"x" * 1000, token=user.token)
    bus.upload(f"{user.folder}/a", b"y" * 1000, overwrite=True, token=user.token)
    with refused("QuotaExceeded"):
        bus.upload(f"{user.folder}/a", b"z" * 1001, overwrite=True, token=user.token)
    assert bus.read(f"{user.folder}/a", token=user.token) == b"y" * 1000
    assert usage(bus, user.token)["used_bytes"] == 1000


def test_copies_count(bus, new_user):
    user = new_user(quota_bytes=1000)
    bus.upload(f"{user.folder}/a", b"x" * 600, token=user.token)
    with refused("QuotaExceeded"):
        bus.Files.Copy(f"{user.folder}/a", f"{user.folder}/b", token=user.token)


def test_total_quota_holds_for_administrators_too(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"quota": 10_000}})
    token = sandbox.token("admin", "changeme")
    with sandbox.bus() as bus:
        room = usage(bus, token)["available_bytes"]
        assert room < 10_000
        with refused("QuotaExceeded"):
            bus.upload("a", b"x" * (room + 1), token=token)
        bus.upload("a", b"x" * room, token=token)
        assert usage(bus, token)["available_bytes"] == 0


def test_writing_more_than_was_reserved_is_stopped(bus, new_user):
    user = new_user(quota_bytes=1_000_000)
    upload, descriptor = bus.Files.BeginUpload(f"{user.folder}/a", 10, token=user.token)
    os.write(descriptor, b"x" * 2_000_000)
    wait_until(lambda: os.fstat(descriptor).st_size == 0, "the upload to be stopped")
    os.close(descriptor)
    with refused("QuotaExceeded"):
        bus.at(upload, "Upload").Commit(token=user.token)
    assert usage(bus, user.token)["reserved_bytes"] == 0


def test_counters_survive_a_restart_and_a_crash(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    token = sandbox.token("alex", "demo123")
    with sandbox.bus() as bus:
        bus.upload("a", b"x" * 1234, token=token)
        bus.upload("b", b"x" * 10, token=token)
        bus.Files.Delete("b", token=token)
        before = usage(bus, token)
        sandbox.restart_service()
        after = usage(bus, token)
        assert (after["used_bytes"], after["trash_bytes"]) == (1244, 10)
        assert after["total_used_bytes"] == before["total_used_bytes"]
        sandbox.kill_service()
        sandbox.start_service()
        bus.Files.CreateFolder("after-recovery", token=token)
        assert usage(bus, token)["used_bytes"] == 1244


def test_what_is_changed_behind_the_service_is_counted_after_a_crash(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    token = sandbox.token("alex", "demo123")
    with sandbox.bus() as bus:
        bus.upload("a", b"x" * 1234, token=token)
        sandbox.kill_service()
        os.truncate(sandbox.storage_dir / "a", 1000)
        sandbox.start_service()
        bus.Files.CreateFolder("after-recovery", token=token)
        assert usage(bus, token)["used_bytes"] == 1000


@pytest.mark.parametrize("what", ["keep", "trash"])
def test_files_of_a_deleted_user(bus, new_user, admin_token, what):
    user, heir = new_user(), new_user(role="admin")
    bus.upload(f"{user.folder}/a", b"x" * 77, token=user.token)
    bus.Users.Delete(user.id, what, token=heir.token)
    with pytest.raises(BusError):
        usage(bus, user.token)
    now = usage(bus, heir.token)
    assert now["used_bytes"] == 77
    assert now["trash_bytes"] == (77 if what == "trash" else 0)
    if what == "keep":
        assert bus.Files.Stat(f"{user.folder}/a", token=heir.token)["owner_id"] == heir.id
    else:
        [item] = bus.Files.ListTrash(token=heir.token)
        assert item[1] == user.folder
        bus.Files.RestoreTrash(item[0], token=heir.token)
        assert bus.read(f"{user.folder}/a", token=heir.token) == b"x" * 77
