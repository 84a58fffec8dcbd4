"""Where a page goes back to."""

import pytest

from treatments.views.returns import asked_return


@pytest.mark.parametrize("address", ["/today/", "/patients/7KX2Q9/?tab=flags"])
def test_a_page_of_this_site_is_gone_back_to(rf, address):
    assert asked_return(rf.post("/flags/7KX2Q9/end/", {"next": address})) == address
    assert asked_return(rf.get("/patients/new/", {"next": address})) == address


@pytest.mark.parametrize(
    "address",
    ["", "today", "a\x00b", "https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"],
)
def test_anything_else_leads_nowhere(rf, address):
    assert asked_return(rf.post("/flags/7KX2Q9/end/", {"next": address})) == ""
