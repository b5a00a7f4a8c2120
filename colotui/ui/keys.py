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
_DIGITS = "123456789"

_LOOK = (
    Binding("1", "pane('hosts')", "The hosts pane", id="pane-1"),
    Binding("2", "pane('checkpoints')", "The checkpoints pane", id="pane-2"),
    Binding("3", "pane('mismatches')", "The packet mismatches", id="pane-3"),
    Binding("4", "pane('events')", "The events", id="pane-4"),
    Binding("tab", "next", "Next pane; on a small terminal the other host", id="next", key_display="tab"),
    Binding("shift+tab", "previous", "Previous pane", id="previous", key_display="shift+tab"),
    Binding("enter", "full", "Full screen of the pane", id="full", key_display="enter"),
    Binding("j,down", "move(1)", "Down; in the checkpoints the forced one before", id="down", key_display="j ↓"),
    Binding("k,up", "move(-1)", "Up; in the checkpoints the next forced one", id="up", key_display="k ↑"),
    Binding("pagedown", "page(1)", "A page down", id="page-down", key_display="pgdn"),
    Binding("pageup", "page(-1)", "A page up", id="page-up", key_display="pgup"),
    Binding("g,home", "ends(-1)", "To the newest", id="first", key_display="g"),
    Binding("G,end", "ends(1)", "To the oldest", id="last", key_display="G"),
    Binding("e", "jump(1)", "Next error or warning; in the mismatches the next one", id="next-error"),
    Binding("E", "jump(-1)", "Previous error, warning or mismatch", id="previous-error", key_display="E"),
    Binding("slash", "filter", "Filter events or mismatches; !word leaves it out", id="filter", key_display="/"),
    Binding("W", "wiring", "The wiring of the packets as a picture", id="wiring", key_display="W"),
    Binding("y", "copy", "Copy the chosen row", id="copy"),
    Binding("c", "capture", "Capture the packets both copies send, or end that", id="capture"),
    Binding("z", "freeze", "Freeze the display; collecting goes on", id="freeze"),
    Binding("escape", "back", "Out of the pane, the filter or the freeze", id="back", key_display="esc"),
)
_TIME = (
    Binding(
        "plus,equals_sign", "zoom(1)", "Less time on the axis: 1 h, 15 min, 5 min, 1 min", id="zoom-in", key_display="+"
    ),
    Binding("minus", "zoom(-1)", "More time on the axis", id="zoom-out", key_display="-"),
    Binding(
        "left_square_bracket",
        "scroll_time(-1)",
        "Back in time; the axis stays there",
        id="earlier",
        key_display="[ h ←",
    ),
    Binding("right_square_bracket", "scroll_time(1)", "On in time", id="later", key_display="] l →"),
    Binding("0", "time_now", "The axis follows the time again", id="time-now", key_display="0 end"),
)
_COCKPIT = (
    Binding("i", "incidents", "The incidents: evidence, what to do and what not to do", id="incidents"),
    Binding("v", "view_plan", "The running or ended plan", id="view-plan"),
    Binding("a", "arm", "Arm the failover or disarm it; it never acts on silence", id="arm"),
    Binding("n", "guest(1)", "Next guest", id="next-guest"),
    Binding("N", "guest(-1)", "Previous guest", id="previous-guest", key_display="N"),
    Binding("o", "overview", "The list of all guests of all pairs, the worst first", id="overview"),
    Binding("B", "bundle", "A support bundle: logs and facts of both hosts in one file", id="bundle", key_display="B"),
    Binding(
        "colon", "app.command_palette", "Every action, with its reason when disabled", id="palette", key_display=":"
    ),
    Binding("question_mark", "help", "This help", id="help", key_display="?"),
    Binding("T", "theme", "Next theme", id="theme", key_display="T"),
    Binding("m", "mouse", "Mouse on or off (off lets the terminal select text)", id="mouse"),
    Binding("q", "app.quit", "Quit; protection goes on without the cockpit", id="quit"),
)
_REPLAY = (
    Binding("space", "app.replay_toggle", "Play or pause; z does the same", id="replay-play"),
    Binding("comma,left", "app.replay_step(-10)", "10 s back", id="replay-back", key_display=", ←"),
    Binding("full_stop,right", "app.replay_step(10)", "10 s on", id="replay-on", key_display=". →"),
    Binding(
        "less_than_sign,shift+left", "app.replay_step(-60)", "A minute back", id="replay-minute-back", key_display="<"
    ),
    Binding(
        "greater_than_sign,shift+right", "app.replay_step(60)", "A minute on", id="replay-minute-on", key_display=">"
    ),
    Binding("H,ctrl+left", "app.replay_step(-600)", "10 minutes back", id="replay-far-back", key_display="H"),
    Binding("L,ctrl+right", "app.replay_step(600)", "10 minutes on", id="replay-far-on", key_display="L"),
    Binding("circumflex_accent", "app.replay_end(-1)", "To the beginning", id="replay-begin", key_display="^"),
    Binding("dollar_sign", "app.replay_end(1)", "To the end", id="replay-end", key_display="$"),
    Binding(
        "right_parenthesis",
        "app.replay_jump('incident', 1)",
        "The next incident",
        id="replay-incident",
        key_display=")",
    ),
    Binding(
        "left_parenthesis",
        "app.replay_jump('incident', -1)",
        "The previous incident",
        id="replay-incident-back",
        key_display="(",
    ),
    Binding("d", "app.replay_jump('mismatch', 1)", "The next mismatch", id="replay-mismatch"),
    Binding(
        "D", "app.replay_jump('mismatch', -1)", "The previous mismatch", id="replay-mismatch-back", key_display="D"
    ),
    Binding("apostrophe", "app.replay_jump('action', 1)", "The next action", id="replay-action", key_display="'"),
    Binding(
        "quotation_mark",
        "app.replay_jump('action', -1)",
        "The previous action",
        id="replay-action-back",
        key_display='"',
    ),
    Binding(
        "t,at", "app.replay_ask", "Go to a time: 14:03:20, +5m, 2026-11-24 14:03", id="replay-time", key_display="t @"
    ),
    Binding(
        "right_curly_bracket", "app.replay_speed(1)", "Faster, up to 64 times", id="replay-faster", key_display="}"
    ),
    Binding(
        "left_curly_bracket", "app.replay_speed(-1)", "Slower, down to a quarter", id="replay-slower", key_display="{"
    ),
)
# One action for each digit: a binding does not tell its action which of its keys was pressed.
# A terminal without the newer keyboard protocol sends Escape and the digit, which Textual reads as the second name.
_ALT_SIGNS = (
    *("inverted_exclamation_mark", "trade_mark_sign", "pound_sign", "cent_sign", "infinity"),
    *("section_sign", "pilcrow_sign", "bullet", "ª"),
)
_NTH = tuple(
    Binding(f"alt+{digit},{sign}", f"nth({digit})", "The guest at that place of the list")
    for digit, sign in zip(_DIGITS, _ALT_SIGNS, strict=True)
)
_LIST = (
    Binding("enter", "open", "Open the guest; try a pair again that could not be watched", key_display="enter"),
    *(Binding(digit, f"nth({digit})", "The guest at that place of the list") for digit in _DIGITS),
)
_SHARED = (
    *("down", "up", "page-down", "page-up", "first", "last", "filter", "copy"),
    *("palette", "help", "theme", "mouse", "quit"),
)
_SEVERAL = (
    Binding("alt+1", "", "The guest at that place of the list", key_display="alt+1…9"),
    Binding("1", "", "In the list: the guest at that place", key_display="1…9"),
    Binding("enter", "", "In the list: open the guest", key_display="enter"),
)


