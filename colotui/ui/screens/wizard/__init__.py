"""The guided set-up: a screen that leads from two addresses to a protected guest."""

from __future__ import annotations

from colotui.ui.screens.wizard.screen import WizardScreen

__all__ = ["WizardScreen"]
