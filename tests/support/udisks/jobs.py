# SPDX-License-Identifier: MIT
"""Job objects."""

from gi.repository import UDisks

from . import ROOT
from .calls import Call, Refused, answer, failed, spawn
from .clock import real_usec


class Job:
    """On the bus from creation until complete()."""

    def __init__(self, service, operation, objects, uid, *, cancelable=False):
        self.service = service
        self.uid = uid
        self.on_cancel = None
        self.path = service.next_job_path()
        self.skeleton = UDisks.JobSkeleton()
        self.set(operation=operation, objects=list(objects), start_time=real_usec(), started_by_uid=uid, cancelable=cancelable)
        self.skeleton.connect("handle-cancel", self._on_cancel)
        self.object = UDisks.ObjectSkeleton.new(self.path)
        self.object.add_interface(self.skeleton)
        service.manager.export(self.object)

    def set(self, **values):
        for name, value in values.items():
            self.skeleton.set_property(name.replace("_", "-"), value)

    def progress(self, fraction, rate, seconds_left):
        """rate and seconds_left: simulated."""
        speed = self.service.world.clock.rate
        usec = int(seconds_left / speed * 1_000_000)
        self.set(progress=fraction, progress_valid=True, rate=int(rate * speed), expected_end_time=real_usec() + usec)

    def complete(self, success=True, message=""):
        self.skeleton.flush()
        self.skeleton.emit_completed(success, message)
        self.service.manager.unexport(self.path)

    def _on_cancel(self, _skeleton, invocation, options):
        call = Call(self.service, invocation, options)
        spawn(answer(call, "Cancel", self._cancel(call)))
        return True

    async def _cancel(self, call):
        await call.authorize("cancel-job" if call.uid == self.uid else "cancel-job-other-user")
        if not self.skeleton.get_property("cancelable"):
            raise failed("The job cannot be canceled")
        if self.on_cancel is None:
            raise Refused("AlreadyCancelled", "The job has already been cancelled")
        on_cancel, self.on_cancel = self.on_cancel, None
        on_cancel()


def next_path(number):
    return f"{ROOT}/jobs/{number}"
