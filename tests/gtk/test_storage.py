# SPDX-License-Identifier: MIT
"""A person and their disks: seeing that one dies, replacing the right one, making an array of others."""

import contextlib
import os
import re
import time

import pytest

from support.bus import BusError
from support.sandbox import ADMIN

from notifications import Notifications
from screen import name, states

# From the event on, to what is on screen.
SOON_SECONDS = 2.0


@pytest.fixture
def disks(sandbox):
    """The simulated machine. A rebuild takes some seconds."""
    with sandbox.disks() as client:
        client.SetSpeed(2e9)
        yield client


@pytest.fixture
def storage(app, disks):
    app.resize(1000, 860)  # so that all of it is on screen
    app.show_page("Storage")
    app.find("list item", "md0, Optimal")
    return app


def card(app, title):
    """The bay with the disk of that name."""
    return app.find("list item", re.compile(rf"^{re.escape(title)} · "))


def array(bus, wanted):
    return next((found for found in bus.Storage.ListArrays() if found["name"] == wanted), None)


def disk(bus, wanted):
    return next(found for found in bus.Storage.ListDisks() if found["name"] == wanted)


def open_sheet(app, title):
    app.click(card(app, title))
    return app.dialog(title)


def wait_until_lit(app, button, within):
    """Waits until a button can be pressed."""
    pattern = re.compile(rf"(^|\s){re.escape(button)}$")
    app.wait(lambda: any("sensitive" in states(found) for found in app.all("push button", pattern, within)), f"{button} to be pressed")


# What there is


def test_shows_the_disks_and_arrays_of_the_nas(storage, bus):
    storage.find("label", "8 disks, 1 array, 0 pools")
    shown = storage.find("list item", re.compile("^sda · BaluHost Dev Disk 5GB .Mirror A. · …GB-A, 5.0.GB, Healthy, In an array, 28 °C$"))
    assert storage.has("label", "Healthy", shown)
    assert storage.has("list item", re.compile("^vda .*, System"))
    md0 = storage.row("md0, Optimal")
    assert storage.has("label", re.compile("^RAID 1 · 5.0.GB · 2 disks$"), md0)
    assert storage.has("label", array(bus, "md0")["state_text"], md0)
    assert len(storage.all("label", "Active", md0)) == 2
    assert storage.has("label", "Survives the failure of any 1 disk", md0)


def test_a_disk_that_is_pulled_stays_as_an_absent_one_and_comes_back(storage, disks):
    disks.Pull("sdb")
    storage.find("list item", re.compile("^sdb · .*, Absent, "))
    storage.find("label", re.compile("^Degraded: expected .*BALU-DEV-5GB-B"))
    storage.find("label", "Missing")
    disks.Return("sdb", "")
    storage.find("list item", re.compile("^sdb · .*, Healthy, "))


def test_says_that_disks_are_not_available_without_udisks_and_finds_them_again(storage, sandbox, bus):
    sandbox.stop_udisks()
    storage.find("panel", "Disks Are Not Available")
    storage.find("label", bus.get_property("/org/baluhost/NAS1", "Storage", "Problem"))
    assert not storage.has("list item", re.compile("sda"))
    sandbox.start_udisks()
    storage.find("list item", "md0, Optimal")
    card(storage, "sda")


def test_survives_a_restart_of_the_service(storage, sandbox, disks):
    sandbox.kill_service()
    storage.find("label", "The NAS Service Is Not Running")
    disks.Fail("sdb")
    sandbox.start_service()
    storage.find("list item", "md0, Degraded")
    assert storage.is_page("Storage")
    # And follows what happens from then on.
    disks.Pull("sdc")
    storage.gone("list item", re.compile("^sdc · "))


def test_whoever_is_no_administrator_sees_all_and_changes_nothing(storage):
    storage.activate("win.sign-in")
    storage.enter("User Name", "maria")
    storage.enter("Password", "demo123")
    storage.press("Sign In")
    storage.find("label", "maria")
    storage.row("md0, Optimal")
    card(storage, "sda")
    assert not storage.has("push button", re.compile("What to do with|New array or pool"))


# A disk dies


