"""Looks into a wheel for Windows: its name, what is in it, and what its module gives and needs.

    wheel.py WHEEL
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "bindings/python/python/lpconnector"
# Those of Windows, and that of every Python from 3.9 on.
KNOWN = re.compile(
    r"(advapi32|api-ms-win-[a-z0-9-]+|bcrypt|bcryptprimitives|crypt32|kernel32|msvcrt|ncrypt|ntdll|python3|secur32"
    r"|userenv|ws2_32)\.dll"
)


def main() -> None:
    wheel = Path(sys.argv[1])
    assert re.fullmatch(r"lpconnector-[0-9.]+-cp39-abi3-win_amd64\.whl", wheel.name), wheel.name
    with zipfile.ZipFile(wheel) as files, tempfile.TemporaryDirectory() as folder:
        names = {name.removeprefix("lpconnector/") for name in files.namelist() if name.startswith("lpconnector/")}
        source = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py*") if path.suffix != ".pyc"}
        expected = source | {"py.typed", "_lpconnector.pyd"}
        assert names == expected, names ^ expected
        module = files.extract("lpconnector/_lpconnector.pyd", folder)
        said = subprocess.check_output(["x86_64-w64-mingw32-objdump", "-p", module], text=True)
    exported = re.findall(r"^\s*\[ *\d+\] (\w+)$", said.partition("[Ordinal/Name Pointer] Table")[2], re.MULTILINE)
    assert exported == ["PyInit__lpconnector"], exported
    needed = {name.lower() for name in re.findall(r"DLL Name: (\S+)", said)}
    strange = {name for name in needed if not KNOWN.fullmatch(name)}
    assert "python3.dll" in needed and not strange, needed
    print(f"{wheel.name}: {len(names)} files, a module for Python 3.9 and later")


main()
