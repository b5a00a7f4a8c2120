"""A survey of one host: everything a check or a set-up wants to know, read in a handful of round trips."""

from __future__ import annotations

from colotui.host.survey.reader import SurveyReader

__all__ = ["SurveyReader"]