def test_shows_within_two_seconds_that_a_disk_has_failed(storage, disks):
    before = time.monotonic()
    disks.Fail("sdb")
    storage.find("list item", "md0, Degraded")
    alert = storage.find("alert")
    assert time.monotonic() - before < SOON_SECONDS
    assert "md0" in name(alert)
    storage.find("list item", re.compile("^sdb · .*, Failed, "))
    storage.find("label", re.compile("^Degraded: .*BALU-DEV-5GB-B.* has failed"))


def test_an_alert_is_on_every_page_until_somebody_knows(app, disks, bus):
    disks.Fail("sdb")
    title = name(app.find("alert"))
    for page in ("Trash", "Users", "Storage", "Files"):
        app.show_page(page)
        app.find("alert", title)
    app.press("Show")
    app.wait(lambda: app.is_page("Storage"), "the page Storage")
    app.press("Acknowledge", app.find("list item", title))
    app.find("label", re.compile("acknowledged$"))
    alerts = bus.Manager.ListAlerts()
    assert title in [alert["title"] for alert in alerts if alert["acknowledged_usec"]]
    left = [alert["title"] for alert in alerts if not alert["acknowledged_usec"]]
    app.wait(lambda: [name(found) for found in app.all("alert")] == left[:1], "the next alert, or none")


def test_the_assistant_names_the_failed_disk_and_repairs_with_another_one(storage, disks, bus):
    disks.Fail("sdb")
    storage.press("Repair…")
    dialog = storage.dialog("Repair Array")
    storage.find("label", re.compile("^sdb · .*…GB-B$"), dialog)
    storage.find("label", "Failed: take it out", dialog)
    storage.find("label", re.compile("^sdc · .*…GB-A$"), dialog)
    # Another one than what is proposed, but none that the array still needs.
    storage.press("Choose Another Disk…", dialog)
    chooser = storage.dialog("Replacement")
    assert not storage.has("check box", re.compile("^sda|^vda"), chooser)
    storage.tick(re.compile("^sdd · "), chooser)
    storage.press("Choose", chooser)
    storage.find("label", re.compile("^sdd · .*…GB-B$"), dialog)
    storage.press("Repair", dialog)
    storage.find("label", "Done", dialog)
    assert array(bus, "md0")["state"] == "optimal"
    assert disk(bus, "sdd")["usage"] == "array"
    storage.keys("Escape")
    storage.find("list item", "md0, Optimal")
    storage.gone("alert", re.compile("md0"))


def test_the_assistant_shows_how_far_the_rebuild_is_and_can_be_closed(storage, disks):
    disks.SetSpeed(20e6)
    disks.Fail("sdb")
    storage.press("Repair…")
    dialog = storage.dialog("Repair Array")
    storage.press("Repair", dialog)
    storage.find("progress bar", "Repair of an array", dialog)
    storage.keys("Escape")
    storage.find("list item", "md0, Rebuilding")
    storage.find("list item", "Repair of an array")
    storage.find("label", re.compile(r"^\d+ % · 20.0.MB/s · .* left$"))
    disks.Advance(3600)
    storage.find("list item", "md0, Optimal")
    storage.gone("list item", "Repair of an array")


def test_the_assistant_says_why_there_is_nothing_to_repair_with(storage, disks, bus):
    for serial in ("sdc", "sdd", "sde", "sdf", "sdg"):
        disks.Pull(serial)
    disks.Fail("sdb")
    storage.press("Repair…")
    dialog = storage.dialog("Repair Array")
    storage.find("panel", "This Cannot Be Done", dialog)
    with pytest.raises(BusError) as refused:
        bus.Storage.PlanRepair(array(bus, "md0")["path"])
    storage.find("label", refused.value.message, dialog)


def test_says_what_would_be_lost_if_a_disk_died(storage, bus):
    storage.press("What If a Disk Dies?")
    storage.find("status bar", re.compile("^Choose a disk above"))
    storage.click(card(storage, "sda"))
    storage.find("list item", re.compile("^sda · .*, Would be dead, "))
    storage.find("label", "Still available")
    storage.click(card(storage, "sdb"))
    storage.find("label", "Lost")
    storage.click(card(storage, "sdb"))
    storage.find("label", "Still available")
    storage.press("What If a Disk Dies?")
    storage.gone("label", "Still available")
    assert array(bus, "md0")["state"] == "optimal"


