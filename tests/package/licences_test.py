"""What packaging/licences makes of crates with and without texts: each part of a package has one."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging/licences"))
sys.dont_write_bytecode = True

import inside  # noqa: E402


class Licences(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def linked(self, licence: "str | None", files: "dict[str, str]") -> "list[inside.Part]":
        """The parts of a program that links one crate, with these files, and our own."""
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        crate = {"name": "other", "version": "1.2.3", "license": licence, "authors": ["Somebody"],
                 "manifest_path": str(self.folder / "Cargo.toml"), "source": "registry"}  # fmt: skip
        ours = {**crate, "name": "lpconnector", "source": None}
        built_only = {**crate, "name": "cc"}

        def cargo(_: str, command: str, *arguments: str) -> str:
            if command == "tree":
                self.assertIn("normal,no-proc-macro", arguments)
                return f"lpconnector v1.2.3 ({self.folder})\nother v1.2.3\n"
            return json.dumps({"packages": [ours, crate, built_only]})

        return inside.crates("lpconnector", "x86_64-unknown-linux-gnu", [], cargo)

    def test_a_crates_own_texts_are_taken_wherever_they_lie(self) -> None:
        (part,) = self.linked("MIT AND ISC", {"LICENSE-MIT": "mine", "src/theirs/COPYING.txt": "theirs", "src/license.rs": "code"})
        self.assertEqual(part.texts, (("LICENSE-MIT", "mine"), ("src/theirs/COPYING.txt", "theirs")))

    def test_a_crate_without_texts_gets_those_of_its_licence(self) -> None:
        (part,) = self.linked("MIT/Apache-2.0", {})
        self.assertEqual([name for name, _ in part.texts], ["MIT", "Apache-2.0"])
        self.assertIn("Permission is hereby granted", part.texts[0][1])
        self.assertIn("Version 2.0, January 2004", part.texts[1][1])

    def test_a_licence_whose_text_nobody_has_is_an_error(self) -> None:
        with self.assertRaisesRegex(SystemExit, "no text of the licence Unheard-of-1.0"):
            self.linked("MIT OR Unheard-of-1.0", {})

    def test_a_crate_that_names_no_licence_is_an_error(self) -> None:
        with self.assertRaisesRegex(SystemExit, "other 1.2.3 does not say"):
            self.linked(None, {})

    def test_every_crate_that_is_linked_has_a_text(self) -> None:
        for package in "lpconnector", "lpc-sandbox,lpc", "lpconnector-python":
            parts = inside.crates(package, "x86_64-unknown-linux-gnu", [])
            self.assertGreater(len(parts), 50)
            for part in parts:
                self.assertTrue(part.texts and all(text.strip() for _, text in part.texts), part.name)
            names = {part.name for part in parts}
            self.assertIn("ring", names)
            self.assertEqual("axum" in names and "clap_complete" in names, "," in package, "both programs, where both are named")
            self.assertNotIn("cc", names, "only the build needs it")
            self.assertNotIn("serde_derive", names, "a procedural macro is in no program")

    def test_each_wheel_of_the_workflow_is_built_beside_its_licences(self) -> None:
        workflow = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
        steps = [step for step in workflow.split("\n      - ") if "maturin build" in step]
        self.assertEqual(len(steps), 2, "macOS and Windows; packaging/python/try looks into the others")
        for step in steps:
            licences, build = step.split("maturin build", 1)
            self.assertIn("cp LICENSE bindings/python", licences)
            self.assertIn("> bindings/python/LICENSE-THIRD-PARTY", licences)


if __name__ == "__main__":
    unittest.main()
