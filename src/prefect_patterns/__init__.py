"""Patterns for data pipelines on Prefect 3. Import from the sub-packages: this one imports nothing."""