def test_the_bays_are_for_the_keyboard_too(storage):
    storage.keys("Right", "Right", "Return")
    storage.dialog("sdc")
    storage.keys("Escape")
    storage.keys("ctrl+d", "Return")
    storage.find("list item", re.compile("^sdc · .*, Would be dead, "))


# Arrays are made and changed


def choose_disks(app, *names):
    app.keys("ctrl+n")
    dialog = app.dialog("New Array")
    for wanted in names:
        app.tick(re.compile(rf"^{wanted} · "), dialog)
    app.find("label", f"{len(names)} disks chosen", dialog)
    app.press("Next", dialog)
    return dialog


def test_makes_an_array_and_compares_the_levels_for_just_these_disks(storage, disks, bus):
    dialog = choose_disks(storage, "sdc", "sdd", "sde")
    levels = {level["level"]: level for level in bus.Storage.CompareLevels([disk(bus, wanted)["path"] for wanted in ("sdc", "sdd", "sde")])}
    storage.find("check box", re.compile("^RAID 5, 20.0.GB"), dialog)
    assert round(levels["raid5"]["usable_bytes"] / 1e9, 1) == 20.0
    storage.find("check box", re.compile("^RAID 1, 10.0.GB"), dialog)
    storage.find("label", levels["raid6"]["reason"], dialog)
    storage.tick(re.compile("^RAID 5"), dialog)
    storage.enter("Name of the Array", "tank", dialog)
    storage.press("Next", dialog)
    storage.find("label", "Survives the failure of any 1 disk", dialog)
    assert not storage.has("text", "Name, as Confirmation", dialog)  # nothing is on them
    assert array(bus, "tank") is None
    storage.press("Create Array", dialog)
    storage.find("label", "Done", dialog)
    storage.keys("Escape")
    storage.find("list item", re.compile("^tank, "))
    assert array(bus, "tank")["level"] == "raid5"


def test_what_would_be_lost_has_to_be_confirmed_by_the_name(storage, disks, bus):
    disks.SetContent("sdd", "filesystem", "ext4")
    dialog = choose_disks(storage, "sdc", "sdd")
    storage.tick(re.compile("^RAID 1,"), dialog)
    storage.enter("Name of the Array", "tank", dialog)
    storage.press("Next", dialog)
    storage.find("label", re.compile("is lost: .*ext4"), dialog)
    storage.enter("Name, as Confirmation", "Tank", dialog)
    button = storage.find("push button", re.compile("Create Array"), dialog)
    assert "sensitive" not in states(button)
    assert array(bus, "tank") is None
    storage.enter("Name, as Confirmation", "tank", dialog)
    wait_until_lit(storage, "Create Array", dialog)
    storage.press("Create Array", dialog)
    storage.find("label", "Done", dialog)
    assert array(bus, "tank")["level"] == "raid1"


def test_a_plan_that_is_no_longer_true_is_not_carried_out(storage, disks, bus):
    dialog = choose_disks(storage, "sdc", "sdd")
    storage.tick(re.compile("^RAID 1,"), dialog)
    storage.press("Next", dialog)
    wait_until_lit(storage, "Create Array", dialog)
    disks.SetContent("sdd", "filesystem", "ext4")
    storage.press("Create Array", dialog)
    storage.find("panel", "This Cannot Be Done", dialog)
    assert len(bus.Storage.ListArrays()) == 1
    # Looked at again, it says what is there now.
    storage.press("Try Again", dialog)
    storage.find("label", re.compile("is lost: .*ext4"), dialog)


def test_adds_a_disk_and_takes_it_out_again(storage, bus):
    storage.choose("What to do with md0", re.compile("Add Disk"))
    chooser = storage.dialog("Add a Disk to “md0”")
    storage.tick(re.compile("^sde · "), chooser)
    storage.press("Choose", chooser)
    dialog = storage.dialog("Add Disk")
    storage.press("Add Disk", dialog)
    storage.find("label", "Done", dialog)
    storage.keys("Escape")
    storage.find("label", "Spare")
    storage.choose("What to do with md0", re.compile("Take out Disk"))
    chooser = storage.dialog("Take a Disk out of “md0”")
    assert not storage.has("check box", re.compile("^sdd"), chooser)
    storage.tick(re.compile("^sde · "), chooser)
    storage.press("Take Out", chooser)
    storage.gone("label", "Spare")
    assert [member["name"] for member in array(bus, "md0")["members"] if member["state"] in ("active", "spare")] == ["sda1", "sdb1"]


