"""Prefect's own standards for blocks."""

import io

import pytest
from PIL import Image
from prefect.testing.standard_test_suites import BlockStandardTestSuite

from prefect_patterns.blocks import Dhis2Credentials


class TestDhis2CredentialsStandards(BlockStandardTestSuite):
    @pytest.fixture
    def block(self):
        return Dhis2Credentials

    @pytest.fixture(autouse=True)
    def _no_network(self, monkeypatch):
        """The suite downloads the logo; here a picture of the size that the address names stands in for it."""

        def picture(url):
            width, height = url.removesuffix(".png").rpartition("-")[2].split("x")
            content = io.BytesIO()
            Image.new("RGB", (int(width), int(height))).save(content, "png")
            content.seek(0)
            return content

        monkeypatch.setattr("prefect.testing.standard_test_suites.blocks.urlopen", picture)
