"""People who are signed in and fill in the forms of the pages as a browser would: every field, every hidden one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import Group
from django.test import Client

from clinic import permissions
from clinic.models import User
from tests.benchmarks.measure import CSRF
from tests.benchmarks.server import Answer, Server

Fields = list[tuple[str, str]]


@dataclass
class Form:
    """A form of a page: where it goes, and what it would send as it stands."""

    action: str = ""
    fields: Fields = field(default_factory=list)
    names: set[str] = field(default_factory=set)  # also of boxes that are not ticked

    def filled(self, **typed: Any) -> Fields:
        """What is sent after this was typed; a list for several ticks."""
        kept = [(name, value) for name, value in self.fields if name not in typed]
        return kept + [
            (name, str(one)) for name, said in typed.items() for one in (said if isinstance(said, list) else [said])
        ]


class _Forms(HTMLParser):
    """Collects the forms of a page that are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside = False
        self.select, self.options, self.area = "", [], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = has.get("method", "").lower() == "post"
            if self.inside:
                self.forms.append(Form(has.get("action", "")))
        if not self.inside or tag not in ("input", "select", "textarea", "option"):
            return
        if name := has.get("name", ""):
            self.forms[-1].names.add(name)
        if tag == "input":
            self._input(name, has)
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append(("selected" in has, has.get("value", "")))
        elif tag == "textarea":
            self.area = name
            self.forms[-1].fields.append((name, ""))

    def _input(self, name: str, has: dict[str, str]) -> None:
        kind = has.get("type", "text")
        ticked = kind not in ("checkbox", "radio") or "checked" in has
        if name and ticked and kind not in ("submit", "button", "file"):
            self.forms[-1].fields.append((name, has.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "select" and self.select:
            chosen = [value for selected, value in self.options if selected] or [v for _s, v in self.options[:1]]
            self.forms[-1].fields += [(self.select, value) for value in chosen]
            self.select = ""
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.forms[-1].fields[-1] = (self.area, self.forms[-1].fields[-1][1] + data)


def form_with(name: str, page: str) -> Form:
    """The form of a page that has a field of this name."""
    reader = _Forms()
    reader.feed(page)
    for form in reader.forms:
        if name in form.names:
            return form
    raise LookupError(f"No form of the page has {name}.")


@dataclass(frozen=True)
class Person:
    """Somebody with a browser of their own."""

    server: Server
    session: str

    @classmethod
    def of(cls, server: Server, user: User) -> Person:
        client = Client()
        client.force_login(user)
        return cls(server, client.cookies["sessionid"].value)

    def get(self, path: str) -> Answer:
        return self.server.ask(self.request("GET", path))

    def form(self, path: str, name: str) -> Form:
        """The form on that page which has the field."""
        answer = self.get(path)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        form = form_with(name, answer.body)
        form.action = urlsplit(form.action).path or path
        return form

    def post(self, path: str, fields: Fields) -> Answer:
        return self.server.ask(self.request("POST", path, fields))

    def request(self, method: str, path: str, fields: Fields = ()) -> bytes:
        body = urlencode(fields).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close",
                f"Cookie: sessionid={self.session}; csrftoken={CSRF}"]  # fmt: skip
        if method == "POST":
            head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return "\r\n".join((*head, "", "")).encode() + body


def staff(number: int, *roles: str, **fields: Any) -> list[User]:
    """So many members of staff with these roles."""
    permissions.make_roles()
    users = [
        User.objects.create(username=f"{roles[0]}-{n}", first_name="Staff", last_name=f"{roles[0]} {n}", **fields)
        for n in range(number)
    ]
    groups = list(Group.objects.filter(name__in=roles))
    for user in users:
        user.groups.add(*groups)
    return users
