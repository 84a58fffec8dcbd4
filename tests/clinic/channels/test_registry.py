"""Which channel serves which way, and those that send nothing out."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic.channels import console, file, registry
from clinic.channels.base import Outgoing, Unavailable

LETTER = Outgoing("7KX2Q9", "alina@example.org", "Dear Alina", "Harbour: due", "https://clinic.example.org/stop/")
AS_FILE = """Message: 7KX2Q9
To: alina@example.org
Subject: Harbour: due
List-Unsubscribe: https://clinic.example.org/stop/

Dear Alina
"""


def test_a_way_that_is_off_is_none(settings):
    settings.CHANNELS = {"sms": "off", "email": "file"}

    assert registry.ways() == ("email",)
    assert isinstance(registry.channel("email"), file.Channel)


def test_a_channel_that_does_not_serve_the_way(settings):
    settings.CHANNELS = {"sms": "smtp"}

    with pytest.raises(ImproperlyConfigured, match="CLINIC_SMS is 'smtp', which serves email, not sms"):
        registry.channel("sms")


def test_the_file_channel_writes_each_message_once(settings, tmp_path):
    settings.CHANNEL_FOLDER = tmp_path / "outbox"

    for _time in range(2):
        assert file.Channel().send(LETTER) == "7KX2Q9"

    [written] = (tmp_path / "outbox").iterdir()
    assert (written.name, written.read_text()) == ("7KX2Q9.txt", AS_FILE)


def test_a_folder_that_cannot_be_written(settings, tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    settings.CHANNEL_FOLDER = tmp_path / "outbox"

    with pytest.raises(Unavailable):
        file.Channel().send(LETTER)


def test_the_console_channel_prints(capsys):
    assert console.Channel().send(LETTER) == "7KX2Q9"

    assert capsys.readouterr().out.startswith(AS_FILE)
