# SPDX-License-Identifier: MIT
"""Work that takes longer than a moment: jobs, seen through copies."""

import os

import pytest
from gi.repository import GLib

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import STRANGER_UID
from test_sessions import refused

BIG = 512 * 1024 * 1024
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"


@pytest.fixture
def big_file(bus, user):
    """A file that takes a while to copy. It is a hole, so it takes none to make."""
    upload, descriptor = bus.Files.BeginUpload(f"{user.folder}/big", BIG, token=user.token)
    os.ftruncate(descriptor, BIG)
    os.close(descriptor)
    bus.at(upload, "Upload").Commit(token=user.token)
    return f"{user.folder}/big"


@pytest.fixture
def signals(bus):
    """What the service signals: (member, path, arguments), in order."""
    seen = []
    subscription = bus.connection.signal_subscribe(
        NAME, None, None, None, None, 0, lambda _c, _s, path, _i, member, arguments: seen.append((member, path, arguments.unpack()))
    )
    yield seen
    bus.connection.signal_unsubscribe(subscription)


def until(condition, what):
    def look():
        while GLib.MainContext.default().iteration(False):
            pass
        return condition()

    wait_until(look, what)


def properties(bus, job):
    return bus.call(job, "org.freedesktop.DBus.Properties", "GetAll", "(s)", (f"{NAME}.Job",))


def managed(bus):
    return bus.call(ROOT, OBJECT_MANAGER, "GetManagedObjects", "()", ())


def test_a_job_tells_from_its_beginning_to_its_end_how_it_is(bus, user, big_file, signals):
    job = bus.Files.Copy(big_file, f"{user.folder}/copy", token=user.token)
    assert job.startswith(f"{ROOT}/jobs/")
    until(lambda: ("Completed", job, (True,)) in signals, "the end of the copy")
    until(lambda: properties(bus, job)["State"] == "succeeded", "the state")

    mine = [(member, arguments) for member, path, arguments in signals if path == job or arguments[0] == job]
    assert mine[0][0] == "InterfacesAdded"
    added = mine[0][1][1][f"{NAME}.Job"]
    assert (added["Operation"], added["State"], added["Cancelable"]) == ("copy", "running", True)
    changes = [arguments[1] for member, arguments in mine if member == "PropertiesChanged"]
    done = [change["BytesDone"] for change in changes if "BytesDone" in change]
    assert done == sorted(done) and done[-1] == BIG
    assert {"State": "succeeded"} in changes
    assert mine[-1][0] == "Completed"

    end = properties(bus, job)
    assert end["Progress"] == 100 and end["ProgressValid"] is True
    assert end["BytesDone"] == end["BytesTotal"] == BIG
    assert end["StartTime"] > 0
    assert managed(bus)[job][f"{NAME}.Job"]["State"] == "succeeded"  # it stays for a while
    assert bus.at(job, "Job").GetResult(token=user.token) == ("succeeded", f"{user.folder}/copy", "", "")
    refused("Conflict", bus.at(job, "Job").Cancel, token=user.token)
    assert bus.Files.Stat(f"{user.folder}/copy", token=user.token)["size"] == BIG


def test_a_cancelled_job_leaves_nothing_behind(bus, user, big_file, signals):
    jobs = [bus.Files.Copy(big_file, f"{user.folder}/copy{i}", token=user.token) for i in range(3)]
    for job in jobs:
        bus.at(job, "Job").Cancel(token=user.token)
    for job in jobs:
        until(lambda: ("Completed", job, (False,)) in signals, "the end of the copy")
        state, result, error, error_name = bus.at(job, "Job").GetResult(token=user.token)
        assert (state, result, error_name) == ("cancelled", "", f"{NAME}.Error.Cancelled")
        assert error
    names = [entry[0] for entry in bus.Files.List(user.folder, token=user.token)[0]]
    assert names == ["big"]
    usage = bus.Files.GetUsage(token=user.token)
    assert (usage["used_bytes"], usage["reserved_bytes"]) == (BIG, 0)


def test_a_job_is_its_starters_business_and_administrators(sandbox, bus, user, new_user, admin_token):
    bus.upload(f"{user.folder}/a", b"a", token=user.token)
    job = bus.at(bus.Files.Copy(f"{user.folder}/a", f"{user.folder}/b", token=user.token), "Job")
    other = new_user(folder=False)
    refused("NotPermitted", job.Cancel, token=other.token)
    refused("NotPermitted", job.GetResult, token=other.token)
    refused("InvalidToken", job.GetResult, token="x")
    assert "“colour”" in refused("InvalidArgument", job.GetResult, colour="green", token=user.token)
    assert job.GetResult(token=admin_token)
    if os.geteuid() == 0:
        with sandbox.bus(STRANGER_UID) as stranger:
            refused("NotPermitted", stranger.at(job._path, "Job").GetResult)
            refused("NotPermitted", stranger.at(job._path, "Job").Cancel)
            assert properties(stranger, job._path)["Operation"] == "copy"  # which says nothing of whose it is


