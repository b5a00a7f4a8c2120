"""Pure drawing: functions from a snapshot to styled lines of a given width. Nothing here knows Textual."""
