# SPDX-License-Identifier: MIT
"""Plans: what they say, what they refuse, and that nothing is done by them that was not foreseen."""

import pytest
from gi.repository import GLib

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import OPERATOR_UID, STRANGER_UID
from test_disks import Nas
from test_sessions import audit, refused

GB = 10**9


class Storage(Nas):
    """What tests of plans do often. Disks and arrays are given by name."""

    def path(self, name):
        path, _properties = self.find("Disk", name)
        assert path, name
        return path

    def paths(self, names):
        return [self.path(name) for name in names.split()]

    def array_path(self, name="md0"):
        path, _properties = self.find("Array", name)
        assert path, name
        return path

    def at_array(self, name="md0"):
        return self.bus.at(self.array_path(name), "Array")

    def plan_array(self, called="data", level="raid1", disks="sdc sdd", spares="", **options):
        if spares:
            options["spares"] = GLib.Variant("ao", self.paths(spares))
        options.setdefault("token", self.token)
        return self.bus.Storage.PlanArray(called, level, self.paths(disks), **options)

    def apply(self, token):
        return self.bus.Storage.Apply(token, token=self.token)

    def result(self, job):
        return self.bus.at(job, "Job").GetResult(token=self.token)

    def job(self, job, name):
        return self.bus.get_property(job, "Job", name)

    def finish(self, job, timeout=60.0):
        """Waits for the end of a job; returns (state, result, error, error_name)."""
        wait_until(lambda: self.result(job)[0] != "running", f"the end of {job}", timeout)
        return self.result(job)

    def succeed(self, job):
        state, result, error, _name = self.finish(job)
        assert state == "succeeded", error
        return result

    def create(self, **wishes):
        """Makes an array; returns its object."""
        return self.succeed(self.apply(self.plan_array(**wishes)[0]))

    def settled(self, condition, what):
        """As wait_until(), while udev and md do what they do."""
        self.disks.settle()
        wait_until(condition, what)


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        yield Storage(sandbox, bus, disks).wait()


# What can be known beforehand


def test_levels_are_compared_for_the_chosen_disks(nas):
    levels = {row["level"]: row for row in nas.bus.Storage.CompareLevels(nas.paths("sdc sdd sde"), token=nas.token)}
    assert list(levels) == ["raid0", "raid1", "raid5", "raid6", "raid10"]
    assert [levels[name]["possible"] for name in levels] == [True, True, True, False, False]
    assert "at least 4" in levels["raid6"]["reason"] and levels["raid6"]["usable_bytes"] == 0
    assert (levels["raid0"]["survives"], levels["raid1"]["survives"], levels["raid5"]["survives"]) == (0, 2, 1)
    assert levels["raid5"]["unused_bytes"] == 10 * GB and levels["raid0"]["unused_bytes"] == 0
    assert 19.9 * GB < levels["raid5"]["usable_bytes"] < 20 * GB
    assert levels["raid5"]["sync_usec"] > 0 and levels["raid0"]["sync_usec"] == 0
    assert "can be stored" in levels["raid5"]["text"]
    spares = {row["level"]: row for row in nas.bus.Storage.CompareLevels(nas.paths("sdc sdd sde"), token=nas.token, spares=GLib.Variant("u", 1))}
    assert [spares[name]["possible"] for name in spares] == [False, True, False, False, False]
    assert "given twice" in refused("InvalidArgument", nas.bus.Storage.CompareLevels, nas.paths("sdc sdc"), token=nas.token)
    refused("NotFound", nas.bus.Storage.CompareLevels, [f"{ROOT}/disks/nobody"], token=nas.token)
    assert "“disks”" in refused("InvalidArgument", nas.bus.Storage.CompareLevels, nas.paths("sdc") * 65, token=nas.token)


def test_what_would_happen_if_disks_died_is_told_without_touching_them(nas):
    def effects(names):
        return {row["name"]: row for row in nas.bus.Storage.SimulateFailure(nas.paths(names))}

    assert effects("sdc")["md0"]["effect"] == "unaffected"
    one = effects("sda")["md0"]
    assert (one["effect"], one["survives"], one["kind"], one["path"]) == ("degraded", 0, "array", nas.array_path())
    assert effects("sda sdb")["md0"]["effect"] == "lost"
    assert nas.array()["State"] == "optimal"
    refused("NotFound", nas.bus.Storage.SimulateFailure, [f"{ROOT}/disks/nobody"])


