"""Make the README's animation of the loop from pictures of the tutorial, a line of text below each.

Run from the repository, after ``make_tutorial.py``, whose screenshots are shown as they are, only smaller:
``python docs/images/make_loop.py``.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
WIDTH, LINE = 960, 44
FRAMES = (
    ("typed", "1. Type what is in the picture.", 2.5),
    ("run", '2. Press Run: each name gets a mask. Some of the grass is wrong: "black crescent".', 3.5),
    ("stroke", "3. Paint one stroke of grass where the mask is wrong.", 3.5),
    ("update", "4. Press U: the rest of the grass follows the stroke.", 3.5),
    ("uncertain", "5. Press N: the view moves to the next place where the masks are unsure (light).", 3.5),
)


def frame(name: str, text: str) -> Image.Image:
    """Return a screenshot of the tutorial at the animation's width, with a line of text below it."""
    shot = Image.open(HERE / f"tutorial_{name}.png").convert("RGB")
    height = round(shot.height * WIDTH / shot.width)
    whole = Image.new("RGB", (WIDTH, height + LINE), "#20242c")
    whole.paste(shot.resize((WIDTH, height), Image.Resampling.LANCZOS))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(22)
    draw.text((WIDTH / 2, height + LINE / 2), text, fill="white", font=font, anchor="mm")
    # an octree keeps the colours of the table's small swatches
    return whole.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def main() -> None:
    """Write ``loop.gif``, which begins anew at its end."""
    first, *others = [frame(name, text) for name, text, _ in FRAMES]
    milliseconds = [round(1000 * seconds) for _, _, seconds in FRAMES]
    first.save(
        HERE / "loop.gif", save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=True
    )


if __name__ == "__main__":
    main()
