"""Broadsheet: a self-hosted front page for research."""

__version__ = "0.1.0"
