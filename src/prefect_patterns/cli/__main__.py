"""`python -m prefect_patterns.cli` is `patterns`."""

from prefect_patterns.cli import main

main()
