"""The commands of docs/tutorial.md as a shell script, from a fresh clone on: `python3 docs/tutorial.py | bash`."""

import re
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
BLOCK = re.compile(r"(<!-- slow -->\n)?```(sh|console|python)\n(.*?)```", re.DOTALL)


def script() -> str:
    """Each command between its own line and its time; the first that ends otherwise than the page says ends all."""
    lines = ["set -e", "TIMEFORMAT='    %R s'"]
    for slow, language, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "sh":
            lines += block.splitlines()
        elif language == "python":
            lines += ["echo '$ python, the program'", f"time python - <<'PROGRAM'\n{block}PROGRAM"]
        elif not slow:
            for line in block.splitlines():
                command, _, statuses = line.removeprefix("$ ").partition(" # exits 0 or ")
                lines += [
                    f"cat <<'SAID'\n$ {command}\nSAID",
                    f"time {command}{f' || test $? -le {statuses}' * bool(statuses)}",
                ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(script())
