"""The command palette: every action, the disabled ones with their reason, and what else the cockpit can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from colotui.ui.actions import ACTIONS, reason
from colotui.ui.glyphs import to_ascii
from colotui.ui.keys import cockpit_bindings

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class CockpitCommands(Provider):
    """Names are words, never markup: a reason may hold a string of a host."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = cast("CockpitApp", self.app)
        screen = app.cockpit_screen
        scene = app.scene(live=True)
        keys = app.shown_keys
        for entry in ACTIONS:
            why = "not connected yet" if scene is None else app.read_only or reason(scene.guest, entry.action)
            name = f"{keys.get(entry.action.value, entry.key):<10} {entry.sentence}"
            yield name, f"not now: {why}" if why else "", partial(screen.action_act, entry.action.value)
        skipped = {"down", "up", "page-down", "page-up", "palette", *(entry.action.value for entry in ACTIONS)}
        for binding in cockpit_bindings():
            if binding.id in skipped:
                continue
            name = f"{keys.get(binding.id or '', binding.key):<10} {binding.description}"
            yield name, "", partial(app.run_named, binding.action)
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
            yield DiscoveryHit(shown.stylize("dim") if why else shown, run, text=name)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, why, run in self._entries():
            score = matcher.match(f"{name} {why}")
            if score > 0:
                shown = self._words(name, why)
                yield Hit(score, shown.stylize("dim") if why else shown, run, text=name)
