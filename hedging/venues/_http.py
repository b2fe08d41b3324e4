"""HTTP as exchanges need it: credits, a deadline for the whole reply, and retries of what is worth retrying."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Thread
from typing import Any, Final

from hedging._extras import require
from hedging._ground import clock
from hedging._ground.counts import number_of
from hedging._ground.reading import parse_json
from hedging.errors import InputError, VenueError

__all__ = ["Credits", "Json", "Transport", "without_secrets"]

Json = Any

_LOG: Final = logging.getLogger(__name__)

_LARGEST: Final = 64 * 2**20  # bytes of a reply
_LONGEST_PAUSE: Final = 30.0  # seconds
_TRANSIENT_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


@dataclass(slots=True)
class Credits:
    """A bucket of request credits that refills at a steady rate, as exchanges count them.

    Attributes
    ----------
    pool : float
        Most credits that are ever there; the bucket starts full.
    refill : float
        Credits a second.
    clock : callable
        Time in seconds, from any start.
    """

    pool: float
    refill: float
    clock: Callable[[], float] = time.monotonic
    left: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self._seen = self.pool, self.clock()

    def wait_for(self, cost: float) -> float:
        """Take `cost` credits and return the seconds to wait until they are there."""
        now = self.clock()
        self.left = min(self.pool, self.left + (now - self._seen) * self.refill) - cost
        self._seen = now
        return max(0.0, -self.left / self.refill)


@dataclass(slots=True)
class Transport:
    """Gets JSON by HTTP GET, patient with an exchange that is busy and strict with one that is wrong.

    Attributes
    ----------
    timeout : float
        For connecting, and for each silence. [seconds]
    deadline : float
        For a whole request, from the first connection to the last byte, tries and pauses among them, however steadily
        head or body drip. A try that is not the last has half of what is left. [seconds]
    attempts : int
        Most tries of one request.
    backoff : float
        Pause after the first failed try; it doubles each time. [seconds]
    sleep, clock : callable
        Waiting and time, to be replaced in tests.
    """

    timeout: float = 10.0
    deadline: float = 60.0
    attempts: int = 5
    backoff: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _session: Any = field(default=None, init=False)

    def get(
        self,
        url: str,
        params: Mapping[str, Any],
        *,
        transient: Callable[[Json], bool] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Return the parsed reply, whatever its status, unless every try failed in a way worth retrying.

        Parameters
        ----------
        url : str
            Address.
        params : mapping
            Query.
        transient : callable, optional
            Whether a parsed reply is an error that a later try may not meet.
        headers : mapping, optional
            Request headers.

        Raises
        ------
        VenueError
            If there is no reply in time, it is cut off or no JSON, or stays transient to the last try.
        """
        failure, retry_after, shown, tries = "", 0.0, without_secrets(url), 0
        limit = min(self.deadline, clock.seconds_left())
        end = self.clock() + limit
        for attempt in range(self.attempts):
            pause = self._pause(attempt, retry_after) if attempt else 0.0
            if attempt and self.clock() + pause >= end:
                failure += (
                    f"; another try would come after the deadline of {number_of(limit, 'second', '.3g')}"
                )
                break
            if attempt:
                _LOG.info("%s: %s; asked again after %.1f s", shown, failure, pause)
            if pause:
                self.sleep(pause)
            tries += 1
            try:
                left = max(end - self.clock(), 0.0)
                allowed = left if attempt == self.attempts - 1 else left / 2.0
                status, retry_after, body = self._in_time(url, params, headers or {}, allowed)
            except _NoReplyError as error:
                failure, retry_after = str(error).replace(url, shown), 0.0
                continue
            reply, failure = _parsed(shown, status, body)
            if failure == "" and status not in _TRANSIENT_STATUS and not (transient and transient(reply)):
                if not 200 <= status < 300 and not _says_why(reply):
                    raise VenueError(f"{shown}: HTTP {status}: {_shortened(reply)}")
                return reply
            failure = failure or f"HTTP {status}: {_shortened(reply)}"
        told = number_of(tries, "try")
        raise VenueError(f"{shown}: no usable reply after {told}; the last: {failure}")

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _in_time(
        self, url: str, params: Mapping[str, Any], headers: Mapping[str, str], allowed: float
    ) -> tuple[int, float, bytes]:
        """Fetch within some seconds; what comes later is left to a thread that nobody waits for.

        No time-out of a socket holds while a byte comes now and then, least of all for the head of a reply.
        """
        made: Queue[tuple[int, float, bytes] | BaseException] = Queue()

        def fetch() -> None:
            try:
                made.put(self._fetch(url, params, headers, end))
            except BaseException as error:
                made.put(error)

        end = self.clock() + allowed
        Thread(target=fetch, name="hedging-http", daemon=True).start()
        try:
            found = made.get(timeout=allowed)
        except Empty:
            self._session = None  # its connection is in use; the next try makes its own
            raise _NoReplyError(f"the reply took longer than {number_of(allowed, 'second', '.3g')}") from None
        if isinstance(found, BaseException):
            raise found
        return found

    def _fetch(
        self, url: str, params: Mapping[str, Any], headers: Mapping[str, str], end: float
    ) -> tuple[int, float, bytes]:
        """Return status, the pause the server asks for, and the body."""
        from http.client import HTTPException  # brings ssl: a plan from a file waits for neither

        requests = require("requests", "live")
        session = self._session = self._session or requests.Session()
        body = bytearray()
        try:
            with session.get(
                url, params=params, headers=headers, timeout=self.timeout, stream=True, allow_redirects=False
            ) as response:
                for piece in _pieces(response):
                    body += piece
                    if len(body) > _LARGEST:
                        raise VenueError(
                            f"{without_secrets(url)}: the reply is larger than {_LARGEST:,} bytes."
                        )
                    if self.clock() > end:
                        raise _NoReplyError("the reply was cut off at the deadline")
                return response.status_code, _seconds(response.headers.get("Retry-After")), bytes(body)
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            UnicodeError,
        ) as error:
            raise VenueError(f"{without_secrets(url)} is no address of an exchange.") from error
        except (
            *(requests.RequestException, require("urllib3", "live").exceptions.HTTPError, OSError),
            *(HTTPException, ValueError),  # a head that is none
        ) as error:
            raise _NoReplyError(_in_words(error)) from error

    def _pause(self, attempt: int, retry_after: float) -> float:
        """Seconds before the next try: what the server asks for, else doubling with a random half."""
        wait = self.backoff * 2.0 ** (attempt - 1)
        wait *= 0.5 + 0.5 * random.random()  # so that clients thrown out together do not return together
        return min(max(wait, retry_after), _LONGEST_PAUSE)


