"""Runs the C and Python examples of README.md, so that they stay true.

    readme.py COMPILER [FLAGS…] -- [LINKER FLAGS…]      (inside a sandbox)
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile


def main() -> int:
    split = sys.argv.index("--")
    compile_, link = sys.argv[1:split], sys.argv[split + 1 :]
    readmes = [pathlib.Path("README.md"), pathlib.Path("bindings/python/README.md")]
    ran = 0
    with tempfile.TemporaryDirectory() as directory:
        for readme in readmes:
            for language, code in re.findall(r"```(c|python)\n(.*?)```", readme.read_text(encoding="utf-8"), re.S):
                source = pathlib.Path(directory, f"example{ran}.{language}")
                # The examples name a real account; the sandbox's is in the environment.
                code = re.sub(r"Client\(account_id=.*?\)", "Client.from_env()", code)
                source.write_text(code, encoding="utf-8")
                command = [sys.executable, str(source)]
                if language == "c":
                    program = source.with_suffix("")
                    subprocess.run([*compile_, str(source), *link, "-o", str(program)], check=True)
                    command = [str(program)]
                print(f"{readme}: {language} example {ran + 1}", flush=True)
                subprocess.run(command, check=True)
                ran += 1
    return 0 if ran >= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
