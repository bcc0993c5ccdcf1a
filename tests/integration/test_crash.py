# SPDX-License-Identifier: MIT
"""kill -9 of the service at random moments during parallel uploads: no acknowledged upload lost or torn, nothing left in staging, quota exact.

BALUHOST_CRASH_ROUNDS says how often (default 200), BALUHOST_CRASH_SEED makes a run repeat its choices.
"""

import contextlib
import hashlib
import os
import random
import sqlite3
import threading
import time

from gi.repository import GLib

from support.bus import BusError

ROUNDS = int(os.environ.get("BALUHOST_CRASH_ROUNDS", "200"))
SEED = int(os.environ.get("BALUHOST_CRASH_SEED", str(random.SystemRandom().randrange(2**32))))
CLIENTS = 4


class Ledger:
    """What clients were told. path → digests that the file may have now: exactly one, unless an answer is outstanding."""

    def __init__(self):
        self.lock = threading.Lock()
        self.possible = {}  # None: the file is missing

    def begin(self, path, digest):
        with self.lock:
            self.possible[path] = self.possible.get(path, {None}) | {digest}

    def acknowledge(self, path, digest):
        with self.lock:
            self.possible[path] = {digest}


class Client(threading.Thread):
    """Uploads, replaces and deletes in a folder of its own until the service is gone."""

    def __init__(self, sandbox, number, seed, token, ledger, prefix=""):
        super().__init__()
        self.sandbox = sandbox
        self.number = number
        self.prefix = prefix
        self.random = random.Random(seed)
        self.token = token
        self.ledger = ledger
        self.acknowledged = 0
        self.uploaded = 0
        self.surprise = None

    def run(self):
        try:
            with self.sandbox.bus() as bus:
                while True:
                    self.act(bus)
        except (GLib.Error, BusError) as error:
            if not is_about_the_crash(error):
                self.surprise = error
        except Exception as error:  # pylint: disable=broad-except
            self.surprise = error

    def act(self, bus):
        path = f"{self.prefix}client-{self.number}/{self.random.randrange(30)}"
        if self.random.random() < 0.2:
            self.ledger.begin(path, None)
            bus.Files.Delete(path, missing_ok=True, token=self.token)
            self.ledger.acknowledge(path, None)
        else:
            content = self.random.randbytes(self.random.choice((0, 1, 100, 5000, 200_000)))
            digest = hashlib.sha256(content).hexdigest()
            upload, descriptor = bus.Files.BeginUpload(path, len(content), overwrite=True, parents=True, token=self.token)
            with open(descriptor, "wb", closefd=True) as file:
                file.write(content)
            self.ledger.begin(path, digest)
            bus.at(upload, "Upload").Commit(size=len(content), token=self.token)
            self.ledger.acknowledge(path, digest)
            self.uploaded += 1
        self.acknowledged += 1


def is_about_the_crash(error):
    """Errors of a call whose service went away."""
    text = str(error)
    return any(
        name in text
        for name in ("NoReply", "ServiceUnknown", "NameHasNoOwner", "Disconnected", "message recipient disconnected", "UnknownObject", "UnknownMethod")
    )


def digest_on_disk(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def counted(directory):
    """Bytes of all files below a directory."""
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _folders, names in os.walk(directory) for name in names)


def counted_trash(trash):
    return sum(counted(item / "content") if (item / "content").is_dir() else (item / "content").stat().st_size for item in trash.iterdir())


def check(sandbox, bus, ledger, token, admin_token):
    storage = sandbox.storage_dir
    bus.Files.CreateFolder("after-recovery", parents=True, token=admin_token)  # waits for the end of recovery
    assert os.listdir(storage / ".baluhost" / "staging") == []
    for path, possible in ledger.possible.items():
        found = digest_on_disk(storage / path)
        assert found in possible, f"{path} is {found}, and not one of {possible}"
        ledger.possible[path] = {found}
    usage = bus.Files.GetUsage(token=token)
    trash = counted_trash(storage / ".baluhost" / "trash")
    assert usage["trash_bytes"] == trash
    assert usage["used_bytes"] == counted_own(storage) + trash
    assert usage["reserved_bytes"] == 0


def counted_own(storage):
    return sum(counted(storage / f"client-{number}") for number in range(CLIENTS))


def audited_uploads(sandbox):
    """Rows of the audit trail for uploads by the clients that succeeded. A service that was killed after its row was written has not answered."""
    database = sandbox.service_state_dir / "baluhost.db"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM audit WHERE action = 'upload' AND result = 0 AND username = 'alex'").fetchone()[0]


def test_no_acknowledged_upload_is_lost_or_torn(make_sandbox):
    print(f"BALUHOST_CRASH_SEED={SEED} BALUHOST_CRASH_ROUNDS={ROUNDS}")
    chance = random.Random(SEED)
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"quota": 0}})
    token, admin_token = sandbox.token("alex", "demo123"), sandbox.token("admin", "changeme")
    ledger = Ledger()
    acknowledged = uploaded = 0
    with sandbox.bus() as bus:
        for _ in range(ROUNDS):
            clients = [Client(sandbox, number, chance.randrange(2**32), token, ledger) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.0, 0.25))  # the moment of the crash: the randomness is the point
            sandbox.kill_service()
            for client in clients:
                client.join()
            surprises = [client.surprise for client in clients if client.surprise]
            assert not surprises, surprises
            acknowledged += sum(client.acknowledged for client in clients)
            uploaded += sum(client.uploaded for client in clients)
            sandbox.start_service()
            check(sandbox, bus, ledger, token, admin_token)
            if chance.random() < 0.1:
                bus.Files.PurgeTrash("", token=token)
                check(sandbox, bus, ledger, token, admin_token)
    assert audited_uploads(sandbox) >= uploaded, "an upload was acknowledged that is not in the audit trail"
    assert acknowledged > ROUNDS, "hardly anything was acknowledged, so hardly anything was tested"
