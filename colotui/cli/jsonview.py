"""What `--json` prints: the JSON form that every part of colotui shares."""

from colotui.model.jsonform import VERSION, document, value

__all__ = ["VERSION", "document", "value"]
