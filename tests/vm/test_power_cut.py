# SPDX-License-Identifier: MIT
"""The power fails while files are uploaded: what was acknowledged is there, nothing is torn, nothing is left behind.

The disks lose what was not flushed, in part and in any order (disk_server.py), which is worse than kill -9 of the whole machine.
BALUHOST_POWER_CUTS says how often (default 3), BALUHOST_POWER_SEED makes a run repeat its choices.
"""

import dataclasses
import hashlib
import os
import random
import threading

import pytest
import requests

from nas import ADMIN

CUTS = int(os.environ.get("BALUHOST_POWER_CUTS", "3"))
SEED = int(os.environ.get("BALUHOST_POWER_SEED", str(random.SystemRandom().randrange(2**32))))
CLIENTS = 6
SIZES = (0, 1, 4095, 4097, 60_000, 300_000, 2_000_000)


@dataclasses.dataclass
class Ledger:
    """What clients were told. possible: path → digests of what the file may be now, None for no file."""

    possible: dict = dataclasses.field(default_factory=dict)
    acknowledged: int = 0
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def begin(self, path, digest):
        with self.lock:
            self.possible[path] = self.possible.get(path, {None}) | {digest}

    def acknowledge(self, path, digest):
        with self.lock:
            self.possible[path] = {digest}
            self.acknowledged += 1


class Client(threading.Thread):
    """Uploads and replaces files in a folder of its own until the machine is gone."""

    def __init__(self, url, token, folder, seed, ledger):
        super().__init__(daemon=True)
        self.url = f"{url}/api/files/content/{folder}%2F"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.folder = folder
        self.random = random.Random(seed)
        self.ledger = ledger
        self.surprise = None

    def run(self):
        session = requests.Session()
        session.trust_env = False
        while True:
            name = str(self.random.randrange(12))
            content = self.random.randbytes(self.random.choice(SIZES))
            digest = hashlib.sha256(content).hexdigest()
            self.ledger.begin(f"{self.folder}/{name}", digest)
            try:
                # A machine without power does not say that it goes.
                reply = session.put(self.url + name, data=content, headers=self.headers, params={"overwrite": "true", "parents": "true"}, timeout=(5, 60))
            except requests.RequestException:
                return
            if reply.status_code not in (200, 201):
                self.surprise = f"{reply.status_code} {reply.text}"
                return
            self.ledger.acknowledge(f"{self.folder}/{name}", digest)


@pytest.fixture(scope="module")
def nas(make_nas):
    nas = make_nas(loses_writes=True)
    nas.make_first_admin()
    nas.run("systemctl enable --now baluhostd baluhost-web")
    return nas


def digests(nas):
    """{path: sha256} of all files that anybody can see, from the disk itself."""
    listing = nas.output("cd /srv/baluhost && find . -path ./.baluhost -prune -o -type f -print0 | xargs -0r sha256sum")
    return {path.removeprefix("./"): digest for digest, path in (line.split("  ", 1) for line in listing.splitlines())}


def check(nas, ledger, web):
    found = digests(nas)
    for path, possible in ledger.possible.items():
        assert found.get(path) in possible, f"{path} is {found.get(path)}, and not one of {possible}"
    assert set(found) <= set(ledger.possible)
    assert nas.output("ls -A /srv/baluhost/.baluhost/staging") == ""
    # Every file has an owner, and they take up what the service says that they do.
    owned = nas.output("cd /srv/baluhost && getfattr -R --absolute-names -n user.baluhost.owner . 2>/dev/null | grep -c ^user.baluhost.owner || true")
    assert int(owned) >= len(found)
    on_disk = int(nas.output("cd /srv/baluhost && find . -path ./.baluhost/staging -prune -o -type f -printf '%s\\n' | awk '{s += $1} END {print s + 0}'"))
    usage = web.get("files/usage").json()
    assert usage["used_bytes"] == on_disk
    assert usage["reserved_bytes"] == 0
    # And through the bridge they are what they are on the disk.
    for path in sorted(found)[:: max(1, len(found) // 10)]:
        assert hashlib.sha256(web.download(path).content).hexdigest() == found[path]
    ledger.possible = {path: {found.get(path)} for path in ledger.possible}


def upload_until_the_power_fails(nas, chance, ledger):
    web = nas.web().login(*ADMIN)
    clients = [Client(web.url, web.token, f"client-{number}", chance.randrange(2**32), ledger) for number in range(CLIENTS)]
    before = ledger.acknowledged
    for client in clients:
        client.start()
    # In the midst of it: when so many have been acknowledged, between two writes.
    wanted = before + chance.randrange(10, 40)
    nas.wait_for(lambda: ledger.acknowledged >= wanted or any(not client.is_alive() for client in clients), "uploads")
    lost = nas.machine.lose_power(chance.randrange(2**32), after_writes=chance.randrange(1, 200))
    for client in clients:
        client.join(120)
    assert [client.surprise for client in clients if client.surprise] == []
    return lost


def test_no_acknowledged_upload_is_lost_or_torn_when_the_power_fails(nas):
    print(f"BALUHOST_POWER_SEED={SEED} BALUHOST_POWER_CUTS={CUTS}")
    chance = random.Random(SEED)
    ledger = Ledger()
    lost_writes = 0
    for number in range(CUTS):
        lost = upload_until_the_power_fails(nas, chance, ledger)
        lost_writes += lost["root"]["writes_lost"]
        print(f"cut {number + 1}: {ledger.acknowledged} uploads acknowledged so far, lost writes: {lost['root']}")
        nas.machine.start()
        check(nas, ledger, nas.web().login(*ADMIN))
    assert lost_writes > 0, "no write was lost, so the cuts were none"
    # The filesystem as a whole, and the database.
    nas.run("systemctl stop baluhost-web baluhostd")
    integrity = "import sqlite3; print(sqlite3.connect('/var/lib/baluhost/baluhost.db').execute('PRAGMA integrity_check').fetchone()[0])"
    assert nas.output(["/usr/bin/python3", "-c", integrity]) == "ok"
