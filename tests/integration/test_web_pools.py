# SPDX-License-Identifier: MIT
"""Pools by HTTP: made by a plan, used for files, taken away and brought back, and as clients of BaluHost 0.1 see them."""

import pytest

from support.schema import reply_errors
from support.web import Web
from test_web_api import refusal
from test_web_arrays import FAST, Nas


class Pools(Nas):
    def pool(self, name="Photos"):
        return self.find("pools", name)

    def make(self, target="sdc", name="Photos", filesystem="ext4"):
        """The pool that a plan has made of a disk or array."""
        path = (self.disk(target) or self.array(target))["path"]
        token, _plan = self.plan("format", target=path, name=name, filesystem=filesystem)
        ended = self.end_of(self.apply(token))
        pool = self.until(lambda: (pool := self.pool(name)) and pool["state"] == "ready" and pool, "the pool")
        assert ended["result"] == pool["path"]
        return pool

    def on(self, verb, name="Photos"):
        return f"storage/{self.pool(name)['path']}/{verb}"

    def names(self, path=""):
        return {entry["name"] for entry in self.get("files/list", path=path)["files"]}


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox()
    with sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        disks.SetSpeed(FAST)
        nas = Pools(sandbox, disks)
        nas.until(lambda: nas.array(), "the disks")
        yield nas


def test_the_storage_of_the_configuration_is_the_first_pool(nas):
    (main,) = nas.get("storage/pools", nas.user)["pools"]
    assert (main["id"], main["path"], main["name"], main["state"], main["is_default"]) == (None, None, "", "ready", True)
    assert not reply_errors(nas.document, "get", "/api/storage/pools", nas.user.get("storage/pools"))


def test_a_pool_is_planned_made_and_takes_files(nas):
    nas.has_data("sdc")
    token, plan = nas.plan("format", target=nas.disk("sdc")["path"], name="Photos", filesystem="ext4")
    assert plan["kind"] == "format" and plan["name"] == "Photos"
    assert [(loss["name"], loss["destroys"]) for loss in plan["losses"]] == [("sdc", True)]
    assert "Photos" not in nas.names()
    nas.end_of(nas.apply(token))
    nas.until(lambda: (pool := nas.pool()) and pool["state"] == "ready", "the pool")
    assert nas.pool()["source"] == nas.disk("sdc")["path"] and nas.disk("sdc")["pool"] == nas.pool()["path"]
    for path, reply in (("/api/storage/pools", nas.web.get("storage/pools")), ("/api/storage/pools/{pool_id}", nas.web.get(f"storage/{nas.pool()['path']}"))):
        assert not reply_errors(nas.document, "get", path, reply)
    nas.web.upload("Photos/a.bin", b"x" * 100_000).raise_for_status()
    assert nas.web.download("Photos/a.bin").content == b"x" * 100_000
    assert nas.names("Photos") == {"a.bin"}


def test_a_pool_on_an_array_survives_a_disk(nas):
    pool = nas.make("md0", "Mirror")
    assert pool["level"] == "raid1" and nas.array()["pool"] == pool["path"]
    nas.web.upload("Mirror/a", b"kept").raise_for_status()
    nas.disks.Pull("sdb")
    nas.until(lambda: nas.pool("Mirror")["state"] == "degraded", "the pool to be degraded")
    assert nas.web.download("Mirror/a").content == b"kept"

    def effect():
        return next(one for one in nas.post("storage/simulate-failure", disks=nas.paths("sda"))["effects"] if one["name"] == "Mirror")

    # For a moment md counts the disk that has gone among those in sync.
    nas.until(lambda: effect()["effect"] == "lost", "the next disk to be the last")
    assert effect()["kind"] == "pool"


