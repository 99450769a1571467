"""Prefect's own standards for blocks."""

import io

import pytest
from PIL import Image
from prefect.blocks.system import Secret
from prefect.testing.standard_test_suites import BlockStandardTestSuite

from prefect_patterns.blocks import ApiAuthConfig, Dhis2Credentials


class TestOurBlocks(BlockStandardTestSuite):
    @pytest.fixture(params=[ApiAuthConfig, Dhis2Credentials])
    def block(self, request):
        return request.param

    @pytest.fixture(autouse=True)
    def _no_network(self, monkeypatch):
        """The suite downloads the logo: here a stand-in, for none but the address of a block of Prefect's own."""

        def picture(url):
            assert url == str(Secret._logo_url), f"nobody knows whether there is a square picture at {url}"
            content = io.BytesIO()
            Image.new("RGB", (200, 200)).save(content, "png")
            content.seek(0)
            return content

        monkeypatch.setattr("prefect.testing.standard_test_suites.blocks.urlopen", picture)
