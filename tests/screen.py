#!/usr/bin/env python3
"""screen.py - a PNG of what `tmux capture-pane -e` saw.

usage: screen.py COLUMNS ROWS OUT.png < captured

Understands the text and colours (SGR) that capture-pane writes, nothing else of a terminal.  Block elements and braille are
drawn as rectangles, so that pictures made of cells have no seams; other characters in DejaVu Sans Mono (fonts-dejavu-core).
Needs pillow (python3-pil).
"""
import re
import sys
import unicodedata
from PIL import Image, ImageDraw, ImageFont

W, H = 8, 16                                                     # pixels a cell
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono%s.ttf"
FG, BG = (208, 208, 208), (0, 0, 0)
QUADRANTS = {c: m for m, c in enumerate(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")}    # bits: upper left, upper right, lower left, lower right
SIXTEEN = ["000000", "cd3131", "0dbc79", "e5e510", "2472c8", "bc3fbc", "11a8cd", "e5e5e5",
           "666666", "f14c4c", "23d18b", "f5f543", "3b8eea", "d670d6", "29b8db", "ffffff"]


def indexed(n):
    """Colour n of the 256 of xterm."""
    if n < 16:
        return tuple(bytes.fromhex(SIXTEEN[n]))
    if n >= 232:
        return (8 + 10 * (n - 232),) * 3
    n -= 16
    return tuple(55 + 40 * v if v else 0 for v in (n // 36, n // 6 % 6, n % 6))


def pen(state, codes):
    """The state (fg, bg, bold, dim, reverse) after an SGR sequence."""
    fg, bg, bold, dim, reverse = state
    codes = [int(c) if c else 0 for c in codes.replace(":", ";").split(";")]
    while codes:
        c = codes.pop(0)
        if c == 0:
            fg, bg, bold, dim, reverse = FG, BG, False, False, False
        elif c in (1, 2, 22):
            bold, dim = c == 1, c == 2
        elif c in (7, 27):
            reverse = c == 7
        elif c in (38, 48) and codes:
            if codes.pop(0) == 5:
                colour = indexed(codes.pop(0))
            else:
                colour, codes = tuple(codes[:3]), codes[3:]
            fg, bg = (colour, bg) if c == 38 else (fg, colour)
        elif c in (39, 49):
            fg, bg = (FG, bg) if c == 39 else (fg, BG)
        elif 30 <= c <= 37 or 90 <= c <= 97:
            fg = indexed(c - 30 if c < 40 else c - 82)
        elif 40 <= c <= 47 or 100 <= c <= 107:
            bg = indexed(c - 40 if c < 50 else c - 92)
    return fg, bg, bold, dim, reverse


def draw(text, columns, rows):
    image = Image.new("RGB", (columns * W, rows * H), BG)
    to = ImageDraw.Draw(image)
    fonts = [ImageFont.truetype(FONT % style, 13) for style in ("", "-Bold")]
    state = (FG, BG, False, False, False)
    for y, line in enumerate(text.split("\n")[:rows]):
        x = 0
        for codes, c in re.findall(r"\x1b\[([0-9;:]*)m|([^\x1b])", line):
            if not c:
                state = pen(state, codes)
                continue
            fg, bg, bold, dim, reverse = state
            fg, bg = (bg, fg) if reverse else (fg, bg)
            if dim:
                fg = tuple((3 * a + 2 * b) // 5 for a, b in zip(fg, bg))
            wide = 2 if unicodedata.east_asian_width(c) in "WF" else 1
            to.rectangle([x * W, y * H, (x + wide) * W - 1, (y + 1) * H - 1], fill=bg)
            if c in QUADRANTS:
                for bit in range(4):
                    if QUADRANTS[c] >> bit & 1:
                        left, top = x * W + bit % 2 * W // 2, y * H + bit // 2 * H // 2
                        to.rectangle([left, top, left + W // 2 - 1, top + H // 2 - 1], fill=fg)
            elif "\u2800" <= c <= "\u28ff":
                for bit, (i, j) in enumerate(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))):
                    if ord(c) >> bit & 1:
                        left, top = x * W + 1 + i * W // 2, y * H + 1 + j * H // 4
                        to.rectangle([left, top, left + 1, top + 1], fill=fg)
            else:
                to.text((x * W, y * H), c, fill=fg, font=fonts[bold])
            x += wide
    return image


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    picture = draw(sys.stdin.buffer.read().decode("utf-8"), int(sys.argv[1]), int(sys.argv[2]))
    picture.quantize(256).save(sys.argv[3], optimize=True)
