from collections.abc import Iterator

import pytest

from tests import fakes


@pytest.fixture
def provider() -> Iterator[fakes.Provider]:
    with fakes.provider() as taking:
        yield taking
