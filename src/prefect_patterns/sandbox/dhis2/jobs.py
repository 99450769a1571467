"""The server's background job that makes the analytics tables, and what it says of itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Protocol

from prefect_patterns.sandbox.dhis2.metadata import Object
from prefect_patterns.sandbox.dhis2.scaled import copy_id

__all__ = ["ANALYTICS_TABLE", "Job", "Jobs", "Server"]

ANALYTICS_TABLE = "ANALYTICS_TABLE"

_STEPS = ("Analytics table update process started", "Updating resource tables", "Updating analytics tables")
_DONE = "Analytics tables updated"
_SECONDS = timedelta(seconds=2)


class Server(Protocol):
    """What the job works on."""

    analytics: str
    tables_made: datetime

    def now(self) -> datetime:
        """Return the server's time."""
        ...


@dataclass(slots=True)
class Job:
    """One run of the job.

    Args:
        id: Its uid.
        started: When.
        parameters: What it was asked to do.
        seen: How often somebody has asked how it goes.
        finished: When it was done; None while it runs.
    """

    id: str
    started: datetime
    parameters: Object
    seen: int = 0
    finished: datetime | None = None
    notes: list[Object] = field(default_factory=list)


class Jobs:
    """All jobs of one server.

    A job takes two seconds of the server's clock, or as long as it takes to ask three times: a clock that stands still
    must not stop it.

    Args:
        site: The server, whose tables the job makes.
    """

    def __init__(self, site: Server) -> None:
        self._site = site
        self._jobs: dict[str, Job] = {}
        self._lock = RLock()  # requests come from several threads

    def start(self, parameters: Object) -> Job:
        """Start to make the analytics tables.

        Args:
            parameters: What the request asks for, as `lastYears`.
        """
        with self._lock:
            job = Job(copy_id("analytics job", len(self._jobs) + 1), self._site.now(), parameters)
            self._jobs[job.id] = job
            self._note(job)
            return job

    def settle(self) -> None:
        """Let the jobs end whose time is over."""
        with self._lock:
            for job in self._jobs.values():
                if job.finished is None and self._site.now() - job.started >= _SECONDS:
                    self._finish(job)

    def notifications(self, uid: str) -> list[Object]:
        """Return what a job has said, the newest first; nothing of a job that is not known."""
        self.settle()
        with self._lock:
            job = self._jobs.get(uid)
            if job is None:
                return []
            job.seen += 1
            if job.finished is None and job.seen > len(_STEPS):
                self._finish(job)
            elif job.finished is None and len(job.notes) < min(job.seen, len(_STEPS)):
                self._note(job)
            return job.notes[::-1]

    def all_notifications(self) -> dict[str, list[Object]]:
        """Return what each job has said, by its uid."""
        self.settle()
        with self._lock:
            return {uid: job.notes[::-1] for uid, job in self._jobs.items()}

    def _finish(self, job: Job) -> None:
        job.finished = self._site.now()
        while len(job.notes) < len(_STEPS):
            self._note(job)
        self._say(job, _DONE, completed=True)
        skipped = job.parameters.get("skipTables", [])
        if not isinstance(skipped, list) or "DATA_VALUE" not in skipped:
            self._site.analytics = "fresh"
            self._site.tables_made = job.finished

    def _note(self, job: Job) -> None:
        self._say(job, _STEPS[len(job.notes)], completed=False)

    def _say(self, job: Job, message: str, *, completed: bool) -> None:
        moment = self._site.now()
        job.notes.append(
            {
                "uid": copy_id(job.id, len(job.notes) + 1),
                "id": copy_id(job.id, len(job.notes) + 1),
                "level": "INFO",
                "category": ANALYTICS_TABLE,
                "time": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}",
                "message": message,
                "completed": completed,
            }
        )