def test_a_pool_is_unmounted_and_mounted(nas):
    nas.make()
    assert nas.post(nas.on("unmount")) == {"message": "Unmounted"}
    nas.until(lambda: nas.pool()["state"] == "unmounted", "the pool to be unmounted")
    refusal(nas.web.post(nas.on("unmount"), json={}), 409)
    assert not reply_errors(nas.document, "get", "/api/storage/pools", nas.web.get("storage/pools"))
    assert nas.post(nas.on("mount")) == {"message": "Mounted"}
    nas.until(lambda: nas.pool()["state"] == "ready", "the pool to be mounted")
    refusal(nas.web.post(nas.on("mount"), json={}), 409)


def test_what_uses_a_pool_is_said(nas):
    nas.make()
    reply = nas.web.get(nas.on("users"))
    assert not reply_errors(nas.document, "get", "/api/storage/pools/{pool_id}/users", reply)
    assert reply.json() == {"users": []}


def test_front_ends_begin_with_the_default_pool(nas):
    nas.make()
    assert nas.post(nas.on("default")) == {"message": "Changed"}
    assert [pool["name"] for pool in nas.list("pools") if pool["is_default"]] == ["Photos"]
    assert nas.get("files/mountpoints")["default_mountpoint"] == "Photos"


def test_a_pool_is_renamed_with_its_folder(nas):
    nas.make()
    nas.web.upload("Photos/a", b"x").raise_for_status()
    assert nas.post(nas.on("rename"), name="Pictures") == {"message": "Renamed"}
    nas.until(lambda: (pool := nas.pool("Pictures")) and pool["state"] == "ready", "the new name")
    assert nas.names("Pictures") == {"a"}
    assert nas.web.post(nas.on("rename", "Pictures"), json={"name": "a/b"}).status_code == 422


def test_a_pool_is_detached_and_adopted_again(nas):
    nas.make()
    nas.web.upload("Photos/a", b"kept").raise_for_status()
    assert nas.post(nas.on("detach")) == {"message": "Detached"}
    nas.until(lambda: nas.pool() is None, "the pool to be forgotten")
    reply = nas.web.post("storage/adopt", json={"source": nas.disk("sdc")["path"], "name": "Again"})
    assert reply.status_code == 201, reply.text
    assert reply.json()["pool_id"] == nas.pool("Again")["id"]
    nas.until(lambda: nas.pool("Again")["state"] == "ready", "the pool")
    assert nas.web.download("Again/a").content == b"kept"


def test_a_pool_is_deleted_by_a_plan(nas):
    pool = nas.make()
    token, plan = nas.plan("delete", target=pool["path"])
    assert plan["kind"] == "pool-delete" and plan["name"] == "Photos"
    nas.end_of(nas.apply(token))
    nas.until(lambda: nas.pool() is None, "the pool to be gone")
    nas.until(lambda: nas.disk("sdc")["usage"] == "free", "the disk to be free")


def test_wishes_that_make_no_pool_are_refused(nas):
    disk = nas.disk("sdc")["path"]
    for body, status in (
        ({"target": disk, "name": "Photos", "filesystem": "fat"}, 422),
        ({"target": disk, "name": "a/b", "filesystem": "ext4"}, 422),
        ({"target": disk, "name": "Photos"}, 422),
        ({"target": "disks/none", "name": "Photos", "filesystem": "ext4"}, 404),
        ({"target": nas.disk("sda")["path"], "name": "Photos", "filesystem": "ext4"}, 409),
        ({"target": nas.disk("vda")["path"], "name": "Photos", "filesystem": "ext4"}, 409),
    ):
        reply = nas.web.post("storage/plans/format", json=body)
        assert reply.status_code == status, reply.text
    refusal(nas.web.post("storage/adopt", json={"source": nas.disk("vda")["path"], "name": "System"}), 409)
    refusal(nas.web.get("storage/pools/none"), 404, "Pool not found")
    refusal(nas.web.post("storage/pools/none/mount", json={}), 404, "Pool not found")


