from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from clinic import views

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="sign_in"),
    path("logout/", LogoutView.as_view(), name="sign_out"),
    path("account/theme/", views.theme, name="theme"),
    path("account/digest/", views.digest, name="digest"),
    path("healthz", views.health, name="health"),
    path("admin/", admin.site.urls),
    path("", include("treatments.urls")),
]

handler403 = "clinic.views.not_allowed"
