"""Download a file: resume partial downloads, verify, then rename to the final name."""

import fcntl
import hashlib
import http.client
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from vecq import DatasetError, __version__
from vecq.core.progress import Progress, Report

BLOCK = 1 << 20
TIMEOUT = 30.0  # seconds without a byte
# Failed tries in a row without new bytes, and the seconds before each.
TRIES, PAUSE = 5, 1.0
# Some servers refuse clients without a user agent.
AGENT = f"vecq/{__version__}"
NETWORK = (
    *(urllib.error.URLError, http.client.HTTPException),
    *(ssl.SSLError, ConnectionError, TimeoutError),
)


def download(
    address: str,
    path: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    head: bool = False,
    progress: Progress = None,
) -> Path:
    """Download `address` to `path`; a .part file beside it allows a later call to resume.

    Args:
        address: The URL.
        path: The file to write.
        size: The expected size in bytes. Default: None, unknown.
        sha256: The expected checksum in hexadecimal. Default: None, unknown.
        head: Download only the first `size` bytes of a larger file. Default: False.
        progress: Shows progress in bytes, as in `vecq.Index.add`. Default: None.

    Returns:
        `path`.

    Raises:
        DatasetError: The download fails, or the file is not the expected one.

    >>> download("https://example.org/items.fbin", Path("items.fbin"), size=12_800_008)
    PosixPath('items.fbin')
    """
    part = path.with_name(f"{path.name}.part")
    by_hand = f"{address} can be downloaded elsewhere and put at {path}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file, Report(progress, size or 0, "B") as report:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Transfer(address, file, size, head, report).run()
            file.flush()
            _verify(part, address, size, sha256)
            part.replace(path)
    except BlockingIOError:
        raise DatasetError(f"{part}: another process is downloading this file") from None
    except NETWORK as error:
        raise DatasetError(
            f"{address} can't be downloaded: {error}. The part so far is "
            f"kept, and another try resumes. Or: {by_hand}",
            "address",
        ) from error
    except OSError as error:
        raise DatasetError(f"{part}: can't be written: {error}") from error
    return path


class Transfer:
    """A download that appends to a file."""

    def __init__(
        self, address: str, file: IO[bytes], size: int | None, head: bool, report: Report
    ) -> None:
        self._address, self._file, self._report = address, file, report
        self._size, self._head = size, head

    def run(self) -> None:
        """Download the missing bytes; retry after interruptions."""
        tries = 1
        while self._size is None or self._file.tell() != self._size:
            before = self._file.tell()
            try:
                self._try()
                return
            except NETWORK as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
                tries = TRIES if self._file.tell() > before else tries - 1
                if tries == 0:
                    raise
                time.sleep(PAUSE)

    def _try(self) -> None:
        start = self._file.tell()
        request = urllib.request.Request(self._address, headers={"User-Agent": AGENT})
        if start > 0 or self._head:
            last = self._size - 1 if self._head and self._size is not None else ""
            request.add_header("Range", f"bytes={start}-{last}")
        try:
            response = urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or start == 0:
                raise
            if error.headers.get("Content-Range") == f"bytes */{start}":
                return None  # nothing is missing
            self._restart()
            return self._try()
        with response:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT:
                self._restart()  # the server ignores ranges and sends everything
            elif not _begins_at(start, response):
                if start == 0:
                    raise ConnectionError("the server sent a different range than requested")
                self._restart()
                return self._try()
            return self._receive(response)

    def _receive(self, response: http.client.HTTPResponse) -> None:
        total = self._total(response)
        if total is not None:
            self._check_room(total)
        while total is None or self._file.tell() < total:
            wanted = BLOCK if total is None else min(BLOCK, total - self._file.tell())
            block = response.read(wanted)
            if not block:
                break
            self._file.write(block)
            self._report(self._file.tell(), total or self._file.tell())
        if total is not None and self._file.tell() < total:
            raise ConnectionError(
                f"the connection ended after {self._file.tell():,} of {total:,} bytes"
            )

    def _total(self, response: http.client.HTTPResponse) -> int | None:
        """Return the final size of the file; None if the server does not tell."""
        if self._head:
            return self._size
        length = response.headers.get("Content-Length")
        total = None if length is None else self._file.tell() + int(length)
        if None not in (total, self._size) and total != self._size:
            raise DatasetError(
                f"{self._address} has {total:,} bytes, expected {self._size:,}: it has changed",
                "size",
            )
        return total

    def _check_room(self, total: int) -> None:
        missing = total - self._file.tell()
        free = shutil.disk_usage(Path(self._file.name).parent).free
        if free < missing:
            raise DatasetError(
                f"{self._file.name}: {missing:,} more bytes are needed, and {free:,} are free on "
                f"its disk: VECQ_DATA can name a folder elsewhere"
            )

    def _restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()


def _begins_at(start: int, response: http.client.HTTPResponse) -> bool:
    given = response.headers.get("Content-Range", "")
    return re.match(rf"bytes {start}-", given) is not None


def _verify(part: Path, address: str, size: int | None, sha256: str | None) -> None:
    """Raise and remove the file if its size or checksum is wrong: resuming would not help."""
    found = part.stat().st_size
    if size is not None and found != size:
        part.unlink()
        raise DatasetError(f"{address} gave {found:,} bytes, expected {size:,}", "size")
    if sha256 is not None and (digest := digest_of(part)) != sha256:
        part.unlink()
        raise DatasetError(f"{address} has the sha256 {digest}, expected {sha256}", "sha256")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
