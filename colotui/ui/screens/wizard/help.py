"""The help of the guided set-up: made from its bindings, so that it is never out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from colotui.ui.paint.sheet import Sheet
from colotui.ui.screens.help import HelpScreen
from colotui.ui.screens.wizard.keys import groups

if TYPE_CHECKING:
    from colotui.ui.setupapp import SetupApp

_SIGNS = (
    ("● ○ ✔ ▲", "the page you are on, one to come, one that is complete, one that lacks something"),
    ("✔ ▲ ✘ ?", "in order, a warning, not in order, could not be asked"),
    ("plan:", "the command or the step of the plan that mends it; it runs on the page “run”"),
)


class WizardHelp(HelpScreen):
    """All keys by group, then the signs."""

    def sheets(self, width: int) -> list[Sheet]:
        """One page."""
        keys = cast("SetupApp", self.app).setup_keys
        page = Sheet(width)
        for title, bindings in groups():
            page.row()
            page.row()
            page.put(2, [(title, "bold")])
            for binding in bindings:
                page.row()
                page.put(2, [(keys.get(binding.id or "", binding.key), "strong")], 12)
                page.text(15, binding.description, "base", width - 17)
        page.row()
        page.row()
        page.put(2, [("Signs", "bold")])
        for sign, meaning in _SIGNS:
            page.row()
            page.put(2, [(sign, "strong")], 12)
            page.text(15, meaning, "base", width - 17)
        page.row()
        page.row()
        page.text(2, "In a field letters are text, not keys: esc leaves the field.", "low", width - 4)
        return [page]