def test_checks_an_array_and_says_what_differed(storage, disks):
    disks.SetMismatches("md0", 16)
    disks.SetSpeed(20e6)
    storage.choose("What to do with md0", re.compile("^(_Check )?Check$"))
    storage.find("list item", "md0, Checking")
    disks.Advance(3600)
    storage.find("label", re.compile("^Checked: .* differed$"))


def test_stops_starts_and_deletes_an_array(storage, bus):
    storage.choose("What to do with md0", re.compile("Stop…$"))
    storage.press("Stop", storage.dialog("Stop “md0”?"))
    storage.find("list item", "md0, Stopped")
    storage.choose("What to do with md0", re.compile("^(_Start )?Start$"))
    storage.find("list item", "md0, Optimal")
    storage.choose("What to do with md0", re.compile("Delete…$"))
    dialog = storage.dialog("Delete Array")
    storage.enter("Name, as Confirmation", "md0", dialog)
    wait_until_lit(storage, "Delete Array", dialog)
    storage.press("Delete Array", dialog)
    storage.find("label", "Done", dialog)
    storage.keys("Escape")
    storage.find("label", re.compile("^There is no array yet"))
    assert bus.Storage.ListArrays() == []
    assert disk(bus, "sda")["usage"] == "data"  # its partitions are still there


# One disk


def test_the_sheet_of_a_disk_says_in_plain_words_how_it_is(storage, disks, bus):
    disks.Age("sdc")
    dialog = open_sheet(storage, "sdc")
    storage.find("label", "BALU-DEV-10GB-A", dialog)
    storage.press("Read the values now", dialog)
    storage.find("label", re.compile("^Read: "), dialog)
    attributes = storage.wait(lambda: bus.at(disk(bus, "sdc")["path"], "Disk").GetSmart(), "attributes")
    for attribute in attributes:
        storage.find("list item", attribute["title"], dialog)
    chosen = next(attribute for attribute in attributes if attribute["id"] == 197)
    # By the keyboard, from above: it is far down.
    storage.find("list item", chosen["title"], dialog)
    row = chosen["title"]
    storage.wait(lambda: storage.xdotool("key", "Tab") or any("focused" in states(found) for found in storage.all("list item", row, dialog)), f"the keyboard at {row!r}")
    storage.keys("Return")
    storage.find("image", re.compile("^" + re.escape(chosen["title"])), dialog)


def test_a_selftest_of_a_disk_runs_and_ends(storage, disks):
    disks.SetSelftestDuration(600, 6000)
    dialog = open_sheet(storage, "sdc")
    storage.press("Short", dialog)
    storage.find("label", "Running", dialog)
    storage.press("Abort", dialog)
    storage.find("label", "Aborted", dialog)


def test_a_bay_gets_a_name(storage, bus):
    dialog = open_sheet(storage, "sdc")
    storage.enter("Bay", "Bay 3", dialog)
    storage.press("Apply", dialog)
    storage.dialog("Bay 3")
    storage.keys("Escape")
    card(storage, "Bay 3")
    assert disk(bus, "sdc")["slot"] == "Bay 3"
    # A name that is taken stays with the disk that has it.
    dialog = open_sheet(storage, "sdd")
    storage.enter("Bay", "Bay 3", dialog)
    storage.press("Apply", dialog)
    storage.find("alert", re.compile("Bay 3"), dialog)
    assert disk(bus, "sdd")["slot"] == ""


# Pools


def pool(bus, wanted):
    return next((found for found in bus.Storage.ListPools() if found["name"] == wanted), None)


@pytest.fixture
def photos(storage, bus):
    """A pool on the array."""
    storage.keys("ctrl+shift+n")
    dialog = storage.dialog("New Pool")
    storage.enter("Name of the Pool", "Photos", dialog)
    storage.press("Next", dialog)
    wait_until_lit(storage, "Create Pool", dialog)
    assert pool(bus, "Photos") is None
    storage.press("Create Pool", dialog)
    storage.find("label", "Done", dialog)
    storage.keys("Escape")
    storage.find("list item", "Photos, Ready")
    return storage


