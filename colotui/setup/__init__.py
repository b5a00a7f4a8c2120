"""Host preparation as plans: steps that make two bare hosts fit for COLO, each with its check and its undo."""