def cockpit_bindings() -> list[Binding]:
    """All bindings of the cockpit screen."""
    acting = [
        Binding(entry.key, f"act('{entry.action.value}')", entry.sentence, id=entry.action.value, key_display=entry.key)
        for entry in ACTIONS
    ]
    return [*acting, *_LOOK, *_TIME, *_COCKPIT, *_NTH]


def overview_bindings() -> list[Binding]:
    """All bindings of the list of guests: its own, and those that mean the same as in the cockpit, keymap included."""
    acting = [entry.action.value for entry in ACTIONS]
    same = [binding for binding in cockpit_bindings() if binding.id in (*acting, *_SHARED)]
    back = [binding for binding in cockpit_bindings() if binding.id in ("overview", "back")]
    leave = [Binding(entry.key, "back", entry.description, id=entry.id) for entry in back]
    return [*_LIST, *same, *leave]


def incidents_bindings() -> list[Binding]:
    """All bindings of the incident screen: those of the cockpit that mean the same there, keymap included."""
    acting = [entry.action.value for entry in ACTIONS]
    shared = (*_SHARED, "next-error", "previous-error", "freeze", "bundle")
    wanted = (*acting, *(name for name in shared if name not in ("mouse", "quit")))
    same = [binding for binding in cockpit_bindings() if binding.id in wanted]
    leave = [Binding(entry.key, "back", entry.description, id=entry.id) for entry in _LOOK if entry.id == "back"]
    shut = [Binding(entry.key, "dismiss", "Back", id=entry.id) for entry in _COCKPIT if entry.id == "incidents"]
    return [
        Binding("enter", "enter", "Open the recommended plan"),
        Binding("q", "dismiss", "Back"),
        *same,
        *leave,
        *shut,
    ]


def replay_bindings() -> list[Binding]:
    """The keys that move through a recording, on every screen; a live cockpit has none of them."""
    return list(_REPLAY)


def axis_bindings() -> list[Binding]:
    """The keys of the time axis, wherever there is one."""
    return list(_TIME)


def time_bindings() -> list[Binding]:
    """The keys of the time axis that work only where it has the focus."""
    return [
        Binding("h,left", "screen.scroll_time(-1)", "Back in time", show=False),
        Binding("l,right", "screen.scroll_time(1)", "On in time", show=False),
        Binding("end", "screen.time_now", "Follow the time", show=False),
        Binding("home", "screen.time_oldest", "To the oldest", show=False),
    ]


def groups(*, replay: bool = False) -> list[tuple[str, list[Binding]]]:
    """The bindings under headings, for the help; in a `replay` with its own."""
    acting = cockpit_bindings()[: len(ACTIONS)]
    return [
        ("Act: each opens its plan first", acting),
        ("Look", list(_LOOK)),
        ("Time axis of the checkpoints", list(_TIME)),
        ("Cockpit", list(_COCKPIT)),
        *([("Replay", list(_REPLAY))] if replay else []),
        ("Several guests", list(_SEVERAL)),
    ]


def shown_keys(keymap: Mapping[str, str]) -> dict[str, str]:
    """What to show for each binding id, the user's keymap applied."""
    shown: dict[str, str] = {}
    for binding in (*cockpit_bindings(), *_REPLAY):
        if binding.id is None:
            continue
        mapped = keymap.get(binding.id, "")
        shown[binding.id] = mapped.split(",")[0] if mapped else (binding.key_display or binding.key)
    return shown
