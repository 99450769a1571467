"""Take a picture of a report with Chromium, as a reader sees it.

python scripts/picture.py .patterns/output/108/report.html docs/pictures/report.png --height 1400
python scripts/picture.py REPORT.html phone-dark.png --width 390 --dark --full
"""

import argparse
import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from PIL import Image

from prefect_patterns.files import write_bytes

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--remote-debugging-pipe",
)
PHONE = 600  # CSS pixels: below it the page is told that it is on a phone
TALLEST = 16_000  # Chromium's textures end about there


class Browser:
    """Chromium's own protocol over a pair of pipes: no port, no driver, nothing to install but Chromium."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb")
        self._answers = os.fdopen(answers, "rb")
        self._ids = itertools.count(1)
        self._buffer = b""
        self.session: str | None = None

    def ask(self, method: str, **params: object) -> dict[str, object]:
        """Return what *method* answers.

        Raises:
            RuntimeError: The browser refused, or is gone.
        """
        number = next(self._ids)
        request = {"id": number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        self._commands.write(json.dumps(request).encode() + b"\0")
        self._commands.flush()
        while (message := self._read()).get("id") != number:
            pass  # an event
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return cast("dict[str, object]", message["result"])

    def wait_for(self, event: str) -> None:
        """Return when the browser says that *event* happened."""
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, object]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._answers.fileno(), 1 << 16)
            if not chunk:
                raise RuntimeError("the browser ended")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return cast("dict[str, object]", json.loads(message))


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """Yield a fresh browser without a profile; it ends with the block."""
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    with tempfile.TemporaryDirectory(prefix="picture-", ignore_cleanup_errors=True) as profile:
        # Chromium reads file descriptor 3 and writes 4: the shell puts our pipes there.
        line = f'exec "$0" "$@" 3<&{commands_out} 4>&{answers_in}'
        process = subprocess.Popen(
            ["/bin/bash", "-c", line, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands_out, answers_in),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_out)
        os.close(answers_in)
        try:
            yield Browser(commands_in, answers_out)
        finally:
            process.terminate()
            process.wait(10)


def take(
    browser: Browser, url: str, *, width: int, height: int, dark: bool, full: bool, scale: float
) -> tuple[bytes, int]:
    """Return the picture as PNG, and how many CSS pixels the page is wider than the screen."""
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    browser.session = str(browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
    phone = width < PHONE
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.ask("Emulation.setEmulatedMedia", features=[scheme])
    screen = {"width": width, "deviceScaleFactor": scale, "mobile": phone}
    browser.ask("Emulation.setDeviceMetricsOverride", height=height, **screen)
    browser.ask("Page.enable")
    browser.ask("Page.navigate", url=url)
    browser.wait_for("Page.loadEventFired")
    measure = (
        "JSON.stringify([document.documentElement.scrollHeight, document.documentElement.scrollWidth - innerWidth])"
    )
    result = cast("dict[str, str]", browser.ask("Runtime.evaluate", expression=measure)["result"])
    tall, over = json.loads(result["value"])
    if full:
        browser.ask("Emulation.setDeviceMetricsOverride", height=min(tall, TALLEST), **screen)
    return base64.b64decode(str(browser.ask("Page.captureScreenshot", format="png")["data"])), over


def packed(png: bytes) -> bytes:
    """Return *png* with a palette of 256 colours, a third of the size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return min(out.getvalue(), png, key=len)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="an HTML file")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    parser.add_argument("--width", type=int, default=1200, help="CSS pixels; below 600 as a phone (default 1200)")
    parser.add_argument("--height", type=int, default=900, help="CSS pixels, without --full (default 900)")
    parser.add_argument("--scale", type=float, default=1.0, help="device pixels a CSS pixel (default 1)")
    parser.add_argument("--dark", action="store_true", help="as a reader who prefers dark pages")
    parser.add_argument("--full", action="store_true", help="the whole page")
    asked = parser.parse_args(arguments)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        parser.error(f"no browser on PATH: install Chromium, or put one of {', '.join(BROWSERS)} there")
    if not asked.report.is_file():
        parser.error(f"there is no {asked.report}")
    with chromium(program) as browser:
        png, over = take(
            browser,
            asked.report.resolve().as_uri(),
            width=asked.width,
            height=asked.height,
            dark=asked.dark,
            full=asked.full,
            scale=asked.scale,
        )
    content = packed(png)
    write_bytes(asked.picture, content)
    print(f"{asked.picture}: {asked.width} px wide, {len(content) / 1000:.0f} kB")
    if over > 0:
        print(f"warning: the page is {over} px wider than the screen", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
