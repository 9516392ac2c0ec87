"""Forms and errors of an HTML page, read with the standard library for the simulated executor."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """Where a form is sent, what its fields hold before anybody types, and what a tick would add to them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    ticks: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """What the executor looks at: the title, the forms, and every text marked as an error."""

    title: str
    forms: list[Form]
    errors: list[str]

    def doubts_of(self, action: str) -> dict[str, str]:
        """Return the ticks that would answer what a form is asked about."""
        return {
            name: value
            for form in self.forms
            if form.action == action
            for name, value in form.ticks.items()
            if name.startswith("doubt-")
        }


def read_page(html: str) -> Page:
    """Return the forms and errors of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page("", [], [])
        self._textarea: str | None = None
        self._reads_title = False
        self._reads_error = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        if tag == "title":
            self._reads_title = True
        elif tag == "form":
            self.page.forms.append(Form(named.get("action", "")))
        elif tag == "textarea":
            self._textarea = named.get("name")
            self._set(self._textarea, "")
        elif tag == "input":
            is_choice = named.get("type") in ("radio", "checkbox")
            if not is_choice or "checked" in named:
                self._set(named.get("name"), named.get("value", ""))
            elif named["type"] == "checkbox" and self.page.forms:
                self.page.forms[-1].ticks[named.get("name", "")] = named.get("value", "")
        elif tag == "p" and "error" in named.get("class", "").split():
            self._reads_error = True
            self.page.errors.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None
        elif tag == "title":
            self._reads_title = False
        elif tag == "p":
            self._reads_error = False

    def handle_data(self, data: str) -> None:
        if self._reads_title:
            self.page.title += data
        elif self._textarea:
            # The line break right after the opening tag belongs to the markup.
            self._set(self._textarea, (self.page.forms[-1].fields[self._textarea] + data).removeprefix("\n"))
        elif self._reads_error:
            self.page.errors[-1] += data

    def _set(self, name: str | None, value: str) -> None:
        if name and self.page.forms:
            self.page.forms[-1].fields[name] = value
