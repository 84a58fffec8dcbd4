"""Templates put together once: what no page can change becomes plain text when a template is read, not each time it is shown.

That is a translated phrase (while one language is offered), the address of a static file or of a page without parts, an icon,
a piece that is all text; comments and loaded libraries leave nothing. A tag of our own asks for it with `folds = True` on its
function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Template
from django.template.base import FilterExpression, Node, NodeList, TextNode
from django.template.defaulttags import CommentNode, IfNode, LoadNode, URLNode
from django.template.library import SimpleNode
from django.template.loader_tags import IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import TranslateNode
from django.templatetags.static import StaticNode


class Loader(cached.Loader):
    """Django's cached loader, whose templates are folded before they are kept."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template = super().get_template(template_name, skip)
        if not getattr(template, "folded", False):
            template.nodelist = _folded(template.nodelist, self.engine)
            template.folded = True  # type: ignore[attr-defined]
        return template


class Phrase(Node):
    """A phrase under a name, as `{% trans "…" as name %}` leaves it."""

    child_nodelists = ()

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def render(self, context: Context) -> str:
        context[self.name] = self.text
        return ""


def _folded(nodes: Iterable[Node], engine: Engine) -> NodeList:
    """The same, with fewer nodes. Lists are replaced, never changed: another thread may be showing them."""
    found = NodeList()
    for node in _each(nodes, engine):
        if isinstance(node, TextNode) and found and isinstance(found[-1], TextNode):
            found[-1] = TextNode(found[-1].s + node.s)
        else:
            found.append(node)
    found.contains_nontext = any(not isinstance(node, TextNode) for node in found)
    return found


def _each(nodes: Iterable[Node], engine: Engine) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, CommentNode | LoadNode):
            continue
        text = _text_of(node, engine)
        if text is None:
            _fold_inside(node, engine)
            yield node
        elif name := getattr(node, "asvar", None):
            yield Phrase(name, text)
        else:
            yield TextNode(text)


def _fold_inside(node: Node, engine: Engine) -> None:
    if isinstance(node, IfNode):
        node.conditions_nodelists = [(asked, _folded(inside, engine)) for asked, inside in node.conditions_nodelists]
        return
    for name in node.child_nodelists:
        if isinstance(inside := getattr(node, name, None), NodeList):
            setattr(node, name, _folded(inside, engine))


def _text_of(node: Node, engine: Engine) -> str | None:
    """What a node always shows; None where that depends on the page."""
    if isinstance(node, TranslateNode):
        return _phrase(node)
    if isinstance(node, URLNode) and not node.args and not node.kwargs and _is_fixed(node.view_name):
        return _address(node)
    if isinstance(node, StaticNode) and node.varname is None and _is_fixed(node.path):
        return node.render(Context())
    if isinstance(node, SimpleNode) and node.target_var is None and getattr(node.func, "folds", False):
        return node.render(Context()) if all(map(_is_fixed, (*node.args, *node.kwargs.values()))) else None
    if isinstance(node, IncludeNode) and node.isolated_context and not node.extra_context and _is_fixed(node.template):
        inside = engine.get_template(node.template.resolve(Context())).nodelist
        if all(isinstance(each, TextNode) for each in inside):
            return "".join(each.s for each in inside)  # type: ignore[attr-defined]
    return None


def _phrase(node: TranslateNode) -> str | None:
    literal = node.filter_expression.var.literal
    if len(settings.LANGUAGES) > 1 or literal is None or node.filter_expression.filters or node.message_context:
        return None
    return TranslateNode(node.filter_expression, node.noop).render(Context())


def _address(node: URLNode) -> str:
    """The address; under a name it may be none, as `{% url "…" as name %}` has it."""
    context = Context()
    shown = node.render(context)
    return context[node.asvar] if node.asvar else shown


def _is_fixed(asked: FilterExpression) -> bool:
    """A word or number that stands in the template itself, with nothing done to it."""
    return not asked.filters and getattr(asked.var, "literal", asked.var) is not None
