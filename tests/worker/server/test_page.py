"""The page in a real browser: headless Chromium, driven by Playwright."""

import io
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
import soundfile
from fault_proxy import Fault, FaultProxy
from served import served

from voices.clips.decoding import decode_clip
from worker.engine.preview.engine import PreviewEngine

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
TEXT = "The kettle was already singing when Ada came down the stairs. "

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser: install Debian's chromium, or another of {', '.join(BROWSERS)}"
    ),
]


class PacedPreview(PreviewEngine):
    """Preview, no faster than four times real time: a browser can watch it work.

    While ``may_end`` is not set it speaks two seconds of each text chunk, and no more.
    """

    def __init__(self):
        super().__init__()
        self.may_end = threading.Event()
        self.may_end.set()

    def stream(self, text, conditionals, options, delivery):
        seconds = 0
        for block in super().stream(text, conditionals, options, delivery):
            time.sleep(len(block.samples) / self.sample_rate / 4)
            yield block
            seconds += len(block.samples) / self.sample_rate
            if seconds > 2:
                self.may_end.wait(120)


@pytest.fixture(scope="module")
def paced():
    return PacedPreview()


@pytest.fixture(scope="module")
def preview_site(voices_dir, paced):
    with served(paced, voices_dir) as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Open a page; the test fails where its scripts did."""
    complaints = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)

    def open_page(url):
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
        page.goto(url)
        return page

    yield open_page
    context.close()
    assert complaints == []


@pytest.fixture
def page(opened, preview_site):
    """A page that has loaded, and its voices."""
    page = opened(preview_site.url)
    _ready(page)
    return page


def _ready(page):
    page.get_by_role("option", name="anna").wait_for(state="attached")


def _is_complaint(said):
    """Whether a script failed: a browser says of a failed request itself, too."""
    return said.type == "error" and "Failed to load resource" not in said.text


def _speak(page, text=TEXT, name="wav"):
    page.get_by_label("Text").fill(text)
    page.get_by_label("Voice").select_option("anna")
    page.get_by_label("Format").select_option(name)
    page.get_by_role("button", name="Speak").click()


def _wait(page, expression, seconds=60):
    """Wait until an expression is true; the page's policy forbids Playwright's own way, which is eval."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(10)


IS_HEARD = "document.getElementById('level').value > 0.02"
IS_IDLE = "document.documentElement.dataset.state === 'idle'"


@pytest.mark.parametrize("name", ["wav", "pcm", "ulaw", "alaw", "mp3", "opus", "aac", "flac"])
def test_speech_is_heard_before_its_request_has_ended_and_is_drawn_and_downloaded(
    page, preview_site, paced, name
):
    paced.may_end.clear()
    try:
        _speak(page, name=name)
        _wait(page, IS_HEARD)
        assert preview_site.active == 1, "it is heard while it is still being spoken"
    finally:
        paced.may_end.set()
    _wait(page, "document.getElementById('download').href")
    assert "in voice anna" in page.locator("#message").inner_text()
    assert page.locator("#first-audio").inner_text().endswith(" ms")
    assert float(page.locator("#rtf").inner_text()) > 0.2
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


def _lossy(site):
    """Pass on half of each speech; after a second its connection closes."""
    return FaultProxy(
        site.url,
        lambda request: Fault.STALL_BODY if request.path == "/tts/generate" else None,
        stall_s=1,
    )


def test_speech_that_breaks_off_is_told_and_what_came_is_heard_stopped_and_replayed(opened, preview_site):
    with _lossy(preview_site) as proxy:
        page = opened(proxy.url)
        _ready(page)
        _speak(page, 8 * TEXT)  # half of it takes long enough on a busy machine
        page.get_by_text("The connection was lost before the speech was complete.").wait_for()
        assert page.locator("#message").get_attribute("class") == "bad"
        _wait(page, IS_HEARD)
        page.get_by_role("button", name="Stop").click()
        _wait(page, IS_IDLE)
        page.get_by_role("button", name="Replay").click()
        _wait(page, IS_HEARD)
        page.get_by_role("button", name="Stop").click()
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download").click()
        assert decode_clip(Path(downloading.value.path()).read_bytes()).seconds > 3
        page.close()


