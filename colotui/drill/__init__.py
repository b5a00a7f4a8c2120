"""Drills: break a pair for real, watch what the cockpit says and does about it, and keep the score."""
