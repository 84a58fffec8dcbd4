"""The product's addresses, and beside them the ruler: a page that needs a session and a person, and does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Signed in as {request.user.pk}")


urlpatterns = [path("nothing/", nothing), path("", include("clinic.urls"))]
