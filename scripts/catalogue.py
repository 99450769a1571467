"""Write the table of flows in README.md from the front matter of `flows/`, or check that it is up to date.

python scripts/catalogue.py          # write it
python scripts/catalogue.py --check  # end with 1 when it is not what the flows say
"""

import sys
from pathlib import Path

from prefect_patterns.cli.catalogue import Catalogue
from prefect_patterns.files import write_text
from prefect_patterns.report import markdown_text

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- flows: made by scripts/catalogue.py -->\n", "<!-- end of flows -->\n"


def table(flows: Path) -> str:
    """Return one line for each flow, by number."""
    lines = ["| no. | shows | in Airflow |", "|---|---|---|"]
    for entry in Catalogue.read(flows).entries:
        summary, airflow = (markdown_text(text).replace("\\:", ":") for text in (entry.summary, entry.about.airflow))
        lines.append(f"| [{entry.number}](flows/{entry.path.name}) | {summary} | {airflow} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the table."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}{table(ROOT / 'flows')}{END}{after}"
    if "--check" in arguments:
        if made != text:
            print("error: the table of flows in README.md is not what flows/ says", file=sys.stderr)
            print("  try: .venv/bin/python scripts/catalogue.py", file=sys.stderr)
            return 1
        return 0
    write_text(readme, made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
