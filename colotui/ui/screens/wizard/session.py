"""Where the operator is in the guided set-up: the page, the cursor, the text being typed."""

from __future__ import annotations

from dataclasses import replace

from colotui.config import values
from colotui.model.setup import Draft
from colotui.ui.paint.wizard.view import PAGES, Item, Kind, Page
from colotui.ui.screens.wizard import form
from colotui.ui.screens.wizard.work import Work
from colotui.ui.widgets.field import Editor

_LOOKING = (Page.ENGINE, Page.NETWORK, Page.MODULES, Page.TUNING, Page.GUEST, Page.REVIEW)


class Session:
    """The cursor is kept by the item's key: items come and go with what the hosts say."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.page = Page.HOSTS
        self.furthest = 0
        self.resumed = False
        self.typing = False
        self.editor: Editor | None = None
        self.raw: dict[str, str] = {}
        self.wrong: dict[str, str] = {}
        self.scroll = 0
        self.follow = True
        self.strokes = 0
        self._cursor: dict[Page, str] = {}

    def resume(self) -> None:
        """Open where the draft was left; what was reached then has to be reached again."""
        left = next((page for page in PAGES if page.value == self.work.draft.page), None)
        self.resumed = left is not None and left is not Page.HOSTS
        page = left or Page.HOSTS
        if page.number > Page.REVIEW.number:
            page = Page.REVIEW
        self.furthest = page.number
        for place, host in enumerate(self.work.draft.hosts):
            if host.address and self.resumed:
                self.work.reach(place)
        self.enter(page)

    # -- pages ------------------------------------------------------------------------------------

    def enter(self, page: Page) -> None:
        """Go to a page; look at what it needs."""
        self.page, self.scroll = page, 0
        self.furthest = max(self.furthest, page.number)
        self.work.change(replace(self.work.draft, page=page.value))
        self.catch_up()
        self.focus(self._first())
        # A page is read from its top: the cursor draws the window only once it moves, the running step always.
        self.follow = page is Page.RUN

    def catch_up(self) -> None:
        """Look at the hosts when this page shows something of them that is not known for the draft as it is."""
        if self.page not in _LOOKING or not self.work.both_reached():
            return
        self.work.look_anew(even_if_fresh=False)
        if self.page is Page.GUEST:
            self.work.find_images()
        if self.page is Page.REVIEW and "look" not in self.work.busy:
            self.work.make_plan()

    def _first(self) -> str:
        items = self.items
        if self.page is Page.HOSTS:
            empty = [item for item in items if item.key.endswith(".address") and not item.value]
            asked = [item for item in items if item.key.startswith("ask.")]
            if empty or asked:
                return (asked or empty)[0].key
        return self._cursor.get(self.page) or (items[0].key if items else "")

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def items(self) -> tuple[Item, ...]:
        """What can be changed on this page."""
        return form.items(self.page, self.work.draft, self.work.look, self.work.reached)

    @property
    def index(self) -> int:
        """Where the cursor is among the items; -1 without any."""
        items = self.items
        key = self._cursor.get(self.page, "")
        found = next((index for index, item in enumerate(items) if item.key == key), None)
        return found if found is not None else (0 if items else -1)

    @property
    def focused(self) -> Item | None:
        """The item with the cursor."""
        index = self.index
        return self.items[index] if index >= 0 else None

    def focus(self, key: str) -> None:
        """Put the cursor on an item; into its text, when it is a field. A host that is left is reached."""
        left = self.focused if self.page is Page.HOSTS else None
        self._cursor[self.page] = key
        self.follow = True
        item = self.focused
        if left is not None and item is not None and left.place != item.place and self.work.reached[left.place] is None:
            self.reach(left.place)
        self.typing = item is not None and item.kind is Kind.TEXT
        self.editor = None
        if item is not None and self.typing:
            self.editor = Editor.of(self.raw.get(item.key, item.value))

    def move(self, by: int) -> None:
        """The next item, or the one before; up and down stay with one host where both have a table."""
        items, here = self.items, self.focused
        if here is None:
            return
        self.commit()
        items = self.items
        column = [item for item in items if self.page is not Page.NETWORK or item.place == here.place]
        at = next((index for index, item in enumerate(column) if item.key == here.key), 0)
        self.focus(column[max(0, min(len(column) - 1, at + by))].key)

    def tab(self, by: int) -> None:
        """The next item, round and round; in the network page the other host."""
        items, here = self.items, self.focused
        if here is None:
            return
        self.commit()
        items = self.items
        if self.page is Page.NETWORK:
            mine = [item.key for item in items if item.place == here.place]
            others = [item for item in items if item.place != here.place]
            if others:
                same = here.key.replace(f".{here.place}.", f".{others[0].place}.", 1)
                at = min(mine.index(here.key), len(others) - 1)
                self.focus(next((item.key for item in others if item.key == same), others[at].key))
            return
        at = next((index for index, item in enumerate(items) if item.key == here.key), 0)
        self.focus(items[(at + by) % len(items)].key)

    def reach(self, place: int) -> bool:
        """Connect to a host that has an address and no answer yet. True when that was begun."""
        host, answer = self.work.draft.hosts[place], self.work.reached[place]
        if not host.address or f"reach-{place}" in self.work.busy:
            return False
        if answer is not None and (answer.ok or answer.fingerprint):
            return False
        if any(key.startswith(f"host.{place}.") for key in self.wrong):
            return False
        self.strokes = 0
        self.work.reach(place)
        return True

    # -- changing ---------------------------------------------------------------------------------

    def type(self, editor: Editor) -> None:
        """The text of the field after a key."""
        self.editor = editor
        self.strokes += 1
        item = self.focused
        if item is not None:
            self.wrong.pop(item.key, None)

    def commit(self) -> bool:
        """Take the typed text into the draft. False when it cannot be taken: then it stays, with the reason."""
        item, editor = self.focused, self.editor
        if item is None or editor is None or item.kind is not Kind.TEXT:
            return True
        if editor.text == item.value:
            self.raw.pop(item.key, None)
            self.wrong.pop(item.key, None)
            return True
        try:
            draft = form.take(self.work.draft, item.key, editor.text)
        except values.Bad as bad:
            self.raw[item.key], self.wrong[item.key] = editor.text, str(bad)
            return False
        self.raw.pop(item.key, None)
        self.wrong.pop(item.key, None)
        self.changed(draft, item.key)
        return True

    def turn(self) -> None:
        """The space bar."""
        item = self.focused
        if item is not None and item.kind is not Kind.TEXT and not item.key.startswith("ask."):
            self.changed(form.turn(self.work.draft, item.key), item.key)

    def changed(self, draft: Draft, key: str) -> None:
        """A new draft, and what has to be asked anew because of it."""
        if draft == self.work.draft:
            return
        self.work.change(draft)
        if self.page is Page.HOSTS:
            return
        if key in ("guest.disk", "guest.disk_format"):
            self.work.find_images()
        self.work.look_anew(even_if_fresh=False)

    def asks(self) -> str:
        """The item of a key that has to be compared, "" when there is none."""
        return next((item.key for item in self.items if item.key.startswith("ask.")), "")

    def connect(self) -> str:
        """Enter on the hosts: what was begun or is missing, in a few words; "" when both hosts answer."""
        here = self.focused
        first = here.place if here is not None and here.place >= 0 else 0
        begun = [self.reach(place) for place in (first, 1 - first)]
        if self.work.both_reached():
            return ""
        draft = self.work.draft
        for place in (first, 1 - first):
            if not draft.hosts[place].address:
                self.focus(f"host.{place}.address")
                return f"the address of {draft.hosts[place].name} is wanted"
        if any(begun) or any(what.startswith("reach-") for what in self.work.busy):
            return "connecting"
        if self.asks():
            self.focus(self.asks())
            return "compare the key first"
        return "both hosts must answer first"

    def answered(self) -> None:
        """A host has answered: a key to compare gets the cursor, unless something was typed meanwhile."""
        if self.page is Page.HOSTS and self.strokes == 0 and self.asks():
            here = self.focused
            if here is None or not here.key.startswith("ask."):
                self.focus(self.asks())

    def problem(self) -> str:
        """Why this page cannot be left forward; "" when it can."""
        if self.wrong:
            return next(iter(self.wrong.values()))
        return ""
