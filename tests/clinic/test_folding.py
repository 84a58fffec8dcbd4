from django.template import Context, engines
from django.template.base import TextNode
from django.utils.translation import override

from clinic import folding

ENGINE = engines["django"].engine
PAGE = """{% load i18n static icons %}{% comment %}Nothing{% endcomment %}<p>{% trans "Today" %} {% static "a.css" %}</p>
{% if shown %}{% icon "search" 18 %}{% trans "Q & A" %}{% endif %}{% for one in all %}{% trans "Day" as day %}{{ day }}{{ one }}{% endfor %}
{% include "components/brand_mark.html" only %}{% include "components/messages.html" with messages=all only %}"""


def folded(text):
    template = ENGINE.from_string(text)
    template.nodelist = folding._folded(template.nodelist, ENGINE)
    return template


def test_a_folded_template_shows_what_it_showed():
    for context in ({}, {"shown": True, "all": ["<1>", 2]}):
        assert folded(PAGE).render(Context(context)) == ENGINE.from_string(PAGE).render(Context(context))


def test_what_no_page_can_change_is_text():
    nodes = folded(
        '{% load i18n static icons %}<p>{% trans "Today" %}{% static "a.css" %}{% icon "search" 18 %}</p>'
    ).nodelist

    assert [type(node) for node in nodes] == [TextNode]
    assert nodes[0].s.startswith("<p>Today/static/a.css<svg ")


def test_what_depends_on_the_page_stays():
    nodes = folded(
        '{% load i18n static icons %}{% trans word %}{% static file %}{% icon name %}{% trans "a"|upper %}'
    ).nodelist

    assert not any(isinstance(node, TextNode) for node in nodes)


def test_with_two_languages_each_page_has_its_own_words(settings):
    settings.LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
    page = folded('{% load i18n %}{% trans "Yes" %}')

    with override("de"):
        assert page.render(Context()) == "Ja"


def test_every_template_of_the_product_is_folded():
    template = ENGINE.get_template("base.html")

    assert template.folded
    assert ENGINE.get_template("base.html") is template
