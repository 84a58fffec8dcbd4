import logging
import sys

from clinic.logs import DiscreetFormatter


def test_an_error_is_located_without_its_message():
    typed = " ".join(["Grace", "Okafor"])
    try:
        int(typed)
    except ValueError:
        record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Internal error", (), sys.exc_info())

    line = DiscreetFormatter("{levelname} {message}", style="{").format(record)

    assert line.startswith("ERROR Internal error\n")
    assert "test_logs.py" in line
    assert line.endswith("builtins.ValueError")
    assert "Okafor" not in line
