# SPDX-License-Identifier: MIT
"""SMART as disks keep it and as libatasmart words it."""

import copy

from .clock import real_usec
from .model import Attribute, SmartReading

# Pretty units of libatasmart.
NONE, MSECONDS, SECTORS, MKELVIN = 1, 2, 3, 4

# id: name, flags, unit, threshold
KNOWN = {
    1: ("raw-read-error-rate", 0x000F, NONE, 6),
    3: ("spin-up-time", 0x0003, MSECONDS, 0),
    4: ("start-stop-count", 0x0032, NONE, 20),
    5: ("reallocated-sector-count", 0x0033, SECTORS, 36),
    7: ("seek-error-rate", 0x000F, NONE, 30),
    9: ("power-on-hours", 0x0032, MSECONDS, 0),
    10: ("spin-retry-count", 0x0013, NONE, 97),
    12: ("power-cycle-count", 0x0032, NONE, 20),
    187: ("reported-uncorrect", 0x0032, SECTORS, 0),
    188: ("command-timeout", 0x0032, NONE, 0),
    194: ("temperature-celsius-2", 0x0022, MKELVIN, 0),
    197: ("current-pending-sector", 0x0012, SECTORS, 0),
    198: ("offline-uncorrectable", 0x0010, SECTORS, 0),
    199: ("udma-crc-error-count", 0x003E, NONE, 0),
}
# What one sector, or one of what is counted, costs of the normalised value.
WEAR = {5: 0.5, 187: 1, 188: 1, 197: 1, 198: 1, 199: 0.1}


def new_attributes(disk):
    """What a healthy disk of that age says."""
    raw = {3: 420, 4: 61, 12: 58}
    attributes = {str(number): Attribute(raw.get(number, 0), threshold=KNOWN[number][3]) for number in KNOWN}
    attributes["194"].raw = disk.temperature
    return attributes


def hours(disk, now):
    return int(disk.power_on + max(0.0, now - disk.detected) / 3600)


def set_raw(disk, number, raw):
    """Sets the raw value of an attribute and wears the normalised one down or, where it falls, up again; the worst value stays."""
    attribute = disk.attributes.setdefault(str(number), Attribute(0, threshold=KNOWN[number][3]))
    attribute.raw = raw
    attribute.value = max(1, min(100, round(100 - raw * WEAR.get(number, 0))))
    attribute.worst = min(attribute.worst, attribute.value)
    if number == 194:
        disk.temperature = raw
    if attribute.threshold and attribute.value <= attribute.threshold and number in (1, 5, 7, 10):
        disk.self_assessment = False


def age(disk):
    """What bad sectors do to a disk, a step at a time: first they wait to be read again, then they are replaced."""
    raw = {number: disk.attributes[str(number)].raw for number in (5, 187, 197, 198)}
    set_raw(disk, 197, raw[197] + 8)
    set_raw(disk, 5, raw[5] + 16)
    set_raw(disk, 187, raw[187] + 2)
    set_raw(disk, 198, raw[198] + 4)
    disk.power_on += 24


def selftest_state(disk, now):
    """(status, percent remaining) of the self-test that the disk is doing or has done."""
    test = disk.selftest
    if test.status != "inprogress":
        return test.status, 0
    if now >= test.ends:
        bad = disk.failed or disk.attributes["198"].raw > 0
        disk.selftest.status = "error_read" if bad else "success"
        return disk.selftest.status, 0
    # The disk counts in tens.
    left = (test.ends - now) / (test.ends - test.started)
    return "inprogress", min(90, int(left * 10) * 10)


def read(disk, now):
    """Looks at the disk, as SmartUpdate does. This wakes it up."""
    disk.asleep = False
    disk.attributes["9"].raw = hours(disk, now)
    disk.attributes["194"].raw = disk.temperature
    status, remaining = selftest_state(disk, now)
    disk.reading = SmartReading(
        real_usec() // 1_000_000, not disk.self_assessment, disk.temperature + 273.15, copy.deepcopy(disk.attributes), status, remaining
    )


def pretty(number, raw):
    """(value, unit) in which libatasmart shows a raw value."""
    unit = KNOWN[number][2]
    if number == 9:
        return raw * 3_600_000, MSECONDS
    if unit == MKELVIN:
        return raw * 1000 + 273_150, MKELVIN
    return raw, unit


def is_failing(attribute):
    return attribute.value > 0 and attribute.threshold > 0 and attribute.value <= attribute.threshold


def has_failed(attribute):
    return attribute.worst > 0 and attribute.threshold > 0 and attribute.worst <= attribute.threshold


def rows(reading):
    """The attributes for SmartGetAttributes."""
    result = []
    for key in sorted(reading.attributes, key=int):
        number, attribute = int(key), reading.attributes[key]
        name, flags, _unit, _threshold = KNOWN[number]
        value, unit = pretty(number, attribute.raw)
        result.append((number, name, flags, attribute.value, attribute.worst, attribute.threshold, value, unit, {}))
    return result


def properties(disk):
    """What Drive.Ata says of SMART."""
    reading = disk.reading
    attributes = reading.attributes
    collected = reading.updated > 0
    return {
        "SmartSupported": True,
        "SmartEnabled": True,
        "SmartUpdated": reading.updated,
        "SmartFailing": reading.failing,
        "SmartPowerOnSeconds": attributes["9"].raw * 3600 if collected else 0,
        "SmartTemperature": reading.temperature,
        "SmartNumAttributesFailing": sum(map(is_failing, attributes.values())) if collected else -1,
        "SmartNumAttributesFailedInThePast": sum(map(has_failed, attributes.values())) if collected else -1,
        "SmartNumBadSectors": attributes["5"].raw + attributes["197"].raw if collected else 1,
        "SmartSelftestStatus": reading.selftest_status,
        "SmartSelftestPercentRemaining": reading.selftest_remaining if collected else -1,
    }
