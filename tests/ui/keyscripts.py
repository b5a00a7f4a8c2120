"""What each key of each screen does, as scripts: a key, and what must come of it.

A step is a key and what is looked for: nothing (the picture changes), `> Name` (that screen is on top), `! words` (it
is said), `= words` (it is copied), `* name` (the controller is asked), `off` (the app ends). `~` before it: whatever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from colotui.model.protection import Snapshot
from tests.ui import fleetsamples as fs
from tests.ui import incidentsamples, samples, scenes
from tests.ui.scenes import STAGES, Stage, cockpit, fleet


@dataclass(frozen=True)
class Script:
    """The steps, on one stage, for the bindings of `screen` (its class, or that of a widget on it)."""

    screen: str
    stage: Stage
    steps: tuple[str, ...]
    size: tuple[int, int] = (160, 46)


def script(screen: str, stage: Stage | str, *steps: str, size: tuple[int, int] = (160, 46)) -> Script:
    return Script(screen, STAGES[stage] if isinstance(stage, str) else stage, steps, size)


def willing() -> Snapshot:
    """Every action is allowed."""
    return scenes.guest_with(samples.protected, actions=dict.fromkeys(samples.Action, None))()


def willing_incidents() -> Snapshot:
    """The same, and a killed primary to act on."""
    return incidentsamples.having(willing(), *incidentsamples.killed().guests[0].incidents)


def flood() -> Snapshot:
    """An incident that more witnesses tell of than a page holds."""
    told = replace(incidentsamples.DEAD, witnesses=incidentsamples.DEAD.witnesses * 12)
    return incidentsamples.having(samples.incident(), incidentsamples.opened(7, told))


def running_plan() -> Snapshot:
    return scenes.guest_with(samples.incident, progress=samples.progress(running=4))()


ACTS = ("p", "f", "w", "r", "u", "S", "X", "K")
WILLING = Stage("willing", cockpit(willing, scenes._plan))
MANY = Stage("many", fleet(lambda: fs.many(12, bad=0), lambda: fs.pair("shop", db="protected")))
_ALTS = (
    *("inverted_exclamation_mark", "trade_mark_sign", "pound_sign", "cent_sign", "infinity", "section_sign"),
    *("pilcrow_sign", "bullet", "ª"),
)

SCRIPTS = [
    # The keys of the cockpit that act: each opens its plan, or says why not.
    *(
        script("CockpitScreen", WILLING, *(step for key in ACTS for step in (f"{key} > PlanScreen", "~escape"))),
        script("CockpitScreen", "cockpit-protected", *(f"{key} ! :" for key in ("p", "f", "r", "u"))),
    ),
    script("CockpitScreen", "cockpit-protected",
           "1", "2", "3", "4", "tab", "shift+tab", "j", "down", "k", "up", "G", "g", "end", "home", "escape",
           "e", "E", "W > FullScreen", "~escape", "~4", "y = 09:30:00  beta  irq",
           "slash", "escape", "z", "escape", "z", "z", "2", "enter > FullScreen", "~escape",
           "c * capture", "c * capture"),
    script("CockpitScreen", "cockpit-protected", "4", "pagedown", "pageup", size=(80, 24)),
    script("CockpitScreen", "cockpit-checkpoint-chosen",
           "~escape", "~escape", "~escape", "minus", "plus", "minus", "equals_sign", "left_square_bracket",
           "left_square_bracket", "right_square_bracket", "0"),
    script("CheckpointsPane", "cockpit-checkpoint-chosen",
           "h", "left", "l", "right", "home", "end"),
    script("CockpitScreen", "cockpit-incidents",
           "i > IncidentsScreen", "~escape", "v ! no plan runs", "a > AskScreen", "y * arm", "a * arm",
           "B > BundleScreen", "~escape", "colon > CommandPalette", "~escape", "question_mark > HelpScreen", "~escape",
           "T ! theme", "m ! mouse", "o > OverviewScreen", "~o", "n ! only one guest", "q off"),
    script("CockpitScreen", Stage("running", cockpit(running_plan)), "v > PlanScreen", "~escape", "q > AskScreen"),
    script("CockpitScreen", "cockpit-several-guests", "n", "N"),
    script("CockpitScreen", MANY, "~2", *(f"alt+{digit}" for digit in "1345678921"), *_ALTS[1:], _ALTS[0]),
    script("CockpitApp", "cockpit-protected", "ctrl+q off"),
    script("CockpitApp", "cockpit-protected", "ctrl+c off"),
    # The list of guests.
    script("OverviewScreen", MANY,
           "j", "down", "k", "up", "pagedown", "pageup", "G", "g", "end", "home", "y = vm00", "slash", "escape",
           "colon > CommandPalette", "~escape", "question_mark > HelpScreen", "~escape", "T ! theme", "m ! mouse",
           "enter > CockpitScreen", "~o", "o > CockpitScreen", "~o", "escape > CockpitScreen", "~o",
           *(step for digit in "123456789" for step in (f"{digit} > CockpitScreen", "~o")), "q off"),
    script("OverviewScreen", Stage("willing-list", fleet(willing, fs.shop)),
           *(step for key in ACTS for step in ("~G", f"{key} > CockpitScreen PlanScreen", "~escape", "~o"))),
    # A pane in full.
    script("FullScreen", "full-events",
           "down", "up", "j", "k", "pagedown", "pageup", "G", "g", "end", "home", "e", "~G", "E",
           "slash", "escape", "y ! copied", "T ! theme", "z", "z", "q > CockpitScreen"),
    script("FullScreen", "full-hosts", "tab", "shift+tab", "escape > CockpitScreen"),
    script("FullScreen", "full-mismatches", "c * capture", "enter > PacketsScreen"),
    script("FullScreen", "full-wiring", "enter > CockpitScreen"),
    script("FullScreen", "full-checkpoints",
           "plus", "minus", "equals_sign", "left_square_bracket", "left_square_bracket", "right_square_bracket", "0",
           "h", "left", "l", "right", "home", "end", "e", "e", "E", "j", "k"),
    # The packets of a mismatch.
    script("PacketsScreen", "packets",
           "j", "down", "k", "up", "pagedown", "pageup", "G", "g", "end", "home", "e * packets", "E * packets",
           "c * capture", "y = 0xd09a", "T ! theme", "z", "z", "q > FullScreen", "~enter", "enter > FullScreen",
           "~enter", "escape > FullScreen"),
    # The incidents.
    script("IncidentsScreen", "incidents",
           "j", "down", "k", "up", "G", "g", "end", "home", "e", "E", "slash", "escape", "y = web01-7", "z", "z",
           "B > BundleScreen", "~escape", "colon > CommandPalette", "~escape", "question_mark > HelpScreen", "~escape",
           "T ! theme", "enter > PlanScreen", "~escape", "f > PlanScreen", "~escape", "q > CockpitScreen", "~i",
           "i > CockpitScreen", "~i", "escape > CockpitScreen"),
    script("IncidentsScreen", Stage("willing-incidents", cockpit(willing_incidents, scenes._plan), ("i",)),
           *(step for key in ACTS for step in (f"{key} > PlanScreen", "~escape"))),
    script("IncidentsScreen", Stage("flood", cockpit(flood), ("i",)), "pagedown", "pageup"),
    # What lies over a screen.
    script("AskScreen", "ask-arm", "escape > CockpitScreen", "~a", "enter > CockpitScreen", "~a", "n > CockpitScreen",
           "~a", "y * arm"),
    script("HelpScreen", "help",
           "j", "k", "down", "up", "pagedown", "pageup", "q > CockpitScreen", "~question_mark",
           "question_mark > CockpitScreen", "~question_mark", "enter > CockpitScreen", "~question_mark",
           "escape > CockpitScreen", size=(100, 30)),
    script("BundleScreen", "bundle-listed",
           "j", "down", "k", "up", "pagedown", "pageup", "G", "g", "end", "home", "enter ! Written", "y = colotui-lab",
           "q > CockpitScreen", "~B", "escape > CockpitScreen", size=(80, 24)),
    script("PlanScreen", "plan-ready", "down", "up", "pagedown", "pageup", "escape > CockpitScreen", size=(80, 24)),
    script("FilterBar", "cockpit-filter", "down", "~slash", "up", "~slash", "escape"),
    # The welcome and the guided set-up.
    script("WelcomeScreen", "welcome",
           "down", "up", "j", "k", "tab", "shift+tab", "2 = colotui lab", "~up", "~down", "c = colotui lab",
           "T ! theme", "1 > WizardScreen", "~escape", "~escape",
           "enter > WizardScreen", "~escape", "~escape", "q off"),
    script("WelcomeScreen", "welcome", "escape off"),
    script("WizardBase", "wizard-hosts", "y", "escape off"),
    script("WizardBase", "wizard-network",
           "down", "up", "tab", "shift+tab", "t * cable", "v > SoFarScreen", "~escape", "c = ip link", "space",
           "question_mark > WizardHelp", "~escape", "T ! theme", "m ! mouse", "b", "enter", "ctrl+q off"),
    script("WizardBase", "wizard-tuning", "pagedown", "pageup", size=(80, 24)),
    script("WizardBase", "wizard-failed", "r * retry"),
    script("WizardBase", "wizard-failed", "u * undo"),
    script("WizardBase", "wizard-failed", "l"),
    script("WizardBase", "wizard-running", "s * cancel"),
    script("WizardBase", "wizard-written", "o > CockpitScreen"),
    script("WizardBase", "wizard-review", "x ! written"),
    script("SoFarScreen", "wizard-so-far",
           "j", "down", "k", "up", "pagedown", "pageup", "q > WizardScreen", "~v", "v > WizardScreen", "~v",
           "enter > WizardScreen", "~v", "escape > WizardScreen", size=(80, 24)),
]  # fmt: skip