def without_secrets(url: str) -> str:
    """An address without what may be a key in it: user, password, query and fragment."""
    scheme, separator, rest = url.partition("://")
    place = re.split(r"[?#]", rest if separator else scheme, maxsplit=1)[0]
    host, slash, path = place.partition("/")
    return f"{scheme + separator if separator else ''}{host.rpartition('@')[2]}{slash}{path}"


def _parsed(url: str, status: int, body: bytes) -> tuple[Json, str]:
    """Return the reply and no failure; or None and why it is worth another try."""
    try:
        return parse_json(body, "the reply"), ""
    except InputError as error:
        what = f"HTTP {status} with a body that is no JSON: {body[:80]!r}"
        if status in _TRANSIENT_STATUS:
            return None, what
        raise VenueError(f"{url}: {what}") from error


def _says_why(reply: Json) -> bool:
    """Whether a reply explains a status that is no success, as JSON-RPC does."""
    return isinstance(reply, dict) and isinstance(reply.get("error"), dict) and "result" not in reply


_WORDS: Final = (
    ("NameResolutionError", "its name cannot be resolved: is this machine offline?"),
    ("getaddrinfo", "its name cannot be resolved: is this machine offline?"),
    ("Connection refused", "the connection was refused"),
    ("Network is unreachable", "the network cannot be reached: is this machine offline?"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate cannot be verified"),
    ("ConnectTimeout", "no connection in time"),
    ("ReadTimeout", "no reply in time"),
    ("timed out", "no reply in time"),
    ("RemoteDisconnected", "the connection was closed without a reply"),
    ("ConnectionResetError", "the connection was reset"),
    ("IncompleteRead", "the reply was cut off"),
    ("InvalidChunkLength", "the reply was cut off"),
    ("DecodeError", "the reply is not compressed as its head says"),
    ("BadStatusLine", "what came is no HTTP reply"),
    ("LineTooLong", "the head of the reply is too long"),
    ("HTTPException", "the head of the reply is too long"),
)


def _in_words(error: BaseException) -> str:
    """Why there was no reply, without what the libraries below print of their own insides."""
    told = f"{type(error).__name__}: {error}"
    return next((words for mark, words in _WORDS if mark in told), told)


class _NoReplyError(Exception):
    """No whole reply came; another try may fare better."""


def _pieces(response: Any) -> Iterator[bytes]:
    """What has arrived so far, again and again: waiting for full pieces would let a dripping body pass the deadline."""
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:  # urllib3 before 2
        yield from response.iter_content(2**10)
        return
    while piece := read1(2**16, decode_content=True):
        yield piece


def _seconds(header: str | None) -> float:
    """Seconds of a Retry-After header; dates, which exchanges do not send, count as none."""
    try:
        seconds = float(header or 0.0)
        return max(seconds, 0.0) if seconds == seconds else 0.0
    except ValueError:
        return 0.0


def _shortened(reply: Json) -> str:
    text = json.dumps(reply)
    return text if len(text) <= 200 else text[:200] + "..."