def test_a_plan_says_what_would_be_made_and_lost_and_changes_nothing(nas):
    nas.disks.format("sdd", label=GLib.Variant("s", "Photos"))
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    before = nas.disks.objects()
    token, plan = nas.plan_array(level="raid5", disks="sdc sdd sde", spares="sdf")
    assert len(token) == 32
    assert (plan["kind"], plan["name"], plan["survives"]) == ("array-create", "data", 1)
    assert 19.9 * GB < plan["usable_bytes"] < 20 * GB and plan["sync_usec"] > 0
    assert "RAID 5 of 3 disks" in plan["text"] and "“data”" in plan["title"]
    losses = {loss["name"]: loss for loss in plan["losses"]}
    assert [losses[name]["destroys"] for name in ("sdc", "sdd", "sde", "sdf")] == [False, True, False, False]
    assert losses["sdd"]["contents"] == "ext4 “Photos”" and losses["sdd"]["serial"] == "BALU-DEV-10GB-B"
    assert losses["sdd"]["path"] == nas.path("sdd") and losses["sdd"]["size"] == 10 * GB
    assert any("cannot be used" in warning for warning in plan["warnings"])
    after = nas.disks.objects()
    assert {path for path in before if "/jobs/" not in path} == {path for path in after if "/jobs/" not in path}
    assert nas.disk("sdd")["Contents"] == "ext4 “Photos”"


# What is refused


def test_disks_that_must_not_be_destroyed_are_refused_by_name_and_reason(nas):
    nas.disks.SetContent("sdd", "raid", "LVM2_member")
    nas.disks.SetContent("sde", "crypto", "crypto_LUKS")
    nas.disks.SetContent("sdf", "filesystem", "zfs_member")
    nas.disks.SetContent("sdg", "raid", "linux_raid_member")
    small = nas.disks.Add(16 * 1024**2, "", "SMALL", "ata")
    absent = nas.disks.Add(10 * GB, "", "ABSENT", "ata")
    failed = nas.disks.Add(10 * GB, "", "FAILED", "ata")
    removable = nas.disks.Add(10 * GB, "", "BTRFS", "usb")
    nas.disks.SetContent(removable, "filesystem", "btrfs")
    nas.disks.Fail(failed)
    wait_until(lambda: nas.disk("sdg").get("Usage") == "foreign" and nas.disk(removable).get("Usage") == "foreign", "the contents")
    gone = nas.path(absent)
    reasons = {
        nas.path("vda"): "operating system",
        nas.path("sda"): "member of the array “md0”",
        nas.path("sdd"): "LVM",
        nas.path("sde"): "LUKS",
        nas.path("sdf"): "ZFS",
        nas.path("sdg"): "array",
        nas.path(removable): "btrfs",
    }
    for path, reason in reasons.items():
        text = refused("Refused", nas.bus.Storage.PlanArray, "data", "raid1", [nas.path("sdc"), path], token=nas.token)
        assert reason in text and nas.bus.get_property(path, "Disk", "Name") in text
        text = refused("Refused", nas.bus.Storage.PlanAdd, nas.array_path(), path, token=nas.token)
        assert reason in text or "already" in text
    assert "too small" in refused("Refused", nas.bus.Storage.PlanAdd, nas.array_path(), nas.path(small), token=nas.token)
    nas.disks.Pull(absent)
    wait_until(lambda: gone not in nas.all("Disk"), "the disk to go")  # nothing expects it
    refused("NotFound", nas.bus.Storage.PlanArray, "data", "raid1", [nas.path("sdc"), gone], token=nas.token)
    wait_until(lambda: len(audit(nas.sandbox, "array-create")) >= 7, "the rows in the audit trail")
    rows = audit(nas.sandbox, "array-create")
    assert len(rows) >= 7 and all(row["result"] != 0 for row in rows)


def test_a_disk_of_which_smart_says_that_it_fails_is_refused(nas):
    nas.disks.Fail("sdd")
    nas.disks.do(nas.disks.drive("sdd"), "Drive.Ata", "SmartUpdate")
    assert nas.disks.get(nas.disks.drive("sdd"), "Drive.Ata", "SmartFailing")
    wait_until(lambda: nas.disk("sdd")["SmartStatus"] == "failed", "the verdict")
    assert "has failed" in refused("Refused", nas.plan_array)


def test_mounted_disks_and_those_in_fstab_are_refused(nas):
    nas.disks.format("sdd")
    nas.disks.do(nas.disks.block("sdd"), "Filesystem", "Mount")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "mounted", "the mount")
    assert "is mounted on" in refused("Refused", nas.plan_array)


