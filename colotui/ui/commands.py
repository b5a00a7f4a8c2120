"""The command palette: every action, the disabled ones with their reason, and what else the cockpit can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from colotui.ui.actions import ACTIONS, reason
from colotui.ui.glyphs import to_ascii
from colotui.ui.keys import cockpit_bindings, overview_bindings, replay_bindings
from colotui.ui.screens.armkey import arming_reason
from colotui.ui.screens.overview import OverviewScreen

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


_ACTING = ("arm", "capture", "bundle")


class CockpitCommands(Provider):
    """Names are words, never markup: a reason may hold a string of a host."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = cast("CockpitApp", self.app)
        # In the list an action means the guest under the cursor, not the one that the cockpit below it shows.
        listed = self.screen if isinstance(self.screen, OverviewScreen) else None
        on = listed or app.cockpit_screen
        scene = listed.chosen_scene() if listed is not None else app.scene(live=True)
        read_only = app.recorded or (scene.snapshot.read_only if scene is not None else "")
        bindings = overview_bindings() if listed is not None else cockpit_bindings()
        if app.recorded:
            bindings += replay_bindings()
        keys = app.shown_keys
        for entry in ACTIONS:
            why = "not connected yet" if scene is None else read_only or reason(scene.guest, entry.action)
            name = f"{keys.get(entry.action.value, entry.key):<10} {entry.sentence}"
            yield name, f"not now: {why}" if why else "", partial(on.action_act, entry.action.value)
        skipped = {"down", "up", "page-down", "page-up", "palette", *(entry.action.value for entry in ACTIONS)}
        for binding in bindings:
            if binding.id in skipped or binding.id is None:
                continue
            name = f"{keys.get(binding.id or '', binding.key):<10} {binding.description}"
            why = arming_reason(scene.guest, read_only) if binding.id == "arm" and scene is not None else ""
            if app.recorded and binding.id in _ACTING:
                why = app.recorded
            yield name, f"not now: {why}" if why else "", partial(app.run_named, binding.action, on)
        for row in app.fleet.standings if len(app.fleet.standings) > 1 else ():
            if row.view is not None:
                state = row.view.protection.state.value
                yield f"Open {row.guest} of pair {row.pair}", state, partial(app.open_guest, row)
        for line in app.recordings():
            yield "Recording", line, partial(app.say, line)
        for name in sorted(app.themes_found):
            yield (
                f"Theme {name}",
                "in use" if app.themes_found[name].name == app.theme else "",
                partial(app.use_theme, name),
            )

    def _words(self, name: str, why: str) -> Content:
        text = f"{name}   {why}" if why else name
        return Content(to_ascii(text) if cast("CockpitApp", self.app).ascii_only else text)

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for name, why, run in self._entries():
            shown = self._words(name, why)
            yield DiscoveryHit(shown.stylize("$text-low") if why else shown, run, text=name)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, why, run in self._entries():
            score = matcher.match(f"{name} {why}")
            if score > 0:
                shown = self._words(name, why)
                yield Hit(score, shown.stylize("$text-low") if why else shown, run, text=name)
