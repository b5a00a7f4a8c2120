"""Every key of the guided set-up: one table for the bindings, the help and the key bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.binding import Binding

from colotui.model.protection import State
from colotui.ui.paint.wizard.steps import failed
from colotui.ui.paint.wizard.view import KeyHint, Kind, Page, WizardView

_PAGES = (
    Binding("enter", "next", "Next page; on the hosts it connects, on the run it runs", id="setup-next"),
    Binding("b", "back", "The page before", id="setup-back"),
    Binding("escape", "leave", "Out of the field, then out of the set-up", id="back", key_display="esc"),
    Binding("v", "so_far", "The plan so far", id="view-plan"),
    Binding("x", "script", "Write the plan as a shell script", id="setup-script"),
    Binding("c", "copy", "Copy the plan", id="setup-copy"),
)
_CHANGE = (
    Binding("tab", "tab(1)", "The next field; in the network page the other host", id="next", key_display="tab"),
    Binding("shift+tab", "tab(-1)", "The field before", id="previous", key_display="shift+tab"),
    Binding("down", "move(1)", "Down", id="down", key_display="↓"),
    Binding("up", "move(-1)", "Up", id="up", key_display="↑"),
    Binding("pagedown", "page(1)", "A page down", id="page-down", key_display="pgdn"),
    Binding("pageup", "page(-1)", "A page up", id="page-up", key_display="pgup"),
    Binding("space", "turn", "Change a choice, or the use of a NIC", id="setup-turn"),
    Binding("y", "accept", "Accept the key that was compared", id="setup-accept"),
    Binding("t", "test", "Test the cable again; elsewhere look at the hosts again", id="setup-test"),
)
_RUN = (
    Binding("s", "stop", "Stop the running plan at its next safe point", id="setup-stop"),
    Binding("r", "retry", "Retry from the step that failed", id="setup-retry"),
    Binding("u", "undo", "Undo what the failed plan did", id="setup-undo"),
    Binding("l", "let_be", "Leave a failed plan as it is", id="setup-let-be"),
    Binding("o", "cockpit", "Open the cockpit, once the pair is written", id="setup-cockpit"),
)
_REST = (
    Binding("question_mark", "help", "This help", id="help", key_display="?"),
    Binding("T", "theme", "Next theme", id="theme", key_display="T"),
    Binding("m", "mouse", "Mouse on or off (off lets the terminal select text)", id="mouse"),
    Binding("ctrl+q", "app.quit", "Quit", id="setup-quit"),
)


def wizard_bindings() -> list[Binding]:
    """All bindings of the set-up."""
    return [*_PAGES, *_CHANGE, *_RUN, *_REST]


def groups() -> list[tuple[str, list[Binding]]]:
    """The bindings under headings, for the help."""
    return [
        ("Pages", list(_PAGES)),
        ("Choose and type", list(_CHANGE)),
        ("Run", list(_RUN)),
        ("Screen", list(_REST)),
    ]


def shown(keymap: Mapping[str, str]) -> dict[str, str]:
    """What to show for each binding id, the user's keymap applied."""
    return {
        binding.id: keymap.get(binding.id, "").split(",")[0] or binding.key_display or binding.key
        for binding in wizard_bindings()
        if binding.id
    }


def hints(view: WizardView, keys: Mapping[str, str]) -> tuple[KeyHint, ...]:
    """The keys that work now, in the order of their weight."""

    def hint(action: str, binding: str, word: str) -> KeyHint:
        return KeyHint(action, keys.get(binding, ""), word)

    tail = (hint("help", "help", "help"),)
    item = view.focused
    if item is not None and view.typing and item.kind is Kind.TEXT:
        word = "connect, next" if view.page is Page.HOSTS else "next page"
        return (hint("next", "setup-next", word), hint("tab", "next", "next field"),
                hint("leave", "back", "out of the field"), *tail)  # fmt: skip
    if view.page is Page.RUN:
        return (*_of_run(view, hint), *tail)
    out = [hint("next", "setup-next", _enter(view))]
    if item is not None and item.key.startswith("ask."):
        out = [hint("accept", "setup-accept", "accept the key"), *out]
    if view.page is not Page.HOSTS:
        out.append(hint("back", "setup-back", "back"))
    if item is not None and item.kind is not Kind.TEXT and not item.key.startswith("ask."):
        out.append(hint("turn", "setup-turn", "change its use" if item.kind is Kind.NIC else "change"))
    if view.page is Page.NETWORK:
        out.append(hint("test", "setup-test", "test again" if view.look and view.look.cable else "test the cable"))
    elif view.page.topic is not None and view.page is not Page.HOSTS:
        out.append(hint("test", "setup-test", "look again"))
    if view.page in (Page.PROTECTION, Page.DRILL):
        out.append(hint("cockpit", "setup-cockpit", "open the cockpit"))
    else:
        if view.page not in (Page.HOSTS, Page.REVIEW):
            out.append(hint("so_far", "view-plan", "the plan so far"))
        if view.plan is not None:
            out.append(hint("script", "setup-script", "as shell script"))
        if view.page is Page.REVIEW and view.plan is not None:
            out.append(hint("copy", "setup-copy", "copy"))
    return (*out, hint("leave", "back", "leave"), *tail)


def _enter(view: WizardView) -> str:
    if view.page is Page.HOSTS and not view.both_reached():
        return "connect"
    if view.page is Page.PROTECTION:
        protected = view.guest is not None and view.guest.protection.state is State.PROTECTED
        return "next" if protected or view.drilled else "start and protect"
    if view.page is Page.DRILL:
        return "go on" if view.drilled else "switch"
    return "next"


def _of_run(view: WizardView, make: Callable[[str, str, str], KeyHint]) -> tuple[KeyHint, ...]:
    progress = view.progress
    if progress is None:
        return (make("next", "setup-next", "run the plan"), make("back", "setup-back", "back"),
                make("script", "setup-script", "as shell script"), make("leave", "back", "leave"))  # fmt: skip
    if progress.running:
        return (make("stop", "setup-stop", "stop at the next safe point"),)
    if failed(progress):
        return (make("retry", "setup-retry", "retry from here"), make("undo", "setup-undo", "undo what was done"),
                make("let_be", "setup-let-be", "leave it so"), make("copy", "setup-copy", "copy"))  # fmt: skip
    word = "back to the plan" if progress.undoing else "next"
    return (make("next", "setup-next", word), make("copy", "setup-copy", "copy"), make("leave", "back", "leave"))