def test_speech_that_breaks_off_ends_in_silence_and_stays_told(opened, preview_site):
    with _lossy(preview_site) as proxy:
        page = opened(proxy.url)
        _ready(page)
        _speak(page, "One two three.", "mp3")
        _wait(page, IS_IDLE)
        assert "lost" in page.locator("#message").inner_text()
        assert page.locator("#level").evaluate("meter => meter.value") == 0
        page.close()


@pytest.mark.parametrize("name", ["wav", "mp3"])
def test_what_was_heard_can_be_heard_again(page, name):
    _speak(page, "One two three.", name)
    _wait(page, IS_IDLE)
    length = page.locator("#length").inner_text()
    page.get_by_role("button", name="Replay").click()
    _wait(page, IS_HEARD)
    _wait(page, IS_IDLE)
    assert page.locator("#message").inner_text() == "Replayed."
    assert page.locator("#length").inner_text() == length


@pytest.mark.parametrize(("label", "value"), [("Sample rate", "7"), ("Seed", "-2")])
def test_a_value_that_cannot_be_is_shown_though_its_options_are_closed(page, label, value):
    more = page.get_by_text("More options")
    more.click()
    page.get_by_label(label).fill(value)
    more.click()
    _speak(page)
    _wait(page, "document.getElementById('more').open")
    assert page.locator("#message").inner_text().startswith(label)
    assert page.get_by_label(label).evaluate("field => field === document.activeElement")
    assert page.evaluate(IS_IDLE)


def test_a_long_text_is_pasted_whole(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text = "word " * 2_000
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.get_by_label("Text").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")
    assert page.get_by_label("Text").input_value() == text
    assert page.locator("#count").inner_text() == "10,000 characters"
    page.get_by_role("button", name="Speak").click()
    page.get_by_text("5,000").wait_for()  # the server says what is too long


def test_a_missing_key_is_asked_for_and_kept_in_the_tab(opened, voices_dir):
    with served(PreviewEngine(), voices_dir, api_key="sesame") as site:
        page = opened(site.url)
        message = page.locator("#message")
        page.get_by_text("The server needs an API key. Enter it").wait_for()
        assert page.get_by_label("API key").evaluate("field => field === document.activeElement")
        page.keyboard.type("wrong")
        page.keyboard.press("Tab")
        page.get_by_text("The server refuses this API key. Enter it").wait_for()
        page.get_by_label("API key").fill("sesame")
        page.keyboard.press("Tab")
        _ready(page)
        assert message.inner_text() == ""
        page.reload()
        _ready(page)
        _speak(page, "One.")
        _wait(page, "document.getElementById('message').textContent.startsWith('Spoken')")
        page.close()


def test_the_state_of_the_server_is_told_beside_the_button(opened, voices_dir):
    may_load = threading.Event()

    def load():
        may_load.wait(60)
        return PreviewEngine()

    message = "document.getElementById('message').textContent"
    try:
        with served(load, voices_dir, wait=False) as site:
            page = opened(site.url)
            _wait(page, f"{message}.startsWith('The engine is loading')")
            may_load.set()
            _ready(page)
            assert page.evaluate(message) == ""
    finally:
        may_load.set()
    page.get_by_role("button", name="Speak").click()
    _wait(page, f"{message} === 'The server does not answer.'")


def test_short_speech_is_played_to_its_end(page):
    _speak(page, "One two three.")
    _wait(page, IS_IDLE)
    length = float(page.locator("#length").inner_text().removesuffix(" s"))
    assert length > 0.5
    assert 0.2 < float(page.locator("#rtf").inner_text()) < 1
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
