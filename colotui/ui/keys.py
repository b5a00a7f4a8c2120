"""Every key of the cockpit: one table from which the bindings, the help and the key bar are made.

Each binding has an id, so that the user's keymap can move it to another key.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding

from colotui.ui.actions import ACTIONS

GROUP_ACT = "act"
GROUP_LOOK = "look"
GROUP_COCKPIT = "cockpit"

_LOOK = (
    Binding("1", "pane('hosts')", "The hosts pane", id="pane-1"),
    Binding("2", "pane('checkpoints')", "The checkpoints pane", id="pane-2"),
    Binding("3", "pane('mismatches')", "The packet mismatches", id="pane-3"),
    Binding("4", "pane('events')", "The events", id="pane-4"),
    Binding("tab", "next", "Next pane; on a small terminal the other host", id="next", key_display="tab"),
    Binding("shift+tab", "previous", "Previous pane", id="previous", key_display="shift+tab"),
    Binding("enter", "full", "Full screen of the pane", id="full", key_display="enter"),
    Binding("j,down", "move(1)", "Down", id="down", key_display="j ↓"),
    Binding("k,up", "move(-1)", "Up", id="up", key_display="k ↑"),
    Binding("pagedown", "page(1)", "A page down", id="page-down", key_display="pgdn"),
    Binding("pageup", "page(-1)", "A page up", id="page-up", key_display="pgup"),
    Binding("g,home", "ends(-1)", "To the newest", id="first", key_display="g"),
    Binding("G,end", "ends(1)", "To the oldest", id="last", key_display="G"),
    Binding("e", "jump(1)", "Next error or warning; in the mismatches the next one", id="next-error"),
    Binding("E", "jump(-1)", "Previous error, warning or mismatch", id="previous-error", key_display="E"),
    Binding("slash", "filter", "Filter events or mismatches; !word leaves it out", id="filter", key_display="/"),
    Binding("y", "copy", "Copy the chosen row", id="copy"),
    Binding("z", "freeze", "Freeze the display; collecting goes on", id="freeze"),
    Binding("escape", "back", "Out of the pane, the filter or the freeze", id="back", key_display="esc"),
)
_COCKPIT = (
    Binding("v", "view_plan", "The running or ended plan", id="view-plan"),
    Binding("n", "guest(1)", "Next guest", id="next-guest"),
    Binding("N", "guest(-1)", "Previous guest", id="previous-guest", key_display="N"),
    Binding(
        "colon", "app.command_palette", "Every action, with its reason when disabled", id="palette", key_display=":"
    ),
    Binding("question_mark", "help", "This help", id="help", key_display="?"),
    Binding("T", "theme", "Next theme", id="theme", key_display="T"),
    Binding("m", "mouse", "Mouse on or off (off lets the terminal select text)", id="mouse"),
    Binding("q", "app.quit", "Quit; protection goes on without the cockpit", id="quit"),
)


def cockpit_bindings() -> list[Binding]:
    """All bindings of the cockpit screen."""
    acting = [
        Binding(entry.key, f"act('{entry.action.value}')", entry.sentence, id=entry.action.value, key_display=entry.key)
        for entry in ACTIONS
    ]
    return [*acting, *_LOOK, *_COCKPIT]


def groups() -> list[tuple[str, list[Binding]]]:
    """The bindings under headings, for the help."""
    acting = cockpit_bindings()[: len(ACTIONS)]
    return [("Act: each opens its plan first", acting), ("Look", list(_LOOK)), ("Cockpit", list(_COCKPIT))]


def shown_keys(keymap: Mapping[str, str]) -> dict[str, str]:
    """What to show for each binding id, the user's keymap applied."""
    shown: dict[str, str] = {}
    for binding in cockpit_bindings():
        if binding.id is None:
            continue
        mapped = keymap.get(binding.id, "")
        shown[binding.id] = mapped.split(",")[0] if mapped else (binding.key_display or binding.key)
    return shown
