# SPDX-License-Identifier: MIT
"""./dev disk: what can happen to disks, for people."""

from .bus import BusError
from .disks import Disks

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class BadArgument(Exception):
    pass


def size(text):
    """Bytes, from a number with a decimal unit: 20G."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    try:
        return int(float(number) * UNITS[unit])
    except (KeyError, ValueError):
        raise BadArgument(f"not a size (20G, 500M): {text}") from None


def whole(text):
    try:
        return int(text)
    except ValueError:
        raise BadArgument(f"not a number: {text}") from None


def print_list(disks):
    print(f"{'disk':<9}{'size':>8}  {'°C':>3}  {'model':<36}{'serial':<20}{'array':<8}state")
    for row in disks.List():
        state = [word for word, holds in (("pulled", not row["present"]), ("failed", row["failed"]), ("asleep", row["asleep"])) if holds]
        arrays = ",".join(row["arrays"]) or "-"
        line = f"{row['name']:<9}{row['size'] / 10**9:>5.0f} GB  {row['celsius']:>3}  {row['model'] or '-':<36}{row['serial']:<20}{arrays:<8}"
        print(line + (", ".join(state) or "well"))


def age(disks, name, attribute=None, raw=None):
    if attribute is None:
        disks.Age(name)
    else:
        disks.SetAttribute(name, whole(attribute), whole(raw or "1"))


def add(disks, amount, bus="", model="", serial=""):
    print(disks.Add(size(amount), model, serial, bus))


def inject(disks, method, message="", times="1"):
    """The next calls of that method of UDisks2 fail."""
    disks.InjectError(method, "Failed", message or "It was asked to fail", whole(times))


# verb: (arguments as written in the help, fewest, what it does, the work)
VERBS = {
    "list": ("", 0, "show the disks", print_list),
    "fail": ("DISK", 1, "reading and writing it gives errors from now on", lambda disks, name: disks.Fail(name)),
    "mend": ("DISK", 1, "no more errors; what SMART has counted stays", lambda disks, name: disks.Mend(name)),
    "pull": ("DISK", 1, "it is gone, as when its cable is pulled", lambda disks, name: disks.Pull(name)),
    "return": ("DISK [NEW-NAME]", 1, "a pulled disk comes back, perhaps under another name", lambda disks, name, new="": disks.Return(name, new)),
    "add": ("SIZE [ata|usb|nvme [MODEL [SERIAL]]]", 1, "a new disk: ./dev disk add 20G", add),
    "forget": ("DISK", 1, "a pulled disk will not come back", lambda disks, name: disks.Forget(name)),
    "age": ("DISK [ATTRIBUTE RAW]", 1, "more bad sectors, or a SMART attribute of your choice: ./dev disk age sdc 197 8", age),
    "temp": ("DISK DEGREES", 2, "how warm it is", lambda disks, name, degrees: disks.SetTemperature(name, whole(degrees))),
    "sleep": ("DISK", 1, "it stops spinning", lambda disks, name: disks.Sleep(name)),
    "speed": ("SIZE", 1, "how many bytes a second a rebuild or a scrub does: ./dev disk speed 50M", lambda disks, speed: disks.SetSpeed(float(size(speed)))),
    "mismatches": ("ARRAY COUNT", 2, "what the next scrub finds", lambda disks, array, count: disks.SetMismatches(array, whole(count))),
    "error": ("METHOD [TEXT [TIMES]]", 1, 'the next call of a method of UDisks2 fails: ./dev disk error Format "I/O error"', inject),
    "time": ("SECONDS", 1, "let that much time pass at once", lambda disks, seconds: disks.Advance(float(whole(seconds)))),
    "reboot": ("", 0, "what becomes of arrays and mounts when the machine starts anew", lambda disks: disks.Reboot()),
    "reset": ("", 0, "all disks as in the beginning; what was on them is lost", lambda disks: disks.Reset()),
}


def print_help():
    print("A disk is given by its name or serial number.\n")
    for verb, (arguments, _fewest, text, _work) in VERBS.items():
        print(f"  ./dev disk {verb + ' ' + arguments:<48}{text}")
    return 0


def run(bus_address, verb, arguments):
    """Does it and returns the exit status."""
    from .dev import UsageError

    if verb == "help":
        return print_help()
    if verb not in VERBS:
        raise UsageError(f"not something that happens to disks: {verb} (./dev disk help)")
    usage, fewest, _text, work = VERBS[verb]
    most = len(usage.replace("[", "").replace("]", "").split())
    if not fewest <= len(arguments) <= most:
        raise UsageError(f"usage: ./dev disk {verb} {usage}")
    with Disks(bus_address) as disks:
        try:
            work(disks, *arguments)
        except (BadArgument, BusError) as error:
            raise UsageError(getattr(error, "message", None) or str(error)) from None
    return 0
