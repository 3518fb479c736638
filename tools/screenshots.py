"""What does the page look like? The pictures of `docs/screens/`, of a running demo: `tools/screenshots.py ADDRESS`.

Needs the test extras and Chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SCREENS = Path(__file__).resolve().parent.parent / "docs" / "screens"
SIZES = {"laptop": (1280, 800), "phone": (390, 844), "wall": (1920, 1080)}
# Name of the picture: path, size, language, dark.
PICTURES = {
    "overview": ("/", "laptop", "en", False),
    "overview-ko-phone": ("/", "phone", "ko", True),
    "wall-ko": ("/wall", "wall", "ko", True),
    "trends": ("/trends?tag=main.power&tag=press1.state&tag=press1.temperature", "laptop", "en", False),
    "quality": ("/quality", "laptop", "en", False),
    "energy": ("/energy", "laptop", "en", False),
    "explanation": ("/explanation?kpi=defect_rate&scope=plant&period=day", "laptop", "en", False),
    "devices": ("/devices", "laptop", "en", False),
}


def main(address: str) -> None:
    """Take every picture anew."""
    SCREENS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (path, size, language, dark) in PICTURES.items():
            width, height = SIZES[size]
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                locale={"en": "en-GB", "ko": "ko-KR"}[language],
                color_scheme="dark" if dark else "light",
            )
            page = context.new_page()
            page.goto(address + path)
            page.locator("[data-pending]").first.wait_for(state="detached", timeout=60_000)
            page.wait_for_timeout(1500)  # until charts are drawn
            page.screenshot(path=SCREENS / f"{name}.png")
            context.close()
        chromium.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
