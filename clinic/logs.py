"""The log of an installation that holds patients' records."""

import logging
import re
import traceback
from types import TracebackType

_PATIENTS_PAGE = re.compile(r"/v/[^/\s]+")


def without_links(text: str) -> str:
    """The words without what opens a patient's own page: who may read them has not been given the page."""
    return _PATIENTS_PAGE.sub("/v/…", text)


class DiscreetFormatter(logging.Formatter):
    """Says where an error happened and of which kind it was, without its message.

    A database quotes the row it refused, a conversion quotes what was typed: either may name a patient. The address of
    a patient's page is all that opens it: it is not in the log either.
    """

    def format(self, record: logging.LogRecord) -> str:
        return without_links(super().format(record))

    def formatException(  # noqa: N802 (the name is logging's)
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        kind, _, frames = ei
        name = f"{kind.__module__}.{kind.__qualname__}" if kind else "unknown error"
        return "".join(traceback.format_tb(frames)) + name