def test_wishes_that_make_no_array_are_refused_and_name_the_argument(nas):
    storage = nas.bus.Storage
    assert "“level”" in refused("InvalidArgument", storage.PlanArray, "data", "raid7", nas.paths("sdc sdd"), token=nas.token)
    assert "at least 3" in refused("InvalidArgument", nas.plan_array, level="raid5")
    assert "given twice" in refused("InvalidArgument", nas.plan_array, disks="sdc sdc")
    assert "given twice" in refused("InvalidArgument", nas.plan_array, spares="sdd")
    assert "“spares”" in refused("InvalidArgument", nas.plan_array, level="raid0", spares="sde")
    assert "chunk_size" in refused("InvalidArgument", nas.plan_array, level="raid0", chunk_size=GLib.Variant("t", 5000))
    assert "chunk_size" in refused("InvalidArgument", nas.plan_array, level="raid0", chunk_size=GLib.Variant("t", 0))
    assert "chunk_size" in refused("InvalidArgument", nas.plan_array, chunk_size=GLib.Variant("t", 65536))
    assert "bitmap" in refused("InvalidArgument", nas.plan_array, level="raid0", bitmap=True)
    for name in ("", "-x", "a b", "../x", "ä", "127", "x" * 33):
        refused("InvalidName", nas.plan_array, called=name)
    refused("InvalidArgument", nas.plan_array, called="x" * 300)
    refused("Exists", nas.plan_array, called="md0")
    refused("NotFound", storage.PlanArray, "data", "raid1", [f"{ROOT}/disks/x", f"{ROOT}/disks/y"], token=nas.token)
    assert "“colour”" in refused("InvalidArgument", nas.plan_array, colour="red")
    refused("NotFound", storage.PlanDelete, f"{ROOT}/arrays/x", token=nas.token)
    refused("NotFound", storage.PlanRepair, f"{ROOT}/arrays/x", token=nas.token)
    refused("NotFound", storage.PlanAdd, nas.array_path(), f"{ROOT}/disks/x", token=nas.token)
    refused("Conflict", storage.PlanRepair, nas.array_path(), token=nas.token)


def test_without_udisks_nothing_can_be_planned(nas):
    paths = nas.paths("sdc sdd")
    nas.sandbox.stop_udisks()
    wait_until(lambda: not nas.available(), "the service to notice")
    refused("NotAvailable", nas.bus.Storage.PlanArray, "data", "raid1", paths, token=nas.token)
    refused("NotAvailable", nas.bus.Storage.CompareLevels, paths, token=nas.token)
    nas.sandbox.start_udisks()


# Who may


def test_only_administrators_plan_and_apply(nas):
    alex = nas.sandbox.token("alex", "demo123")
    refused("AdminRequired", nas.plan_array, token=alex)
    refused("AdminRequired", nas.bus.Storage.CompareLevels, nas.paths("sdc sdd"), token=alex)
    refused("AdminRequired", nas.bus.Storage.PlanDelete, nas.array_path(), token=alex)
    refused("AdminRequired", nas.at_array().Stop, token=alex)
    refused("AdminRequired", nas.at_array().RemoveMember, nas.path("sda"), token=alex)
    token, _plan = nas.plan_array()
    refused("AdminRequired", nas.bus.Storage.Apply, token, token=alex)
    nas.succeed(nas.apply(token))  # which was not used up by the attempt


def test_polkit_decides_by_verb_for_unix_users(nas, needs_root):
    paths = nas.paths("sdc sdd")
    with nas.sandbox.bus(OPERATOR_UID) as operator, nas.sandbox.bus(STRANGER_UID) as stranger:
        refused("NotPermitted", stranger.Storage.PlanArray, "data", "raid1", paths)
        token, plan = operator.Storage.PlanArray("data", "raid1", paths)
        assert plan["name"] == "data"
        refused("NotPermitted", stranger.Storage.Apply, token)
        refused("NotFound", nas.bus.Storage.Apply, token, token=nas.token)  # an administrator, but not the one who planned
        refused("NotFound", nas.bus.Storage.Apply, token)  # root neither
        job = operator.Storage.Apply(token)
        assert job.startswith(f"{ROOT}/jobs/")
        nas.succeed(job)


# Tokens


