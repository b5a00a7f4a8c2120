"""What the painters of the guided set-up look at: the draft, what the hosts said, and where the cursor is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from colotui.model.check import Topic
from colotui.model.plan import Plan, Progress, StepState
from colotui.model.protection import GuestView
from colotui.model.setup import Draft, HostDraft, Look, Reached
from colotui.model.survey import Image
from colotui.ui.widgets.field import Editor


class Page(StrEnum):
    """The pages, in their order."""

    HOSTS = Topic.HOSTS.value
    ENGINE = Topic.ENGINE.value
    NETWORK = Topic.NETWORK.value
    MODULES = Topic.MODULES.value
    TUNING = Topic.TUNING.value
    GUEST = Topic.GUEST.value
    REVIEW = "review"
    RUN = "run"
    PROTECTION = "first protection"
    DRILL = "drill"

    @property
    def topic(self) -> Topic | None:
        """The findings that belong here."""
        return next((topic for topic in Topic if topic.value == self.value), None)

    @property
    def number(self) -> int:
        """Its place, from 0."""
        return PAGES.index(self)


PAGES: tuple[Page, ...] = tuple(Page)


class Kind(StrEnum):
    """How an item is changed: typed, or by the space bar."""

    TEXT = "text"
    CHOICE = "choice"
    TOGGLE = "toggle"
    NIC = "nic"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a page that can be changed. `place` is the host it belongs to, -1 for neither.

    `value` is as shown; of a toggle "on" or "off". `hint` stands in an empty field, or beside the value.
    """

    key: str
    kind: Kind
    label: str
    value: str
    place: int = -1
    hint: str = ""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key of the bar: the name of its action, the key as shown, and a word."""

    name: str
    key: str
    word: str


@dataclass(frozen=True, slots=True)
class WizardView:
    """One moment of the set-up.

    `typing`: letters go into the field with the cursor. `wrong` holds, by item, why a text could not be taken, and
    `raw` that text. `busy` maps what is under way (look, cable, plan, reach-0 ...) to when it began, `failed` to
    why it failed. `guest` is what the pair's controller says, once there is one.
    """

    page: Page
    draft: Draft
    wall: float
    furthest: int = 0
    items: tuple[Item, ...] = ()
    focus: int = -1
    typing: bool = False
    editor: Editor | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[Reached | None, Reached | None] = (None, None)
    look: Look | None = None
    plan: Plan | None = None
    states: Mapping[int, StepState] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    progress: Progress | None = None
    images: Mapping[int, Image] = field(default_factory=dict)
    busy: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    pair_path: str = ""
    guest: GuestView | None = None
    drilled: bool = False
    resumed: bool = False
    remark: str = ""
    scroll: int = 0
    keys: tuple[KeyHint, ...] = ()
    ascii_only: bool = False

    @property
    def hosts(self) -> tuple[HostDraft, HostDraft]:
        """Both hosts."""
        return self.draft.hosts

    @property
    def focused(self) -> Item | None:
        """The item with the cursor."""
        return self.items[self.focus] if 0 <= self.focus < len(self.items) else None

    def item(self, key: str) -> Item | None:
        """The item called `key`, if this page has it."""
        return next((item for item in self.items if item.key == key), None)

    def both_reached(self) -> bool:
        """Both hosts answer."""
        return all(reached is not None and reached.ok for reached in self.reached)

    def since(self, what: str) -> float | None:
        """For how many seconds something is under way; None when it is not."""
        begun = self.busy.get(what)
        return None if begun is None else max(0.0, self.wall - begun)