def test_makes_a_pool_that_is_a_folder_of_the_nas(photos, bus):
    made = pool(bus, "Photos")
    assert made["filesystem"] == "ext4"
    assert made["source"] == array(bus, "md0")["path"]
    photos.find("label", re.compile("^ext4 · RAID 1 · md0$"))
    photos.show_page("Files")
    photos.row("Photos")


def test_a_pool_is_unmounted_and_mounted_and_says_what_that_ends(photos, bus):
    upload, descriptor = bus.Files.BeginUpload("Photos/sea.jpg", 1000)
    photos.choose("What to do with Photos", re.compile("Unmount…$"))
    dialog = photos.dialog("Unmount “Photos”?")
    photos.find("label", re.compile("It is in use, which would end:\n• "), dialog)
    photos.press("Cancel", dialog)
    os.close(descriptor)
    bus.at(upload, "Upload").Abort()
    photos.choose("What to do with Photos", re.compile("Unmount…$"))
    dialog = photos.dialog("Unmount “Photos”?")
    assert not photos.has("label", re.compile("in use"), dialog)
    photos.press("Unmount", dialog)
    photos.find("list item", "Photos, Not mounted")
    photos.choose("What to do with Photos", re.compile("^(_Mount )?Mount$"))
    photos.find("list item", "Photos, Ready")


def test_a_pool_is_renamed_and_made_the_default(photos, bus):
    photos.choose("What to do with Photos", re.compile("Rename…$"))
    dialog = photos.dialog("Rename “Photos”")
    photos.enter("Name", "Pictures", dialog)
    photos.press("Rename", dialog)
    row = photos.find("list item", "Pictures, Ready")
    photos.choose("What to do with Pictures", re.compile("Make It the Default$"))
    photos.find("label", "Default", row)
    assert pool(bus, "Pictures")["is_default"]


def test_a_pool_is_deleted_by_its_name_only(photos, bus):
    photos.choose("What to do with Photos", re.compile("Delete…$"))
    dialog = photos.dialog("Delete Pool")
    photos.enter("Name, as Confirmation", "Photos", dialog)
    wait_until_lit(photos, "Delete Pool", dialog)
    photos.press("Delete Pool", dialog)
    photos.find("label", "Done", dialog)
    photos.keys("Escape")
    photos.find("label", re.compile("^There is no pool yet"))
    assert pool(bus, "Photos") is None


def test_a_pool_of_a_degraded_array_is_a_degraded_one(photos, disks):
    disks.Fail("sdb")
    photos.find("list item", "Photos, Degraded")


# The desktop


@pytest.fixture
def notifications():
    with contextlib.closing(Notifications()) as shown:
        yield shown


def about(notifications, text):
    """The number of the notification whose title has this in it, or None."""
    return next((number for number, (title, _body, _actions) in notifications.shown.items() if text in title), None)


def test_the_desktop_is_told_of_an_alert_which_leads_to_the_page(notifications, app, disks):
    disks.Fail("sdb")
    number = app.wait(lambda: about(notifications, "md0"), "a notification")
    title, body, actions = notifications.shown[number]
    assert "BALU-DEV-5GB-B" in body
    assert "default" in actions
    assert title == name(app.find("alert"))
    assert app.is_page("Files")
    notifications.choose(number)
    app.wait(lambda: app.is_page("Storage"), "the page Storage")


def test_a_notification_is_taken_back_when_the_alert_is_over(notifications, app, disks, sandbox, bus):
    disks.Fail("sdb")
    app.wait(lambda: about(notifications, "md0"), "a notification")
    bus.at(array(bus, "md0")["path"], "Array").Repair(token=sandbox.token(*ADMIN))
    app.wait(lambda: not about(notifications, "md0"), "no notification about the array any more")


def test_a_notification_is_taken_back_when_somebody_knows(notifications, app, disks, bus):
    disks.Fail("sdb")
    app.wait(lambda: about(notifications, "md0"), "a notification")
    for alert in bus.Manager.ListAlerts():
        bus.at(alert["path"], "Alert").Acknowledge()
    app.wait(lambda: not about(notifications, "md0"), "no notification about the array any more")
    app.gone("alert", re.compile("md0"))
