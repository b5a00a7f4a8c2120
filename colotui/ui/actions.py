"""What the actions are called on the screen, which key asks for them, and in which order the key bar shows them."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.model.plan import Action
from colotui.model.protection import GuestView, Severity, State


@dataclass(frozen=True, slots=True)
class ActionText:
    """`word` for the key bar, `sentence` for the palette and the help."""

    action: Action
    key: str
    word: str
    sentence: str


ACTIONS: tuple[ActionText, ...] = (
    ActionText(Action.PROTECT, "p", "protect", "Protect the guest: bring up a secondary and keep it in lock-step"),
    ActionText(Action.FAILOVER, "f", "fail over", "Fail over: fence the primary, promote the secondary"),
    ActionText(Action.SWITCH, "w", "switch", "Planned switch: the two hosts change roles"),
    ActionText(Action.REPROTECT, "r", "re-protect", "Re-protect: give the survivor a new secondary"),
    ActionText(Action.UNDO, "u", "undo", "Undo a half-run or failed plan"),
    ActionText(Action.START, "S", "start guest", "Start the guest, not yet protected"),
    ActionText(Action.SHUTDOWN, "X", "shut down", "Shut the guest down: as by its power button"),
    ActionText(Action.STOP, "K", "stop", "Stop protection: the guest goes on alone"),
)
BY_ACTION: dict[Action, ActionText] = {entry.action: entry for entry in ACTIONS}

_ALL_WELL = (Action.PROTECT, Action.FAILOVER, Action.SWITCH, Action.REPROTECT, Action.STOP)
_ORDER: dict[State, tuple[Action, ...]] = {
    State.PROTECTED: (Action.FAILOVER, Action.SWITCH, Action.STOP, Action.PROTECT, Action.REPROTECT),
    State.FAILED_OVER: (Action.REPROTECT, Action.PROTECT, Action.FAILOVER, Action.SWITCH),
    State.UNKNOWN: (Action.FAILOVER, Action.PROTECT, Action.REPROTECT, Action.SWITCH),
}


def key_order(view: GuestView) -> tuple[Action, ...]:
    """The actions of the key bar: the recommended one first, then as the state suggests."""
    state, severity = view.protection.state, view.protection.severity
    order = list(_ORDER.get(state, _ALL_WELL))
    if state is State.NOT_PROTECTED and severity is Severity.ERROR:
        order = [Action.FAILOVER, Action.REPROTECT, Action.PROTECT, Action.SWITCH]
    if allowed(view, Action.START):
        order.insert(0, Action.START)
    if view.half_run or (view.progress is not None and view.progress.failed) or allowed(view, Action.UNDO):
        order.insert(0, Action.UNDO)
    first = view.protection.do_now
    if first is not None:
        order = [first, *(action for action in order if action is not first)]
    return tuple(dict.fromkeys(order))


def allowed(view: GuestView, action: Action) -> bool:
    """True when the controller says that `action` may be asked for now."""
    return action in view.actions and view.actions[action] is None


def reason(view: GuestView, action: Action) -> str | None:
    """Why not, in a few words; None when it is allowed. A failed plan of ours can always be undone or retried."""
    if action is Action.UNDO and view.progress is not None and view.progress.failed:
        return None
    return view.actions.get(action, "not known yet")
