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


def test_the_address_of_a_patients_page_is_not_in_the_log():
    path = "/v/JFyA7yLq5zQ2W1pX0aB9cg.Ab3dE6gH/birth/"
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "%s: %s", ("Gone", path), None)

    line = DiscreetFormatter("{levelname} {message}", style="{").format(record)

    assert line == "WARNING Gone: /v/…/birth/"
