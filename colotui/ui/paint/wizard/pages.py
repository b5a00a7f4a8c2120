"""The pages by name: who paints each, the short fact that stands beside it in the list, and whether it is complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from colotui.model.protection import State
from colotui.ui.format import plural
from colotui.ui.paint.wizard import ending, engine, guest, hosts, modules, network, steps, tuning
from colotui.ui.paint.wizard.findings import unmended
from colotui.ui.paint.wizard.leaf import Leaf
from colotui.ui.paint.wizard.view import PAGES, Page, WizardView

PAINTERS: Mapping[Page, Callable[[Leaf, WizardView], None]] = {
    Page.HOSTS: hosts.paint,
    Page.ENGINE: engine.paint,
    Page.NETWORK: network.paint,
    Page.MODULES: modules.paint,
    Page.TUNING: tuning.paint,
    Page.GUEST: guest.paint,
    Page.REVIEW: steps.paint_review,
    Page.RUN: steps.paint_run,
    Page.PROTECTION: ending.paint_protection,
    Page.DRILL: ending.paint_drill,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the list at the left. `reachable`: a click goes there."""

    page: Page
    done: bool
    fact: str
    reachable: bool


def entries(view: WizardView) -> list[Entry]:
    """The list of pages."""
    out = []
    for page in PAGES:
        visited = page.number < view.furthest or (page.number == view.furthest and page is not view.page)
        whole = complete(view, page)
        out.append(Entry(page, visited and whole, fact(view, page) if visited else "", may_open(view, page)))
    return out


def may_open(view: WizardView, page: Page) -> bool:
    """A page may be opened when all that it looks at can be known."""
    if view.progress is not None and view.progress.running:
        return page is Page.RUN
    if page.number <= Page.HOSTS.number or page is view.page:
        return True
    if page in (Page.PROTECTION, Page.DRILL):
        return bool(view.pair_path)
    if page is Page.RUN and (view.problems or view.plan is None) and view.progress is None:
        return False
    return view.both_reached() and page.number <= view.furthest + 1


def complete(view: WizardView, page: Page) -> bool:
    """Nothing of a page is left open."""
    guest_spec = view.draft.guest
    if page.topic is not None and unmended(view, page.topic):
        return False
    if page is Page.HOSTS:
        return view.both_reached()
    if page is Page.NETWORK:
        return all(host.service_nic and host.forward_nic and host.forward_address for host in view.hosts)
    if page is Page.GUEST:
        return bool(guest_spec.name and guest_spec.disk and guest_spec.mac)
    if page is Page.REVIEW:
        return not view.problems and view.plan is not None
    if page in (Page.RUN, Page.PROTECTION):
        protected = view.guest is not None and view.guest.protection.state is State.PROTECTED
        return bool(view.pair_path) and (page is Page.RUN or protected or view.drilled)
    return page is not Page.DRILL


def fact(view: WizardView, page: Page) -> str:
    """A few words on a page that was visited."""
    if page is Page.HOSTS:
        return f"{sum(reached is not None and reached.ok for reached in view.reached)} of 2"
    if page is Page.REVIEW:
        return plural(len(view.plan.steps), "step") if view.plan is not None else ""
    if page is Page.RUN:
        return "written" if view.pair_path else ""
    teller = {
        Page.ENGINE: engine.fact,
        Page.NETWORK: network.fact,
        Page.MODULES: modules.fact,
        Page.TUNING: tuning.fact,
        Page.GUEST: guest.fact,
    }.get(page)
    return teller(view) if teller is not None else ""


def next_word(view: WizardView) -> str:
    """What the button that goes on says."""
    if view.page is Page.HOSTS and not view.both_reached():
        return "Connect"
    if view.page is Page.RUN and view.progress is None:
        return "Run the plan"
    if view.page is Page.DRILL:
        return "Open the cockpit" if view.drilled else "Switch"
    if view.page is Page.PROTECTION and not complete(view, Page.PROTECTION):
        return "Start and protect"
    if view.page is Page.RUN and view.progress is not None and view.progress.undoing:
        return "Back to the plan"
    following = PAGES[view.page.number + 1]
    return f"Next: {following.value}"
