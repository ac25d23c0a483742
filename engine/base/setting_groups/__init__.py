"""The groups of settings, one file each; `engine.base.settings` puts them together."""