def test_a_token_works_once_and_only_here(nas):
    token, _plan = nas.plan_array()
    other = nas.bus.Users.Create("second", "correct horse battery", token=nas.token, role="admin")
    assert other["id"]
    second = nas.sandbox.token("second", "correct horse battery")
    refused("NotFound", nas.bus.Storage.Apply, token, token=second)
    refused("NotFound", nas.bus.Storage.Apply, "0" * 32, token=nas.token)
    refused("NotFound", nas.bus.Storage.Apply, "", token=nas.token)
    refused("InvalidArgument", nas.bus.Storage.Apply, "0" * 100, token=nas.token)
    nas.succeed(nas.apply(token))
    refused("NotFound", nas.apply, token)


def test_a_token_does_not_survive_the_service(nas):
    token, _plan = nas.plan_array()
    nas.sandbox.restart_service()
    nas.wait()
    refused("NotFound", nas.apply, token)
    assert nas.disk("sdc")["Usage"] == "free"


# What has changed since


def stale(nas, token, *parts):
    """Asserts that the plan cannot be applied any more, and says of which disk; afterwards the token is used up."""
    text = refused("Stale", nas.apply, token)
    for part in parts:
        assert part in text, text
    refused("NotFound", nas.apply, token)
    return text


def test_a_plan_is_stale_when_a_disk_has_gone(nas):
    token, _plan = nas.plan_array()
    nas.disks.Pull("sdd")
    stale(nas, token, "BALU-DEV-10GB-B", "has gone")
    assert nas.disk("sdc")["Usage"] == "free"
    wait_until(lambda: audit(nas.sandbox, "array-create"), "the row in the audit trail")
    rows = audit(nas.sandbox, "array-create")
    assert rows[-1]["result"] != 0 and "BALU-DEV-10GB-B" in rows[-1]["message"] and rows[-1]["username"] == "admin"


def test_a_plan_is_stale_when_another_disk_is_in_the_place_of_one(nas):
    token, _plan = nas.plan_array()
    nas.disks.Pull("sdd")
    nas.disks.Add(10 * GB, "", "IMPOSTOR", "ata")
    stale(nas, token, "sdd")


def test_a_plan_is_stale_when_something_is_on_a_disk_that_was_empty(nas):
    for step, content in enumerate([("raid", "LVM2_member"), ("crypto", "crypto_LUKS"), ("filesystem", "ext4"), ("other", "swap")]):
        token, _plan = nas.plan_array(called=f"a{step}")
        nas.disks.SetContent("sdd", *content)
        text = stale(nas, token, "sdd", "what is on it")
        assert content[1] in text
        nas.disks.SetContent("sdd", "", "")
        wait_until(lambda: nas.disk("sdd")["Contents"] == "empty", "the disk to be empty again")
    assert nas.disk("sdc")["Usage"] == "free"


def test_a_plan_is_stale_when_a_disk_was_partitioned(nas):
    token, _plan = nas.plan_array()
    nas.disks.format("sdd", "gpt")
    stale(nas, token, "sdd", "partition")


def test_a_plan_is_stale_when_one_filesystem_was_replaced_by_another(nas):
    nas.disks.format("sdd", label=GLib.Variant("s", "Photos"))
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    token, _plan = nas.plan_array()
    nas.disks.format("sdd", label=GLib.Variant("s", "Photos"))
    stale(nas, token, "sdd")


def test_a_plan_is_stale_when_a_disk_came_into_use(nas):
    nas.disks.format("sdd")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    token, _plan = nas.plan_array()
    nas.disks.do(nas.disks.block("sdd"), "Filesystem", "Mount")
    stale(nas, token, "sdd", "is mounted on")


def test_of_two_plans_for_the_same_disks_one_comes_too_late(nas):
    first, _plan = nas.plan_array(called="first")
    second, _plan = nas.plan_array(called="second", disks="sdd sde")
    nas.succeed(nas.apply(first))
    stale(nas, second, "sdd")
    assert nas.disk("sde")["Usage"] == "free"


def test_of_two_plans_that_are_applied_at_once_one_fails_and_leaves_the_rest_alone(nas):
    first, _plan = nas.plan_array(called="first")
    second, _plan = nas.plan_array(called="second", disks="sdd sde")
    jobs, errors = [], []
    for token in (first, second):
        try:
            jobs.append(nas.apply(token))
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)
    ends = [nas.finish(job) for job in jobs]
    assert [end[0] for end in ends].count("succeeded") == 1
    assert len(errors) + [end[0] for end in ends].count("failed") == 1
    for end in ends:
        assert end[0] == "succeeded" or end[3] == f"{NAME}.Error.Stale"
    names = {properties["Name"] for properties in nas.all("Array").values()}
    assert len(names & {"first", "second"}) == 1
