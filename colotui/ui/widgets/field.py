"""The text of a field while it is typed: a line with a cursor, and what each key does to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from colotui.model.text import plain

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Editor:
    """A text and the character its cursor stands before."""

    text: str
    at: int

    @classmethod
    def of(cls, text: str) -> Editor:
        """The cursor stands at the end."""
        return cls(text, len(text))

    def typed(self, text: str) -> Editor:
        """`text` put in at the cursor; what is no printable character of one line is left out."""
        clean = plain(text)[: max(0, _LONGEST - len(self.text))]
        return Editor(self.text[: self.at] + clean + self.text[self.at :], self.at + len(clean))

    def pressed(self, key: str) -> Editor | None:
        """The line after an editing key; None when the key is none."""
        match key:
            case "backspace" | "ctrl+h":
                return Editor(self.text[: max(0, self.at - 1)] + self.text[self.at :], max(0, self.at - 1))
            case "delete":
                return replace(self, text=self.text[: self.at] + self.text[self.at + 1 :])
            case "left":
                return replace(self, at=max(0, self.at - 1))
            case "right":
                return replace(self, at=min(len(self.text), self.at + 1))
            case "home" | "ctrl+a":
                return replace(self, at=0)
            case "end" | "ctrl+e":
                return replace(self, at=len(self.text))
            case "ctrl+u":
                return Editor(self.text[self.at :], 0)
            case "ctrl+k":
                return replace(self, text=self.text[: self.at])
            case "ctrl+w":
                head = self.text[: self.at].rstrip()
                start = max(head.rfind(stop) for stop in " /.:") + 1 if head else 0
                return Editor(self.text[:start] + self.text[self.at :], start)
        return None
