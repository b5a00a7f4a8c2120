"""The Textual cockpit: draws snapshots of a controller and hands it the operator's wishes."""
