"""The validation pack: what the product claims, the tests that prove it, and how they ended.

It supports the operator's own validation and replaces none of it. The register of statements is
docs/validation/statements.toml; `make validation-pack` runs the suite and writes the pack.
"""
