"""report - figures side by side: on the terminal as they come, in results.txt and results.json in the end."""
import json

WIDTH = 54


class Ratio:
    """value is so many times the figure `of`; aim is (">=" or "<=", number), or None."""

    def __init__(self, value, of, aim=None):
        self.value, self.of, self.aim = value, of, aim

    def reached(self):
        if self.aim is None:
            return None
        sense, number = self.aim
        return self.value >= number if sense == ">=" else self.value <= number

    def text(self):
        text = f"{self.value:8.2f} x {self.of}"
        if self.aim is None:
            return text
        verdict = "reached" if self.reached() else "MISSED"
        return f"{text:<48} aim {self.aim[0]} {self.aim[1]:g}  {verdict}"

    def plain(self):
        return {"value": self.value, "of": self.of, "aim": self.aim, "reached": self.reached()}


def readable(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


class Report:
    def __init__(self, head):
        self.head = head
        self.tables = []
        self.lines = []
        for line in head:
            self.say(line)

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def table(self, part, heading, tick, note=None):
        """Rows that follow belong to it. A part is a picture, with the heading above and a tick below for each table.
        """
        self.tables.append({"part": part, "heading": heading, "tick": tick, "rows": []})
        self.say()
        self.say(f"{heading}: {tick}")
        if note:
            self.say(f"  ({note})")

    def row(self, name, value, unit, *ratios):
        """One figure, and what it is in terms of others. `name` tells the bars in the pictures apart."""
        first, *rest = [ratio.text() for ratio in ratios] or [""]
        self.say(f"  {name:<{WIDTH}} {readable(value):>9} {unit:<5} {first}".rstrip())
        for text in rest:
            self.say(" " * (WIDTH + 19) + text)
        self.tables[-1]["rows"].append(
            {"name": name, "value": value, "unit": unit, "ratios": [ratio.plain() for ratio in ratios]})

    def aims(self):
        """How many aims were reached, of how many."""
        verdicts = [ratio["reached"] for table in self.tables for row in table["rows"]
                    for ratio in row["ratios"] if ratio["aim"] is not None]
        return sum(verdicts), len(verdicts)

    def write(self, folder):
        (folder / "results.txt").write_text("\n".join(self.lines) + "\n")
        (folder / "results.json").write_text(
            json.dumps({"head": self.head, "tables": self.tables}, indent=1) + "\n")
