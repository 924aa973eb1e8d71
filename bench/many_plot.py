# SPDX-License-Identifier: GPL-2.0-or-later
"""What `many` has measured: curves over the number of virtual routers in SVG, and a table in the page."""

import math
from pathlib import Path
from statistics import median

DOCS = Path(__file__).resolve().parents[1] / "docs"
PATH, PAGE = DOCS / "img" / "many.svg", DOCS / "many.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->"
COLUMNS = ("packets/s", "Active %", "Backup %", "Active MB", "Backup MB", "outage ms")
PANELS = (
    ("processor of the Active, % of a core", "Active %"),
    ("processor of a Backup, % of a core", "Backup %"),
    ("memory of the Active, MB", "Active MB"),
    ("outage after a power cut, ms", "outage ms"),
)
WIDTH, HEIGHT, LEFT, GAP = 300, 190, 55, 60
COLOURS = {"haven": "#1f77b4", "keepalived": "#d95f02"}
DASHES = {2: "", 4: "6 3", 8: "2 3"}

Point = tuple[int, float]


def plot(measured: dict[str, dict[str, list[float]]]) -> None:
    """Write the plot of what was measured, by 'PROGRAM ROUTERS COUNT'."""
    parts = [_panel(number, words, _curves(measured, key)) for number, (words, key) in enumerate(PANELS)]
    width, height = 2 * (WIDTH + LEFT + GAP), 2 * (HEIGHT + GAP) + 40
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    head += 'font-family="sans-serif" font-size="11">'
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    PATH.write_text("\n".join([head, ground, *parts, _legend(height - 15), "</svg>"]) + "\n")


def write_table(measured: dict[str, dict[str, list[float]]]) -> None:
    """Put the table into the page, in the place of the one before."""
    head = "| routers | virtual routers | packets/s of the Active | processor of the Active, % of a core "
    head += f"| of a Backup | memory of the Active, MB | of a Backup | outage, ms |\n{'|---' * 8}|\n"
    cells = sorted({tuple(map(int, name.split()[1:])) for name in measured})
    rows = "".join(f"| {routers} | {count} {_cells(measured, routers, count)}|\n" for routers, count in cells)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + head + rows + END + rest.partition(END)[2])


def _cells(measured: dict[str, dict[str, list[float]]], routers: int, count: int) -> str:
    found = [measured.get(f"{program} {routers} {count}", {}) for program in COLOURS]
    told = [[_short(each[key]) if each.get(key) else "-" for each in found] for key in COLUMNS]
    return "".join("| " + ", ".join(pair) + " " for pair in told)


def _short(values: list[float]) -> str:
    value = median(values)
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _curves(measured: dict[str, dict[str, list[float]]], key: str) -> dict[tuple[str, int], list[Point]]:
    found: dict[tuple[str, int], list[Point]] = {}
    for name, values in measured.items():
        program, routers, count = name.split()
        if values.get(key):
            found.setdefault((program, int(routers)), []).append((int(count), median(values[key])))
    return {curve: sorted(points) for curve, points in sorted(found.items())}


def _panel(number: int, words: str, curves: dict[tuple[str, int], list[Point]]) -> str:
    x0, y0 = LEFT + number % 2 * (WIDTH + LEFT + GAP), 30 + number // 2 * (HEIGHT + GAP)
    values = [value for points in curves.values() for _count, value in points]
    top = 10 ** math.ceil(math.log10(max(values, default=1)))
    bottom = 10 ** math.floor(math.log10(max(0.1, min(values, default=0.1))))

    def place(point: Point) -> str:
        x = x0 + WIDTH * math.log10(point[0]) / 3
        share = math.log10(max(point[1], bottom) / bottom) / max(1e-9, math.log10(top / bottom))
        return f"{x:.1f},{y0 + HEIGHT * (1 - share):.1f}"

    lines = [f'<text x="{x0}" y="{y0 - 8}" font-weight="bold">{words}</text>']
    lines.append(f'<rect x="{x0}" y="{y0}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>')
    lines += [_tick(x0, place((count, bottom)), str(count)) for count in (1, 50, 250, 1000)]
    power = bottom
    while power <= top:
        y = float(place((1, power)).split(",")[1])
        lines.append(f'<path d="M{x0},{y}h{WIDTH}" stroke="#ddd"/>')
        lines.append(f'<text x="{x0 - 5}" y="{y + 4}" text-anchor="end">{power:g}</text>')
        power *= 10
    for (program, routers), points in curves.items():
        path = " ".join(place(point) for point in points)
        stroke = f'stroke="{COLOURS[program]}" stroke-dasharray="{DASHES[routers]}" stroke-width="1.8"'
        lines.append(f'<polyline points="{path}" fill="none" {stroke}/>')
    return "\n".join(lines)


def _tick(_x0: float, where: str, words: str) -> str:
    x, y = where.split(",")
    return f'<text x="{x}" y="{float(y) + 14}" text-anchor="middle">{words}</text>'


def _legend(y: float) -> str:
    parts, x = [], LEFT
    for program, colour in COLOURS.items():
        for routers, dash in DASHES.items():
            stroke = f'stroke="{colour}" stroke-dasharray="{dash}" stroke-width="1.8"'
            parts.append(
                f'<path d="M{x},{y - 4}h24" {stroke}/><text x="{x + 28}" y="{y}">{program}, {routers}</text>'
            )
            x += 118
    return "\n".join(parts)
