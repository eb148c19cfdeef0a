"""plot - results.json's tables as pictures, one for each part, by gnuplot."""
import shutil
import subprocess

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb"]


def draw(tables, folder):
    """Where there is no gnuplot there are no pictures."""
    if not shutil.which("gnuplot"):
        return []
    parts = list(dict.fromkeys(table["part"] for table in tables))
    return [draw_part([table for table in tables if table["part"] == part], folder / f"{part}.svg") for part in parts]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def draw_part(tables, path):
    """A group of bars for each table, a colour for each name."""
    names = list(dict.fromkeys(row["name"] for table in tables for row in table["rows"]))
    unit = tables[0]["rows"][0]["unit"]
    lines = []
    for table in tables:
        figures = {row["name"]: row["value"] for row in table["rows"]}
        lines.append(" ".join([quoted(table["tick"])] + [str(figures.get(name, "NaN")) for name in names]))
    values = [row["value"] for table in tables for row in table["rows"] if row["value"] > 0]
    wide = values and max(values) > 50 * min(values)
    script = [
        f"set terminal svg size {max(640, 60 + 26 * len(names) * len(tables) + 60 * len(tables))},600 noenhanced font 'sans,11' background '#ffffff'",
        f"set output {quoted(str(path))}",
        "set style data histogram", "set style histogram clustered gap 1.5", "set style fill solid 0.9 noborder",
        "set boxwidth 0.95", "set grid ytics lc '#dddddd'", "set border 3", "set tics nomirror",
        "set key above left maxrows 4", "set xtics rotate by -25 font ',9'", "set bmargin 9",
        f"set ylabel {quoted(unit)}", "set rmargin 16", f"set title {quoted(tables[0]['heading'])}",
        "set logscale y" if wide else "set yrange [0:*]",
        "$data << END", *lines, "END",
        "plot " + ", ".join(
            f"$data using {n + 2}:xtic(1) title {quoted(name)} lc rgb '{COLOURS[n % len(COLOURS)]}'"
            for n, name in enumerate(names)),
    ]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True, stderr=subprocess.DEVNULL)
    return path

