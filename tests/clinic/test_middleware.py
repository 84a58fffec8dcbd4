from django.http import HttpResponse
from django.test import RequestFactory

from clinic.middleware import HeadMiddleware


def test_head_is_answered_without_a_body():
    answer = HeadMiddleware(lambda request: HttpResponse("twelve bytes"))

    head = answer(RequestFactory().head("/"))
    get = answer(RequestFactory().get("/"))

    assert (head.content, head["Content-Length"]) == (b"", "12")
    assert get.content == b"twelve bytes"