def test_everybody_sees_a_list_of_their_own_jobs(sandbox, bus, user, new_user, admin_token):
    bus.upload(f"{user.folder}/a", b"a", token=user.token)
    job = bus.Files.Copy(f"{user.folder}/a", f"{user.folder}/b", token=user.token)
    until(lambda: properties(bus, job)["State"] == "succeeded", "the copy")
    assert "“colour”" in refused("InvalidArgument", bus.Manager.ListJobs, colour="green", token=user.token)
    mine = {entry["path"]: entry for entry in bus.Manager.ListJobs(token=user.token)}
    assert set(mine) == {job}
    live = properties(bus, job)
    entry = mine[job]
    assert (entry["operation"], entry["state"], entry["subject"], entry["text"]) == ("copy", "succeeded", "/", "")
    assert (entry["bytes_done"], entry["bytes_total"], entry["progress"]) == (1, 1, 100)
    assert (entry["progress_valid"], entry["cancelable"]) == (True, True)
    assert (entry["start_usec"], entry["expected_end_usec"]) == (live["StartTime"], live["ExpectedEndTime"])
    assert live["Subject"] == "/" and live["Text"] == ""
    # Copies are nobody else's business, not even an administrator's in a list.
    assert job not in {entry["path"] for entry in bus.Manager.ListJobs(token=new_user(folder=False).token)}
    assert job not in {entry["path"] for entry in bus.Manager.ListJobs(token=admin_token)}


def test_a_clean_stop_cancels_jobs_and_leaves_nothing_behind(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus:
        token = sandbox.token("alex", "demo123")
        upload, descriptor = bus.Files.BeginUpload("big", BIG, token=token)
        os.ftruncate(descriptor, BIG)
        os.close(descriptor)
        bus.at(upload, "Upload").Commit(token=token)
        for i in range(4):
            bus.Files.Copy("big", f"copy{i}", token=token)
        assert sandbox.stop_service() == 0
        sandbox.start_service()
        assert bus.Manager.GetHealth()["state"] == "running"
        names = [entry[0] for entry in bus.Files.List("", token=token)[0]]
        assert "big" in names and not any(name.startswith("copy") for name in names)
        usage = bus.Files.GetUsage(token=token)
        assert (usage["used_bytes"], usage["reserved_bytes"]) == (BIG, 0)
        assert not any(path.startswith(f"{ROOT}/jobs/") for path in managed(bus))


def test_a_job_that_fails_says_why(bus, user, big_file, signals):
    """Two copies to one place: neither is there yet when the other begins, so the one that comes second fails when it has copied."""
    jobs = [bus.Files.Copy(big_file, f"{user.folder}/copy", token=user.token) for _ in range(2)]
    until(lambda: len([1 for member, path, _ in signals if member == "Completed" and path in jobs]) == 2, "the end of both")
    results = sorted(bus.at(job, "Job").GetResult(token=user.token) for job in jobs)
    assert results[1] == ("succeeded", f"{user.folder}/copy", "", "")
    state, result, error, error_name = results[0]
    assert (state, result, error_name) == ("failed", "", f"{NAME}.Error.Exists")
    assert error
    assert bus.Files.GetUsage(token=user.token)["used_bytes"] == 2 * BIG


def test_one_user_cannot_take_all_jobs(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"quota": 0}})
    with sandbox.bus() as bus:
        token, other = sandbox.token("alex", "demo123"), sandbox.token("maria", "demo123")
        upload, descriptor = bus.Files.BeginUpload("big", BIG, token=token)
        os.ftruncate(descriptor, BIG)
        os.close(descriptor)
        bus.at(upload, "Upload").Commit(token=token)
        bus.upload("small", b"x", token=other)
        jobs = [bus.Files.Copy("big", f"copy{i}", token=token) for i in range(16)]
        assert "Too many" in refused("TooManyRequests", bus.Files.Copy, "big", "one-more", token=token)
        assert bus.Files.Copy("small", "copy-of-small", token=other)
        for job in jobs:
            if properties(bus, job)["State"] == "running":
                bus.at(job, "Job").Cancel(token=token)
        until(lambda: all(properties(bus, job)["State"] != "running" for job in jobs), "the end of the copies")


def test_only_so_many_jobs_that_have_ended_are_kept(bus, user, signals):
    bus.upload(f"{user.folder}/a", b"a", token=user.token)
    first = None
    for i in range(150):
        job = bus.Files.Copy(f"{user.folder}/a", f"{user.folder}/copy{i}", token=user.token)
        first = first or job
        until(lambda: ("Completed", job, (True,)) in signals, "the end of the copy")
    jobs = [path for path in managed(bus) if path.startswith(f"{ROOT}/jobs/")]
    assert len(jobs) <= 129 and job in jobs and first not in jobs
    assert any(member == "InterfacesRemoved" and arguments[0] == first for member, _, arguments in signals)
    with pytest.raises(Exception, match="UnknownObject"):
        bus.at(first, "Job").GetResult(token=user.token)