def test_only_administrators_change_pools(nas):
    pool = nas.make()
    changes = [
        ("POST", "storage/plans/format", {"target": nas.disk("sdd")["path"], "name": "More", "filesystem": "ext4"}),
        ("POST", "storage/adopt", {"source": nas.disk("sdd")["path"], "name": "More"}),
        ("POST", "system/raid/format-disk", {"disk": "sdd", "filesystem": "ext4"}),
        ("POST", f"storage/{pool['path']}/rename", {"name": "Other"}),
        *(("POST", f"storage/{pool['path']}/{verb}", {}) for verb in ("mount", "unmount", "default", "grow", "detach")),
        ("GET", f"storage/{pool['path']}/users", None),
    ]
    for verb, path, body in changes:
        refusal(nas.user.request(verb, path, json=body), 403, "Admin access required")
        refusal(Web(nas.sandbox.url).request(verb, path, json=body), 401, "Not authenticated")
    assert nas.pool()["state"] == "ready" and nas.pool("More") is None


# As BaluHost 0.1 had it


def test_mountpoints_have_the_shape_of_0_1(nas):
    nas.make("md0", "Mirror")
    nas.make("sdc", "Photos")
    reply = nas.user.get("files/mountpoints")
    assert not reply_errors(nas.document, "get", "/api/files/mountpoints", reply)
    assert set(reply.json()) == {"mountpoints", "default_mountpoint"}
    points = {point["name"]: point for point in reply.json()["mountpoints"]}
    keys = {"id", "name", "type", "path", "size_bytes", "used_bytes", "available_bytes", "raid_level", "status", "is_default"}
    assert all(set(point) == keys for point in points.values())
    assert {name: point["type"] for name, point in points.items()} == {"Storage": "dev-storage", "Mirror": "raid", "Photos": "disk"}
    assert points["Mirror"]["raid_level"] == "raid1" and points["Mirror"]["path"] == "Mirror" and points["Mirror"]["status"] == "optimal"


def test_the_health_of_disks_has_the_shape_of_0_1(nas):
    nas.until(lambda: nas.disk("sda").get("smart_updated_at"), "the first reading")
    nas.make("md0", "Mirror")
    reply = nas.user.get("system/smart/status")
    assert not reply_errors(nas.document, "get", "/api/system/smart/status", reply)
    devices = {device["name"]: device for device in reply.json()["devices"]}
    keys = {"name", "model", "serial", "temperature", "status", "capacity_bytes", "used_bytes", "used_percent", "mount_point", "power_on_hours", "attributes"}
    assert all(set(device) == keys for device in devices.values())
    assert devices["sda"]["status"] == "PASSED" and devices["sda"]["temperature"] == 28 and devices["vda"]["status"] == "UNKNOWN"
    assert devices["sda"]["mount_point"] and devices["sdc"]["mount_point"] is None
    values = {value["id"]: value for value in devices["sda"]["attributes"]}
    assert {5, 9, 187, 188, 194, 197, 198} <= set(values) and values[5]["status"] == "OK"
    assert set(values[5]) == {"id", "name", "value", "worst", "threshold", "raw", "status"}
    refusal(Web(nas.sandbox.url).get("system/smart/status"), 401, "Not authenticated")


def test_a_disk_is_formatted_with_the_token_of_the_plan_only(nas):
    planned = nas.web.post("system/raid/format-disk", json={"disk": "sdc", "filesystem": "ext4", "label": "Photos"})
    assert planned.status_code == 409 and planned.json()["plan"]["kind"] == "format"
    assert nas.disk("sdc")["usage"] == "free"
    done = nas.web.post("system/raid/format-disk", json={"disk": "sdc", "filesystem": "ext4", "label": "Photos", "token": planned.json()["token"]})
    assert done.status_code == 200, done.text
    nas.end_of(done.json()["job_id"])
    nas.until(lambda: (pool := nas.pool()) and pool["state"] == "ready", "the pool")
    refusal(nas.web.post("system/raid/format-disk", json={"disk": "sdz", "filesystem": "ext4"}), 400, "There is no disk “sdz”")
