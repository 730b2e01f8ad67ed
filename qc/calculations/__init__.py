"""Pure calculations with formula, source and worked example. No Django in here."""
