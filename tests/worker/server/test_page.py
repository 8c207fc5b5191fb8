"""The page in a real browser: Chromium without a window, driven by Playwright."""

import io
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import soundfile
from served import served

from voices.decoding import decode_clip
from worker.engine.preview import PreviewEngine

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
TEXT = "The kettle was already singing when Ada came down the stairs. "

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason=f"no browser: install Debian's chromium, or another of {', '.join(BROWSERS)}"
)


class PacedPreview(PreviewEngine):
    """Preview, no faster than four times real time: a browser can watch it work."""

    def stream(self, text, conditionals, options, delivery):
        for block in super().stream(text, conditionals, options, delivery):
            time.sleep(len(block.samples) / self.sample_rate / 4)
            yield block


@pytest.fixture(scope="module")
def preview_site(voices_dir):
    with served(PacedPreview(), voices_dir) as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, preview_site):
    """A page that has loaded; the test fails where its scripts did."""
    complaints = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
    page.goto(preview_site.url)
    page.get_by_role("option", name="anna").wait_for(state="attached")
    yield page
    context.close()
    assert complaints == []


def _is_complaint(said):
    return said.type == "error" and "status of 4" not in said.text


def _speak(page, text=TEXT, name="wav"):
    page.get_by_label("Text").fill(text)
    page.get_by_label("Voice").select_option("anna")
    page.get_by_label("Format").select_option(name)
    page.get_by_role("button", name="Speak").click()


def _wait(page, expression, seconds=20):
    """Wait until an expression is true; the page's policy forbids Playwright's own way, which is eval."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(10)


IS_HEARD = "document.getElementById('level').value > 0.02"
IS_IDLE = "document.documentElement.dataset.state === 'idle'"


@pytest.mark.parametrize("name", ["wav", "pcm", "ulaw", "alaw", "mp3", "opus", "aac", "flac"])
def test_speech_is_heard_before_its_request_has_ended_and_is_drawn_and_downloaded(page, preview_site, name):
    _speak(page, name=name)
    _wait(page, IS_HEARD)
    assert preview_site.active == 1, "it is heard while it is still being spoken"
    _wait(page, "document.getElementById('download').href")
    assert "in voice anna" in page.locator("#message").inner_text()
    assert page.locator("#first-audio").inner_text().endswith(" ms")
    assert 0.2 < float(page.locator("#rtf").inner_text()) < 1
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    audio = Path(downloading.value.path()).read_bytes()
    if name in {"pcm", "ulaw", "alaw"}:
        spoken = len(audio) / {"pcm": 48_000}.get(name, 8_000)
    else:
        spoken = decode_clip(audio).seconds
    # All of it is drawn too, to its end.
    _wait(page, f"Math.abs(parseFloat(document.getElementById('length').textContent) - {spoken}) < 0.15", 3)
    if name == "wav":
        assert soundfile.info(io.BytesIO(audio)).duration == pytest.approx(spoken, abs=0.01)


def test_stop_is_silence_at_once_and_frees_the_slot(page, preview_site):
    _speak(page)
    _wait(page, IS_HEARD)
    page.keyboard.press("Escape")
    _wait(page, IS_IDLE)
    assert preview_site.wait_until(lambda: preview_site.active == 0, 1)
    assert page.locator("#message").inner_text() == "Stopped."
    assert page.locator("#level").evaluate("meter => meter.value") == 0
    _speak(page, "Again.")
    _wait(page, IS_HEARD)
    _wait(page, IS_IDLE)


def test_short_speech_is_played_to_its_end(page):
    _speak(page, "One two three.")
    _wait(page, IS_IDLE)
    length = float(page.locator("#length").inner_text().removesuffix(" s"))
    assert length > 0.5
    assert page.locator("#message").inner_text().startswith("Spoken by preview")
    assert page.locator("#buffer").inner_text() == "0.0 s"


def test_an_error_is_told_on_the_page(page):
    page.get_by_text("More options").click()
    page.get_by_label("Language").fill("zz")
    _speak(page, "...")
    page.get_by_text("there is nothing to speak in it").wait_for()
    assert page.locator("#message").get_attribute("class") == "bad"


def test_the_equivalent_commands_are_copied_and_true(page, tmp_path, monkeypatch):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Text").fill('It\'s "quoted" — and more.')
    page.get_by_role("button", name="Copy Python").click()
    program = page.evaluate("navigator.clipboard.readText()")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "copied", "exec"), {})
    assert decode_clip((tmp_path / "speech.wav").read_bytes()).seconds > 0.5
    page.get_by_role("button", name="Copy curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    (tmp_path / "speech.wav").unlink()
    subprocess.run(["bash", "-c", command], check=True)
    assert decode_clip((tmp_path / "speech.wav").read_bytes()).seconds > 0.5


def test_it_works_by_keyboard_alone(page):
    page.get_by_label("Text").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Typed by hand.")
    page.keyboard.press("Control+Enter")
    _wait(page, IS_HEARD)
    _wait(page, IS_IDLE)


def test_everything_that_can_be_used_has_a_name(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("input, select, textarea, button, a, canvas, meter")]
        .filter((each) => !(each.labels?.length || each.textContent.trim() || each.getAttribute("aria-label")
            || each.getAttribute("aria-labelledby"))).map((each) => each.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_every_text_can_be_read(
    browser, preview_site, tmp_path, width, scheme
):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(preview_site.url)
    page.get_by_text("preview, ").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) >= 4.5
    context.close()


CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((each) => each / 255)
      .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const backOf = (node) => {
    for (; node; node = node.parentElement) {
      const colour = numbers(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (node) => {
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(backOf(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const texts = document.querySelectorAll("h1, h2, p, label, dt, dd, button, a, pre, summary, select");
  return Math.min(...[...texts].map(contrast));
}"""
